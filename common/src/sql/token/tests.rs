//! Exact tokens of small texts, and that any text is covered by its tokens.

use super::TokenKind::{
    Comment, CommentClose, CommentOpen, Number, Punctuation, QuotedIdentifier, String, Unterminated, Word,
};
use super::*;
use proptest::prelude::*;

const ANSI: SqlDialect = SqlDialect { ansi_quotes: true, no_backslash_escapes: false };
const NO_ESCAPES: SqlDialect = SqlDialect { ansi_quotes: false, no_backslash_escapes: true };

#[track_caller]
fn assert_tokens(dialect: SqlDialect, sql: &[u8], expected: &[(TokenKind, &[u8])]) {
    let tokens: Vec<_> = Tokens::new(sql, dialect).map(|token| (token.kind, token.text)).collect();
    assert_eq!(tokens, expected);
}

#[test]
fn words_names_and_punctuation() {
    assert_tokens(
        SqlDialect::default(),
        b"KEY `a``b`,(\xc3\xa9$1_x) \"s\";",
        &[
            (Word, b"KEY"),
            (QuotedIdentifier, b"`a``b`"),
            (Punctuation, b","),
            (Punctuation, b"("),
            (Word, b"\xc3\xa9$1_x"),
            (Punctuation, b")"),
            (String, b"\"s\""),
            (Punctuation, b";"),
        ],
    );
    assert_tokens(ANSI, br#""a""b\" 'c'"#, &[(QuotedIdentifier, br#""a""b\""#), (String, b"'c'")]);
}

#[test]
fn strings() {
    assert_tokens(
        SqlDialect::default(),
        br"_utf8mb4'a''b\'c' x'00' N'\\' 'd'",
        &[
            (Word, b"_utf8mb4"),
            (String, br"'a''b\'c'"),
            (Word, b"x"),
            (String, b"'00'"),
            (Word, b"N"),
            (String, br"'\\'"),
            (String, b"'d'"),
        ],
    );
    assert_tokens(NO_ESCAPES, br"'a\' 'b'", &[(String, br"'a\'"), (String, b"'b'")]);
    for open in [&b"'a"[..], b"`a``", b"\"a\\\"", b"'a\\", b"/* a *", b"/*/"] {
        assert_tokens(SqlDialect::default(), open, &[(Unterminated, open)]);
    }
}

#[test]
fn numbers() {
    for number in ["0", "1.5", ".5", "1.", "1e5", "1e-5", "1.5E+10", "0xFF", "0b01"] {
        assert_tokens(SqlDialect::default(), number.as_bytes(), &[(Number, number.as_bytes())]);
    }
    for word in ["1a", "1e5a", "1e", "0xg", "0x", "a1"] {
        assert_tokens(SqlDialect::default(), word.as_bytes(), &[(Word, word.as_bytes())]);
    }
    assert_tokens(SqlDialect::default(), b"t.1", &[(Word, b"t"), (Punctuation, b"."), (Word, b"1")]);
    assert_tokens(SqlDialect::default(), b"1-2", &[(Number, b"1"), (Punctuation, b"-"), (Number, b"2")]);
}

#[test]
fn comments() {
    assert_tokens(
        SqlDialect::default(),
        b"a -- b\nc # d\n--e/* f '*/--",
        &[
            (Word, b"a"),
            (Comment, b"-- b"),
            (Word, b"c"),
            (Comment, b"# d"),
            (Punctuation, b"-"),
            (Punctuation, b"-"),
            (Word, b"e"),
            (Comment, b"/* f '*/"),
            (Comment, b"--"),
        ],
    );
    assert_tokens(
        SqlDialect::default(),
        b"/*!80023 INVISIBLE */ /*M!100100 a/*b*/*//*!c*/ /*!12 */ */ /*!500001*/",
        &[
            (CommentOpen, b"/*!80023"),
            (Word, b"INVISIBLE"),
            (CommentClose, b"*/"),
            (CommentOpen, b"/*M!100100"),
            (Word, b"a"),
            (Comment, b"/*b*/"),
            (CommentClose, b"*/"),
            (CommentOpen, b"/*!"),
            (Word, b"c"),
            (CommentClose, b"*/"),
            (CommentOpen, b"/*!"),
            (Number, b"12"),
            (CommentClose, b"*/"),
            (Punctuation, b"*"),
            (Punctuation, b"/"),
            (CommentOpen, b"/*!500001"),
            (CommentClose, b"*/"),
        ],
    );
}

#[test]
fn values() {
    let token = |sql: &'static [u8], dialect| Tokens::new(sql, dialect).next().unwrap();
    assert_eq!(token(b"`a``b`", SqlDialect::default()).identifier(), Some(b"a`b".to_vec()));
    assert_eq!(token(b"\"a`\"\"b\"", ANSI).identifier(), Some(b"a`\"b".to_vec()));
    assert_eq!(token(b"a$b", ANSI).identifier(), Some(b"a$b".to_vec()));
    assert_eq!(token(b"'a'", ANSI).identifier(), None);
    assert_eq!(token(b"`a``", ANSI).identifier(), None);
    assert!(token(b"Key", ANSI).is_word("KEY") && !token(b"`Key`", ANSI).is_word("KEY"));
    let value = token(br"'a''b\'\n\0\%\x\\.'", SqlDialect::default()).string_value(SqlDialect::default());
    assert_eq!(value, Some(b"a'b'\n\0\\%x\\.".to_vec()));
    assert_eq!(token(br"'a\n'", NO_ESCAPES).string_value(NO_ESCAPES), Some(br"a\n".to_vec()));
}

/// Bytes among which quotes and comment marks are frequent.
fn sql() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(vec!["'", "\"", "`", "\\", "/*", "/*!", "/*M!", "50100", "*/", "--", "#", "\n"])
            .prop_map(|text| text.as_bytes().to_vec()),
        proptest::sample::select(vec!["a", " ", ".", "1", "0x", "e", "-", "(", ")", ","])
            .prop_map(|text| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn tokens_and_white_space_cover_the_text(sql in sql(), ansi_quotes: bool, no_backslash_escapes: bool) {
        let dialect = SqlDialect { ansi_quotes, no_backslash_escapes };
        let mut end = 0;
        for token in Tokens::new(&sql, dialect) {
            prop_assert!(!token.text.is_empty());
            prop_assert!(sql[end..token.start].iter().all(|&byte| is_space(byte)));
            prop_assert_eq!(&sql[token.start..token.end()], token.text);
            end = token.end();
            let _ = (token.identifier(), token.string_value(dialect));
        }
        prop_assert!(sql[end..].iter().all(|&byte| is_space(byte)));
    }
}
