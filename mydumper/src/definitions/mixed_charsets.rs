//! Definitions of stored programs with text in two character sets.
//!
//! The server stores a body as the bytes that its client sent. SHOW CREATE prepends a header, which is partly in the
//! client's character set and partly in utf8, and declares everything as the client's. The parts in utf8, as tried on
//! MariaDB 10.11 and MySQL 9.7:
//!
//! | | MariaDB | MySQL |
//! | --- | --- | --- |
//! | function, procedure | type after RETURNS, comment | definer, name, type after RETURNS, comment |
//! | trigger | definer | definer, name, table |
//! | event | all before the body | all before the body |

use std::ops::Range;

use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

/// The parts of a definition that are utf8 whatever the client's character set. `kind` is that of SHOW CREATE.
pub fn utf8_parts(text: &[u8], kind: &str, sql_mode: &str, is_mariadb: bool) -> Vec<Range<usize>> {
    // SHOW CREATE escapes with backslashes in any mode.
    let dialect = SqlDialect { ansi_quotes: sql_mode.contains("ANSI_QUOTES"), no_backslash_escapes: false };
    let mut tokens = Tokens::new(text, dialect);
    let mut before = |word: &str| {
        let found = tokens.find(|token| token.is_word(word));
        found.map(|token| 0..token.start).into_iter().collect::<Vec<_>>()
    };
    match kind {
        "TRIGGER" if is_mariadb => before("TRIGGER"),
        "TRIGGER" => before("FOR"),
        "EVENT" => before("DO"),
        "FUNCTION" | "PROCEDURE" => {
            let Some(parameters) = tokens.find(|token| token.is_punctuation(b'(')) else { return Vec::new() };
            let mut parts = Vec::new();
            if !is_mariadb {
                parts.push(0..parameters.start);
            }
            if let Some(close) = closing(&mut tokens) {
                parts.push(close..characteristics_end(text, close, tokens));
            }
            parts
        }
        _ => Vec::new(),
    }
}

/// The end of the parenthesis that is open.
fn closing(tokens: &mut Tokens<'_>) -> Option<usize> {
    let mut depth = 1_usize;
    for token in tokens {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth -= 1;
        }
        if depth == 0 {
            return Some(token.end());
        }
    }
    None
}

/// The end of a routine's characteristics: each is on a line of its own after four blanks, and the body begins at the
/// start of a line.
fn characteristics_end(text: &[u8], start: usize, tokens: Tokens<'_>) -> usize {
    let mut end = start;
    for token in tokens {
        let gap = text.get(end..token.start).unwrap_or_default();
        if gap.contains(&b'\n') && gap != b"\n    " {
            return end;
        }
        end = token.end();
    }
    end
}

/// The text without ON COMPLETION NOT PRESERVE, which servers write but cannot parse under HIGH_NOT_PRECEDENCE. It is the
/// default.
pub fn parsable(text: Vec<u8>, kind: &str, sql_mode: &str) -> Vec<u8> {
    if kind != "EVENT" || !sql_mode.contains("HIGH_NOT_PRECEDENCE") {
        return text;
    }
    let dialect = SqlDialect { ansi_quotes: sql_mode.contains("ANSI_QUOTES"), no_backslash_escapes: false };
    let tokens: Vec<Token<'_>> =
        Tokens::new(&text, dialect).take_while(|token| !token.is_word("DO")).filter(is_no_comment).collect();
    let clause = ["ON", "COMPLETION", "NOT", "PRESERVE"];
    let is_clause = |words: &&[Token<'_>]| words.iter().zip(clause).all(|(token, word)| token.is_word(word));
    let Some([first, .., last]) = tokens.windows(clause.len()).find(is_clause) else { return text };
    [text.get(..first.start), text.get(last.end() + 1..)].map(Option::unwrap_or_default).concat()
}

fn is_no_comment(token: &Token<'_>) -> bool {
    token.kind != TokenKind::Comment
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The utf8 parts of a text in which the others are marked by capital letters alone.
    fn parts<'a>(text: &'a str, kind: &str, is_mariadb: bool) -> Vec<&'a str> {
        utf8_parts(text.as_bytes(), kind, "", is_mariadb).into_iter().map(|part| &text[part]).collect()
    }

    #[test]
    fn routines() {
        let head = "CREATE DEFINER=`u(`@`%` FUNCTION `f`";
        let text = format!(
            "{head}(`x` ENUM('(','a'), y DECIMAL(1,2)) RETURNS enum('b\\'')\n    DETERMINISTIC\n    COMMENT 'c\nd'\nRETURN 'e'"
        );
        let tail = " RETURNS enum('b\\'')\n    DETERMINISTIC\n    COMMENT 'c\nd'";
        assert_eq!(parts(&text, "FUNCTION", true), [tail]);
        assert_eq!(parts(&text, "FUNCTION", false), [head, tail]);
        assert_eq!(parts("CREATE PROCEDURE `p`()\nBEGIN\n    SELECT 'é';\nEND", "PROCEDURE", true), [""]);
    }

    #[test]
    fn triggers_and_events() {
        let head = "CREATE DEFINER=`u`@`for do` ";
        let text = format!("{head}TRIGGER `for` BEFORE INSERT ON `t` FOR EACH ROW SET @a = 'é'");
        assert_eq!(parts(&text, "TRIGGER", true), [head]);
        assert_eq!(parts(&text, "TRIGGER", false), [format!("{head}TRIGGER `for` BEFORE INSERT ON `t` ")]);
        let head = "CREATE DEFINER=`u`@`h` EVENT `do` ON SCHEDULE EVERY 1 DAY COMMENT 'do' ";
        assert_eq!(parts(&format!("{head}DO SELECT 1"), "EVENT", true), [head]);
    }

    #[test]
    fn an_event_can_be_parsed_under_every_mode() {
        let event = |clause: &str| format!("CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY {clause}ENABLE DO SELECT NOT 1");
        let text = event("ON COMPLETION NOT PRESERVE ").into_bytes();
        let mode = "HIGH_NOT_PRECEDENCE";
        assert_eq!(parsable(text.clone(), "EVENT", mode), event("").into_bytes());
        assert_eq!(parsable(text.clone(), "EVENT", ""), text);
        let kept = event("ON COMPLETION PRESERVE ").into_bytes();
        assert_eq!(parsable(kept.clone(), "EVENT", mode), kept);
    }
}
