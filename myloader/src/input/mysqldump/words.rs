//! The words that a statement begins with.

use common::sql::cursor::is_comment;
use common::sql::token::{SqlDialect, TokenKind, Tokens};

/// The first words in upper case, as far as the statement begins with words.
pub fn first_words(sql: &[u8]) -> Vec<String> {
    Tokens::new(sql, SqlDialect::default())
        .filter(|token| !is_comment(token))
        .take(3)
        .take_while(|token| token.kind == TokenKind::Word)
        .map(|token| String::from_utf8_lossy(token.text).chars().take(30).collect::<String>().to_ascii_uppercase())
        .collect()
}

/// The first two words, for messages: behind them may be values.
pub fn shown_words(sql: &[u8]) -> String {
    let words = first_words(sql);
    if words.is_empty() {
        return "no word".to_owned();
    }
    words.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ").escape_debug().to_string()
}

/// Whether one of the first words is this.
pub fn has_word(sql: &[u8], word: &str, among: usize) -> bool {
    Tokens::new(sql, SqlDialect::default())
        .filter(|token| !is_comment(token))
        .take(among)
        .any(|token| token.is_word(word))
}

pub fn is_setval(sql: &[u8]) -> bool {
    let words = first_words(sql);
    words.first().is_some_and(|word| word == "DO" || word == "SELECT")
        && words.get(1).is_some_and(|word| word == "SETVAL")
}

/// Statements for a replica that is made of the dump.
pub fn sets_position(sql: &[u8]) -> bool {
    const ROLES: [&str; 5] = ["MASTER", "REPLICATION", "SLAVE", "REPLICA", "ALL"];
    let words = first_words(sql);
    let is = |index: usize, among: &[&str]| words.get(index).is_some_and(|word| among.contains(&word.as_str()));
    is(0, &["CHANGE", "STOP", "START", "RESET"]) && is(1, &ROLES)
}
