//! Views, routines, triggers and events that name the database they are in, for a restore under another name.
//!
//! A name before a point is a database or, in an expression, a table or an alias. Its place tells which: three
//! names, a call, a table after FROM, JOIN, INTO and the like. A view's text is the server's own, where a column has its
//! database's name only with that of its table. In a text of the user's, other places are left and counted.

use std::collections::BTreeSet;

use common::sql::cursor::is_comment;
use common::sql::quote_identifier;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use super::created_object::text;

/// Words before the name of a table or program.
const BEFORE_NAMES: [&str; 13] = [
    "VIEW",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "LIBRARY",
    "PACKAGE",
    "BODY",
    "CALL",
    "TABLE",
    "JOIN",
    "STRAIGHT_JOIN",
    "UPDATE",
];
/// Words between INSERT or REPLACE and INTO.
const BEFORE_INTO: [&str; 6] = ["INSERT", "REPLACE", "IGNORE", "DELAYED", "LOW_PRIORITY", "HIGH_PRIORITY"];
/// Words that end a FROM clause.
const AFTER_FROM: [&str; 8] = ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "WINDOW", "SET"];

/// A definition under its new name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Renamed {
    /// The text, if it is another.
    pub text: Option<Vec<u8>>,
    /// Places where the name may be that of the database and was left.
    pub unclear: usize,
    /// Whether the name stands in strings, which may become statements.
    pub in_strings: bool,
}

/// The databases that a definition names for certain: of tables. What is called may be in a package.
pub fn named(sql: &[u8], dialect: SqlDialect) -> BTreeSet<String> {
    let tokens: Vec<Token<'_>> = Tokens::new(sql, dialect).filter(|token| !is_comment(token)).collect();
    let is_other = |pair: &[Token<'_>]| matches!(pair, [a, b] if a.is_word("LANGUAGE") && !b.is_word("SQL"));
    if tokens.windows(2).any(is_other) {
        return BTreeSet::new();
    }
    let mut scanner = Scanner { tokens: &tokens, places: vec![Place::default()], table_is_next: false };
    let mut names = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        if let Some(name) = token.identifier()
            && scanner.is_qualifier(at)
            && scanner.is_database(at)
            && !scanner.is_called(at)
        {
            names.insert(text(&name));
        }
        scanner.pass(at);
    }
    names
}

/// The definition with the database `to` in place of `from`. `folds`: names are compared without case.
pub fn renamed(sql: &[u8], dialect: SqlDialect, from: &str, to: &str, folds: bool) -> Renamed {
    let tokens: Vec<Token<'_>> = Tokens::new(sql, dialect).filter(|token| !is_comment(token)).collect();
    let mut scanner = Scanner { tokens: &tokens, places: vec![Place::default()], table_is_next: false };
    let is_named = |token: &Token<'_>| {
        token.identifier().is_some_and(|name| match folds {
            true => name.eq_ignore_ascii_case(from.as_bytes()),
            false => name == from.as_bytes(),
        })
    };
    let is_view = tokens.iter().take_while(|token| !token.is_word("AS")).any(|token| token.is_word("VIEW"));
    let (mut text, mut copied, mut renamed) = (Vec::new(), 0, Renamed::default());
    let executes = tokens.iter().any(|token| token.is_word("PREPARE") || token.is_word("IMMEDIATE"));
    for (at, token) in tokens.iter().enumerate() {
        if executes && token.kind == TokenKind::String {
            renamed.in_strings |= mentions(token.text, from.as_bytes());
        }
        if is_named(token) && scanner.is_qualifier(at) {
            if scanner.is_database(at) {
                text.extend_from_slice(sql.get(copied..token.start).unwrap_or_default());
                text.extend_from_slice(quote_identifier(to).as_bytes());
                copied = token.end();
            } else if !is_view {
                renamed.unclear += 1;
            }
        } else if is_named(token) && scanner.is_bare_database(at) {
            renamed.unclear += 1;
        }
        scanner.pass(at);
    }
    if copied > 0 {
        text.extend_from_slice(sql.get(copied..).unwrap_or_default());
        renamed.text = Some(text);
    }
    renamed
}

/// Whether a string has the name before a point.
fn mentions(text: &[u8], name: &[u8]) -> bool {
    text.windows(name.len() + 1).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let is_whole = before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        is_whole && window.starts_with(name) && matches!(window.last(), Some(b'.' | b'`'))
    })
}

/// Where a scan is, within one pair of parentheses.
#[derive(Debug, Default, Clone, Copy)]
struct Place {
    /// Behind SELECT or DELETE, so that FROM begins a list of tables.
    in_query: bool,
    in_from: bool,
}

struct Scanner<'t, 'a> {
    tokens: &'t [Token<'a>],
    places: Vec<Place>,
    /// Whether the next token begins a table in a list of tables.
    table_is_next: bool,
}

impl<'a> Scanner<'_, 'a> {
    fn at(&self, at: Option<usize>) -> Option<&Token<'a>> {
        self.tokens.get(at?)
    }

    /// Whether the token is the first of names with points between them.
    fn is_qualifier(&self, at: usize) -> bool {
        let is_part = self.at(at.checked_sub(1)).is_some_and(|before| {
            before.is_punctuation(b'.') || before.is_punctuation(b'@') || before.is_punctuation(b':')
        });
        let names = self.at(Some(at + 2)).is_some_and(|next| next.identifier().is_some());
        !is_part && names && self.is_point(at + 1)
    }

    fn is_point(&self, at: usize) -> bool {
        self.at(Some(at)).is_some_and(|token| token.is_punctuation(b'.'))
    }

    /// Whether it is sure that this qualifier is a database.
    fn is_database(&self, at: usize) -> bool {
        let before = self.at(at.checked_sub(1));
        let earlier = self.at(at.checked_sub(2));
        let is_word = |token: Option<&Token<'_>>, words: &[&str]| {
            token.is_some_and(|token| words.iter().any(|word| token.is_word(word)))
        };
        let is_sequence = before.is_some_and(|token| token.is_punctuation(b'('))
            && is_word(earlier, &["NEXTVAL", "LASTVAL", "SETVAL"])
            || is_word(before, &["FOR"]) && is_word(earlier, &["VALUE"]);
        self.is_point(at + 3)
            || self.at(Some(at + 3)).is_some_and(|next| next.is_punctuation(b'('))
            || self.table_is_next
            || is_sequence
            || is_word(before, &BEFORE_NAMES)
            || is_word(before, &["INTO"]) && is_word(earlier, &BEFORE_INTO)
            || is_word(before, &["ON"]) && self.is_trigger_head(at)
    }

    /// Whether what this qualifies is called, or may be.
    fn is_called(&self, at: usize) -> bool {
        let before = |word: &str| self.at(at.checked_sub(1)).is_some_and(|token| token.is_word(word));
        let has_list = self.at(Some(at + 3)).is_some_and(|next| next.is_punctuation(b'('));
        before("CALL") || (has_list && !before("INTO") && !self.table_is_next)
    }

    /// Whether a name without a point may be a database: in SHOW … FROM, ALTER, CREATE and DROP DATABASE, USE.
    fn is_bare_database(&self, at: usize) -> bool {
        let near = |distance: usize, words: &[&str]| {
            let before = self.tokens.get(at.saturating_sub(distance)..at).unwrap_or_default();
            let statement = before.rsplit(|token| token.is_punctuation(b';')).next().unwrap_or_default();
            statement.iter().any(|token| words.iter().any(|word| token.is_word(word)))
        };
        let is_named_by =
            near(1, &["USE", "DATABASE", "SCHEMA"]) || near(3, &["DATABASE", "SCHEMA"]) && near(1, &["EXISTS"]);
        is_named_by || near(1, &["FROM", "IN"]) && near(8, &["SHOW"])
    }

    /// Whether what is at this token is the table in `CREATE TRIGGER … ON table FOR EACH ROW`.
    fn is_trigger_head(&self, at: usize) -> bool {
        let word = |at: usize, word: &str| self.at(Some(at)).is_some_and(|token| token.is_word(word));
        word(at + 3, "FOR") && word(at + 4, "EACH")
    }

    fn pass(&mut self, at: usize) {
        let Some(token) = self.tokens.get(at) else { return };
        let table_was_next = std::mem::take(&mut self.table_is_next);
        if token.is_punctuation(b'(') {
            self.table_is_next = table_was_next;
            self.places.push(Place { in_query: table_was_next, in_from: table_was_next });
            return;
        }
        if token.is_punctuation(b')') && self.places.len() > 1 {
            self.places.pop();
            return;
        }
        let Some(place) = self.places.last_mut() else { return };
        if token.is_word("SELECT") || token.is_word("DELETE") {
            *place = Place { in_query: true, in_from: false };
        } else if token.is_word("FROM") && place.in_query {
            place.in_from = true;
            self.table_is_next = true;
        } else if AFTER_FROM.iter().any(|word| token.is_word(word)) {
            place.in_from = false;
        } else if token.is_punctuation(b';') {
            *place = Place::default();
        } else if place.in_from
            && (token.is_punctuation(b',') || token.is_word("JOIN") || token.is_word("STRAIGHT_JOIN"))
        {
            self.table_is_next = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &str, unclear: usize, in_strings: bool) {
        let renamed = renamed(sql.as_bytes(), SqlDialect::default(), "a", "c", false);
        let text = renamed.text.map(|text| String::from_utf8(text).unwrap()).unwrap_or_else(|| sql.to_owned());
        assert_eq!((text.as_str(), renamed.unclear, renamed.in_strings), (expected, unclear, in_strings), "{sql}");
    }

    #[test]
    fn views_are_renamed_and_their_aliases_left() {
        for (sql, expected) in [
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`a` VIEW `both_` AS select `a`.`t`.`id` AS `id`,(select count(0) from `o`.`far`) AS `a` from `a`.`t`",
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`a` VIEW `both_` AS select `c`.`t`.`id` AS `id`,(select count(0) from `o`.`far`) AS `a` from `c`.`t`",
            ),
            (
                "CREATE VIEW `v` AS select `a`.`f`(2) AS `y`,'`a`.`t`' AS `z`",
                "CREATE VIEW `v` AS select `c`.`f`(2) AS `y`,'`a`.`t`' AS `z`",
            ),
            (
                "CREATE VIEW `v` AS select trim(both 'x' from `a`.`s`),`a`.`id` from (`o`.`t` `a` join `a`.`u` on((`a`.`id` = `a`.`u`.`id`))) where `a`.`id` in (select `a`.`id` from `a`.`w`)",
                "CREATE VIEW `v` AS select trim(both 'x' from `a`.`s`),`a`.`id` from (`o`.`t` `a` join `c`.`u` on((`a`.`id` = `c`.`u`.`id`))) where `a`.`id` in (select `a`.`id` from `c`.`w`)",
            ),
            (
                "CREATE VIEW `v` AS select nextval(`a`.`s`),/* `a`.`t` */ 1",
                "CREATE VIEW `v` AS select nextval(`c`.`s`),/* `a`.`t` */ 1",
            ),
        ] {
            check(sql, expected, 0, false);
        }
    }

    #[test]
    fn databases_are_named_where_it_is_sure() {
        for (sql, expected) in [
            (
                "CREATE DEFINER=`a`@`b` VIEW `v` AS select `c`.`x` AS `x`,`d`.`f`(1) AS `y` from (`e`.`t` `c` join `g`.`u`)",
                &["e", "g"][..],
            ),
            (
                "CREATE PROCEDURE p() BEGIN SELECT x.id FROM t x; INSERT INTO a.t SELECT b.t.id FROM `c`.t; END",
                &["a", "b", "c"],
            ),
            ("CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.x = (SELECT MAX(id) FROM o.t)", &["o"]),
            (
                "CREATE PROCEDURE p() BEGIN CALL a.p(1); SET x = b.f(1); INSERT INTO c.t (id) VALUES (d.g()); END",
                &["c"],
            ),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE JAVASCRIPT AS $$ return x.f(1); /* FROM a.b */ $$", &[]),
        ] {
            let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(named(sql.as_bytes(), SqlDialect::default()), expected, "{sql}");
        }
    }

    #[test]
    fn programs_are_renamed_where_it_is_sure() {
        for (sql, expected, unclear, in_strings) in [
            (
                "CREATE PROCEDURE p() BEGIN INSERT INTO a.t VALUES (1); DELETE FROM a . t WHERE a.t.id = 1; CALL a.q(); SELECT x.id FROM a.t x, `a`.u; END",
                "CREATE PROCEDURE p() BEGIN INSERT INTO `c`.t VALUES (1); DELETE FROM `c` . t WHERE `c`.t.id = 1; CALL `c`.q(); SELECT x.id FROM `c`.t x, `c`.u; END",
                0,
                false,
            ),
            (
                "CREATE PROCEDURE p() BEGIN SHOW TABLES FROM a; SHOW COLUMNS FROM t IN `a`; ALTER DATABASE a CHARACTER SET latin1; DROP SCHEMA IF EXISTS a; SELECT 1 FROM a; END",
                "CREATE PROCEDURE p() BEGIN SHOW TABLES FROM a; SHOW COLUMNS FROM t IN `a`; ALTER DATABASE a CHARACTER SET latin1; DROP SCHEMA IF EXISTS a; SELECT 1 FROM a; END",
                4,
                false,
            ),
            ("CREATE PROCEDURE p() SELECT a.id FROM t a", "CREATE PROCEDURE p() SELECT a.id FROM t a", 1, false),
            (
                "CREATE TRIGGER a.tr BEFORE INSERT ON a.t FOR EACH ROW SET NEW.x = a.f(1)",
                "CREATE TRIGGER `c`.tr BEFORE INSERT ON `c`.t FOR EACH ROW SET NEW.x = `c`.f(1)",
                0,
                false,
            ),
            (
                "CREATE PROCEDURE p() BEGIN PREPARE s FROM 'DELETE FROM a.t'; EXECUTE s; END",
                "CREATE PROCEDURE p() BEGIN PREPARE s FROM 'DELETE FROM a.t'; EXECUTE s; END",
                0,
                true,
            ),
            (
                "CREATE PROCEDURE p() SELECT 'a.t', @a.b, x.a.t, 'extra.t'",
                "CREATE PROCEDURE p() SELECT 'a.t', @a.b, x.a.t, 'extra.t'",
                0,
                false,
            ),
        ] {
            check(sql, expected, unclear, in_strings);
        }
    }
}
