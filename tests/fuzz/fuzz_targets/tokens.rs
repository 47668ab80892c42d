//! Tokens, names, strings, definers and accounts: what is quoted stays within its quotes.

#![no_main]

use common::sql::account::AccountStatement;
use common::sql::definer::{Definer, DefinerRule};
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};
use common::sql::{escape_into, quote_identifier, quote_string};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, bool, Vec<u8>)| {
    let (ansi_quotes, no_backslash_escapes, text) = input;
    let dialect = SqlDialect { ansi_quotes, no_backslash_escapes };
    let tokens: Vec<Token<'_>> = Tokens::new(&text, dialect).collect();
    let mut at = 0;
    let mut open = 0;
    for token in &tokens {
        assert!(token.start >= at && !token.text.is_empty());
        assert_eq!(text.get(token.start..token.end()), Some(token.text));
        assert!(text[at..token.start].iter().all(|byte| matches!(byte, b'\t'..=b'\r' | b' ')));
        at = token.end();
        match token.kind {
            TokenKind::CommentOpen => open += 1,
            TokenKind::CommentClose => open -= 1,
            TokenKind::Unterminated => assert_eq!(at, text.len()),
            _ => {}
        }
        assert!(open >= 0);
        let (name, string) = (token.identifier(), token.string_value(dialect));
        assert_eq!(name.is_some(), matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdentifier));
        assert_eq!(string.is_some(), token.kind == TokenKind::String);
    }
    assert!(text[at..].iter().all(|byte| matches!(byte, b'\t'..=b'\r' | b' ')));

    // Whatever a name or a text holds, it is one token, and the same again.
    let name = String::from_utf8_lossy(&text);
    let quoted = quote_identifier(&name);
    let only = |sql: &[u8], kind: TokenKind| {
        let mut tokens = Tokens::new(sql, SqlDialect::default());
        let token = tokens.next().expect("a token");
        assert!(token.kind == kind && token.text == sql && tokens.next().is_none());
    };
    only(quoted.as_bytes(), TokenKind::QuotedIdentifier);
    let token = Tokens::new(quoted.as_bytes(), SqlDialect::default()).next().unwrap();
    assert_eq!(token.identifier().as_deref(), Some(name.as_bytes()));
    let quoted = quote_string(&name);
    only(quoted.as_bytes(), TokenKind::String);
    let token = Tokens::new(quoted.as_bytes(), SqlDialect::default()).next().unwrap();
    assert_eq!(token.string_value(SqlDialect::default()).as_deref(), Some(name.as_bytes()));
    let mut literal = b"'".to_vec();
    escape_into(&mut literal, &text);
    literal.push(b'\'');
    assert!(!literal.contains(&b'\n'));
    only(&literal, TokenKind::String);
    let token = Tokens::new(&literal, SqlDialect::default()).next().unwrap();
    assert_eq!(token.string_value(SqlDialect::default()).as_deref(), Some(text.as_slice()));

    // A definer that is left out is gone, one that is replaced is the other, and nothing else of the text changes.
    let replaced = "o'k`@%".parse::<Definer>().map(DefinerRule::Replace).expect("an account");
    let other = replaced.apply(&text);
    assert_eq!(replaced.apply(&other), other);
    let without = DefinerRule::Skip.apply(&text);
    assert!(without.len() <= text.len());
    let _ = name.parse::<Definer>();

    if let Some(statement) = AccountStatement::parse(&text) {
        assert!(statement.end <= text.len());
        // An account is written as one that is read as the same.
        let sql = format!("GRANT USAGE ON *.* TO {}", statement.account.to_sql());
        let again = AccountStatement::parse(sql.as_bytes()).expect("an account");
        assert_eq!((again.account, again.end), (statement.account, sql.len()));
    }
});
