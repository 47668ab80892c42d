//! The DEFINER clause of a CREATE statement: removed, or replaced by another account.
//!
//! Only the head of the statement is parsed, since bodies, names and comments may contain the word too. The clause may be in
//! an executable comment, as mysqldump and older servers write it (`/*!50017 DEFINER=…*/`). SQL SECURITY is not changed.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::cursor::Cursor;
use super::quote_identifier;
use super::token::{SqlDialect, TokenKind, Tokens};

/// `--skip-definer` and `--replace-definer`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DefinerRule {
    /// DEFINER clauses stay.
    #[default]
    Keep,
    /// The clause is removed, so the user who restores becomes the definer.
    Skip,
    /// Every definer becomes this account.
    Replace(Definer),
}

/// A text for `--replace-definer` that is not an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use USER@HOST in ASCII, such as app@localhost or 'app'@'%'")]
pub struct BadDefiner;

/// An account in ASCII, so that it can be part of a statement in any character set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definer {
    user: String,
    host: String,
}

impl DefinerRule {
    /// Applies the rule to a statement. Statements without the clause are not changed.
    #[must_use]
    pub fn apply<'a>(&self, sql: &'a [u8]) -> Cow<'a, [u8]> {
        if *self == DefinerRule::Keep {
            return Cow::Borrowed(sql);
        }
        let Some(clause) = Clause::find(sql) else { return Cow::Borrowed(sql) };
        let (range, text) = match self {
            DefinerRule::Replace(definer) => (clause.text, format!("DEFINER={}", definer.to_sql())),
            _ => (clause.with_its_space, String::new()),
        };
        Cow::Owned([&sql[..range.start], text.as_bytes(), &sql[range.end..]].concat())
    }
}

impl Definer {
    /// The account that a CREATE statement names. `None` without one, and for one of other than ASCII characters.
    pub fn of(sql: &[u8]) -> Option<Definer> {
        let clause = Clause::find(sql)?;
        let text = std::str::from_utf8(sql.get(clause.text)?).ok()?;
        let (_, account) = text.split_once('=')?;
        account.trim().parse().ok()
    }

    fn to_sql(&self) -> String {
        format!("{}@{}", quote_identifier(&self.user), quote_identifier(&self.host))
    }
}

impl fmt::Display for Definer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}

impl FromStr for Definer {
    type Err = BadDefiner;

    /// `user@host`, each with or without quotes. Without quotes, the last `@` separates them.
    fn from_str(text: &str) -> Result<Self, BadDefiner> {
        let parts = match text.as_bytes().first() {
            Some(b'\'' | b'"' | b'`') => quoted_parts(text),
            _ => text.rsplit_once('@').and_then(|(user, host)| Some((user.to_owned(), unquoted(host)?))),
        };
        let parts = parts.filter(|(user, host)| !user.is_empty() && !host.is_empty());
        match parts {
            Some((user, host)) if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) => {
                Ok(Definer { user, host })
            }
            _ => Err(BadDefiner),
        }
    }
}

/// The two parts of `'user'@'host'`, with any kind of quotes.
fn quoted_parts(text: &str) -> Option<(String, String)> {
    let dialect = SqlDialect { ansi_quotes: true, no_backslash_escapes: true };
    let user = Tokens::new(text.as_bytes(), dialect).next()?;
    let host = text.get(user.end()..)?.strip_prefix('@')?;
    Some((unquoted(text.get(..user.end())?)?, unquoted(host)?))
}

/// A name without its quotes, if it has any; `None` if more follows them.
fn unquoted(text: &str) -> Option<String> {
    let Some(quote @ ('\'' | '"' | '`')) = text.chars().next() else { return Some(text.to_owned()) };
    let inner = text.get(1..)?.strip_suffix(quote)?;
    let alone = inner.replace(&format!("{quote}{quote}"), "");
    (!alone.contains(quote)).then(|| inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
}

/// The place of the clause in a statement.
struct Clause {
    /// `DEFINER=…`.
    text: Range<usize>,
    /// With what would be left over without it: the space after it, or the comment around it.
    with_its_space: Range<usize>,
}

impl Clause {
    fn find(sql: &[u8]) -> Option<Clause> {
        let mut cursor = Cursor::new(sql, SqlDialect { ansi_quotes: true, ..SqlDialect::default() });
        if !cursor.eat("CREATE") {
            return None;
        }
        loop {
            if cursor.eat("OR") {
                cursor.eat("REPLACE");
            } else if cursor.eat("ALGORITHM") {
                cursor.eat_punctuation(b'=');
                cursor.take();
            } else {
                break;
            }
        }
        let start = cursor.position();
        if !cursor.eat("DEFINER") || !cursor.eat_punctuation(b'=') {
            return None;
        }
        take_account(&mut cursor)?;
        let text = start..cursor.end;
        let with_its_space = with_its_space(sql, &text);
        Some(Clause { text, with_its_space })
    }
}

/// Takes `user`, `user@host`, `CURRENT_USER`, `CURRENT_ROLE` or one of the latter with `()`.
pub fn take_account(cursor: &mut Cursor<'_>) -> Option<()> {
    let user = cursor.take()?;
    if !matches!(user.kind, TokenKind::Word | TokenKind::QuotedIdentifier | TokenKind::String) {
        return None;
    }
    if user.kind == TokenKind::Word && cursor.eat_punctuation(b'(') {
        cursor.eat_punctuation(b')');
        return Some(());
    }
    if cursor.eat_punctuation(b'@') {
        // A host without quotes, such as 10.0.0.1, is several tokens in a row.
        while let Some(token) = cursor.peek()
            && matches!(token.kind, TokenKind::Word | TokenKind::Number | TokenKind::Punctuation)
            && token.start == cursor.end
            && (token.kind != TokenKind::Punctuation || matches!(token.text, b"." | b"-" | b"$"))
        {
            cursor.take();
        }
        if cursor.peek().is_some_and(|token| {
            token.start == cursor.end && matches!(token.kind, TokenKind::QuotedIdentifier | TokenKind::String)
        }) {
            cursor.take();
        }
    }
    Some(())
}

fn with_its_space(sql: &[u8], text: &Range<usize>) -> Range<usize> {
    let spaces = |at: usize| sql[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let dialect = SqlDialect { ansi_quotes: true, ..SqlDialect::default() };
    let end = text.end + spaces(text.end);
    // A comment that holds nothing else goes with the clause.
    let opened = Tokens::new(sql, dialect)
        .take_while(|token| token.start < text.start)
        .last()
        .filter(|token| token.kind == TokenKind::CommentOpen);
    match opened {
        Some(open) if sql[end..].starts_with(b"*/") => open.start..end + 2 + spaces(end + 2),
        _ => text.start..end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules() -> (DefinerRule, DefinerRule) {
        (DefinerRule::Skip, DefinerRule::Replace("o'k@10.%".parse().unwrap()))
    }

    #[test]
    fn a_clause_of_any_form_is_removed_or_replaced() {
        let (skip, replace) = rules();
        // The clause is between the bars.
        for sql in [
            "CREATE |DEFINER=`root`@`localhost` |PROCEDURE `p`()\nSELECT 'DEFINER=`a`@`b`'",
            "CREATE |DEFINER=`ro``ot`@`%` |TRIGGER `DEFINER=x@y` BEFORE INSERT ON t FOR EACH ROW SET @a=1",
            "CREATE ALGORITHM=UNDEFINED |DEFINER=`r`@`h` |SQL SECURITY DEFINER VIEW `v` AS select 1 AS `1`",
            "create or replace |definer = 'r'@'h' |event e ON SCHEDULE EVERY 1 DAY DO BEGIN END",
            "CREATE |DEFINER=\"r\"@\"h\" |PACKAGE BODY \"p\" AS x INT; END",
            "CREATE |DEFINER=r@10.0.0.1 |FUNCTION f() RETURNS INT RETURN 1",
            "CREATE |DEFINER=r@my-host.example |FUNCTION f() RETURNS INT RETURN 1",
            "CREATE |DEFINER=`a_role` |AGGREGATE FUNCTION f(x INT) RETURNS INT RETURN 1",
            "CREATE |DEFINER=CURRENT_USER() |PROCEDURE p() SELECT 1",
            "CREATE |DEFINER=current_user |PROCEDURE p() SELECT 1",
            "CREATE /* DEFINER=`no`@`no` */ |DEFINER=`r`@`h` |-- DEFINER=`no`@`no`\nPROCEDURE p() SELECT 1",
            "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 |DEFINER=`r`@`h` |SQL SECURITY DEFINER */\n\
             /*!50001 VIEW `v` AS SELECT 1 */",
        ] {
            let [before, clause, after] = sql.split('|').collect::<Vec<_>>()[..] else { panic!("{sql}") };
            let sql = [before, clause, after].concat();
            let skipped = skip.apply(sql.as_bytes()).into_owned();
            assert_eq!(String::from_utf8(skipped).unwrap(), format!("{before}{after}"), "{sql}");
            let replaced = replace.apply(sql.as_bytes()).into_owned();
            let expected = format!("{before}DEFINER=`o'k`@`10.%` {after}");
            assert_eq!(String::from_utf8(replaced).unwrap(), expected, "{sql}");
            assert_eq!(DefinerRule::Keep.apply(sql.as_bytes()), sql.as_bytes());
        }
    }

    #[test]
    fn a_comment_with_nothing_else_is_removed_too() {
        let (skip, replace) = rules();
        for (sql, skipped, replaced) in [
            (
                "CREATE /*!50017 DEFINER=`r`@`h`*/ TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a=1",
                "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a=1",
                "CREATE /*!50017 DEFINER=`o'k`@`10.%`*/ TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a=1",
            ),
            (
                "/*!50003 CREATE*/ /*!50020 DEFINER=`r`@`h` */ /*!50003 FUNCTION f() RETURNS INT RETURN 1 */",
                "/*!50003 CREATE*/ /*!50003 FUNCTION f() RETURNS INT RETURN 1 */",
                "/*!50003 CREATE*/ /*!50020 DEFINER=`o'k`@`10.%` */ /*!50003 FUNCTION f() RETURNS INT RETURN 1 */",
            ),
        ] {
            assert_eq!(String::from_utf8_lossy(&skip.apply(sql.as_bytes())), skipped);
            assert_eq!(String::from_utf8_lossy(&replace.apply(sql.as_bytes())), replaced);
        }
    }

    #[test]
    fn other_text_with_the_word_is_not_changed() {
        let (skip, replace) = rules();
        for sql in [
            "CREATE PROCEDURE p() BEGIN SELECT 1; /* DEFINER=`a`@`b` */ END",
            "CREATE TABLE definer (definer INT) COMMENT 'DEFINER=`a`@`b`'",
            "CREATE VIEW v AS SELECT 1",
            "INSERT INTO t VALUES ('CREATE DEFINER=`a`@`b` VIEW')",
            "CREATE `DEFINER`=1",
            "CREATE DEFINER",
            "",
        ] {
            assert_eq!(skip.apply(sql.as_bytes()), sql.as_bytes());
            assert_eq!(replace.apply(sql.as_bytes()), sql.as_bytes());
        }
    }

    #[test]
    fn definers_as_they_are_typed() {
        for (text, sql) in [
            ("app@localhost", "`app`@`localhost`"),
            ("me@example.com@%", "`me@example.com`@`%`"),
            ("'a''b'@'10.0.0.%'", "`a'b`@`10.0.0.%`"),
            ("`a``b`@`h`", "`a``b`@`h`"),
            ("\"a@b\"@h", "`a@b`@`h`"),
            ("a@'h'", "`a`@`h`"),
        ] {
            assert_eq!(text.parse::<Definer>().unwrap().to_sql(), sql, "{text}");
        }
        for bad in ["", "app", "@", "app@", "@h", "'a'b@h", "'a'@'h'x", "'a", "a@'h", "\u{e9}@h", "a\n@h", "''@h"] {
            assert_eq!(
                bad.parse::<Definer>().unwrap_err().to_string(),
                "use USER@HOST in ASCII, such as app@localhost or 'app'@'%'",
                "{bad:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: Vec<u8>, tail in "[A-Z=@`'\"/*! a.()-]{0,40}") {
            let (skip, replace) = rules();
            let sql = [b"CREATE ".as_slice(), tail.as_bytes(), &text].concat();
            let _ = (skip.apply(&sql), replace.apply(&sql));
        }

        #[test]
        fn a_skipped_clause_leaves_the_body(body in "\\PC{0,60}") {
            let (skip, _) = rules();
            let sql = format!("CREATE DEFINER=`a`@`b` PROCEDURE p() {body}");
            prop_assert_eq!(skip.apply(sql.as_bytes()).into_owned(), format!("CREATE PROCEDURE p() {body}").into_bytes());
        }
    }
}
