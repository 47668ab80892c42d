//! Where statements end.

use super::super::scanner::{Item, Rules, Scanner, Stuck};
use common::sql::token::SqlDialect;
use proptest::prelude::*;

/// A statement or comment, its line, and a statement's lists.
type Found = (Vec<u8>, u64, Option<u64>);

/// Statements and comments with their lines and groups, and how it ends.
fn scan(text: &[u8], piece: usize, dialect: SqlDialect) -> (Vec<Found>, Stuck) {
    let mut scanner = Scanner::new();
    let mut found = Vec::new();
    let mut pieces = text.chunks(piece.max(1));
    let mut ended = false;
    loop {
        match scanner.next(Rules { dialect, dollars: true }) {
            Ok(Item::Statement { text, line, groups }) => {
                found.push((scanner.text(text).to_vec(), line, Some(groups)));
            }
            Ok(Item::Comment { text, line }) => found.push((scanner.text(text).to_vec(), line, None)),
            Err(Stuck::Needs) => match pieces.next() {
                Some(piece) => scanner.push(piece),
                None if ended => return (found, Stuck::Needs),
                None => {
                    ended = true;
                    scanner.end();
                }
            },
            Err(stuck) => return (found, stuck),
        }
    }
}

fn texts(text: &str) -> Vec<String> {
    let (found, stuck) = scan(text.as_bytes(), 7, SqlDialect::default());
    assert_eq!(stuck, Stuck::Needs, "{text}");
    found.into_iter().map(|(text, ..)| String::from_utf8(text).unwrap()).collect()
}

#[test]
fn statements_end_where_the_stock_client_ends_them() {
    for (text, expected) in [
        ("SELECT ';' ; SELECT \"a;\\\";\" ;\n", &["SELECT ';'", "SELECT \"a;\\\";\""][..]),
        ("-- a; b\nSELECT 1; # c;\n/* d; */ SELECT 2;", &["-- a; b", "SELECT 1", "# c;", "SELECT 2"]),
        ("/*!40101 SET a = ';' */;SELECT `;``;`--1;", &["/*!40101 SET a = ';' */", "SELECT `;``;`--1"]),
        ("SELECT 1 -- ;\n, 2 /* ; */, 3 # ;\n;", &["SELECT 1 -- ;\n, 2 /* ; */, 3 # ;"]),
        (
            "DELIMITER ;;\nCREATE x BEGIN a; ';;' b; END ;;\nDELIMITER ;\nSELECT 1;",
            &["CREATE x BEGIN a; ';;' b; END", "SELECT 1"],
        ),
        (
            "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump\n--\n\nSELECT 1;",
            &["-- MariaDB dump", "--", "SELECT 1"],
        ),
        ("delimiter //\nSELECT '//', $1 // SELECT 2//", &["SELECT '//', $1", "SELECT 2"]),
        (
            "DELIMITER ;;\nCREATE x AS $$ let a = 'it;; $ ` $$ ;;\nCREATE y AS $js$ $$ ' ;; $js$;;\nSELECT a$b$ ;;",
            &["CREATE x AS $$ let a = 'it;; $ ` $$", "CREATE y AS $js$ $$ ' ;; $js$", "SELECT a$b$"],
        ),
    ] {
        assert_eq!(texts(text), expected);
    }
}

#[test]
fn modes_change_what_a_backslash_does() {
    let modes = |no_backslash_escapes, ansi_quotes| SqlDialect { ansi_quotes, no_backslash_escapes };
    let first = |dialect| scan(br"SELECT 'a\';';", 3, dialect).0.into_iter().next().map(|(text, ..)| text);
    assert_eq!(first(modes(true, false)), Some(br"SELECT 'a\'".to_vec()));
    assert_eq!(first(modes(false, false)), Some(br"SELECT 'a\';'".to_vec()));
    let name = |dialect| scan(br#"SELECT "a\";";"#, 3, dialect).0.into_iter().next().map(|(text, ..)| text);
    assert_eq!(name(modes(false, true)), Some(br#"SELECT "a\""#.to_vec()));
}

#[test]
fn lines_and_lists_are_counted() {
    let text = b"\n\nINSERT INTO `t(` (a,b) VALUES (1,'(\n'),(2,f(3)),\n(4,')');\n-- x\nSELECT\n1;";
    let (found, _) = scan(text, 5, SqlDialect::default());
    let counted: Vec<_> = found.iter().map(|(_, line, groups)| (*line, *groups)).collect();
    assert_eq!(counted, [(3, Some(4)), (6, None), (7, Some(0))]);
}

#[test]
fn what_has_no_end_is_cut_short_at_its_line() {
    for text in ["\nSELECT 1", "\nSELECT '", "\n/*!40101 SET a=1 */", "\n/* x", "\nSELECT 1 -- ;", "\nSELECT 'a\\"] {
        let (found, stuck) = scan(text.as_bytes(), 4, SqlDialect::default());
        assert_eq!((found.len(), stuck), (0, Stuck::CutShort { line: 2 }), "{text}");
    }
    assert_eq!(scan(b"SELECT 1;\n-- the end", 4, SqlDialect::default()).0.len(), 2);
}

proptest! {
    #[test]
    fn pieces_of_any_length_give_the_same(
        text in "([a-z;'\"`\\\\#/*!()$\n -]|DELIMITER ;;\n|DELIMITER ;\n|-- |/\\*|\\*/){0,60}",
        piece in 1..20_usize,
        no_backslash_escapes: bool,
        ansi_quotes: bool,
    ) {
        let dialect = SqlDialect { ansi_quotes, no_backslash_escapes };
        prop_assert_eq!(scan(text.as_bytes(), piece, dialect), scan(text.as_bytes(), text.len().max(1), dialect));
    }

    #[test]
    fn no_input_panics(bytes: Vec<u8>, piece in 1..20_usize) {
        scan(&bytes, piece, SqlDialect::default());
    }
}
