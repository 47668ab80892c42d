//! CREATE TABLE in the words of another server, where both can say exactly the same.
//!
//! What a server prints is not always what the other product, or a later version, understands, though it has the same
//! thing. Only such words are replaced; all else is the dump's text.

use std::ops::Range;

use common::server::Server;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use super::ParseError;
use super::create_table::{Body, CreateTable};
use super::element::ElementKind;

/// Pieces of the text, in order, and what stands in their place.
type Edits = Vec<(Range<usize>, Vec<u8>)>;

/// The same table in the words of `server`.
///
/// - An invisible column of MySQL, a comment to MariaDB, is `INVISIBLE` there, too; an invisible key is `IGNORED`.
/// - `geomcollection` of MySQL is `geometrycollection`.
/// - Defaults that are function calls, or of TEXT, BLOB and JSON columns, stand in parentheses for MySQL.
/// - An ARCHIVE table begins to count at 1: it takes no value of its AUTO_INCREMENT column below its counter, which is one
///   more than the largest value once the rows are in.
/// - `utf8mb4` without a collation comes from a server whose default is `utf8mb4_general_ci`: servers of which this is
///   not so always print the collation.
///
/// # Errors
/// If it is no CREATE TABLE statement.
pub fn translate(sql: &[u8], server: Server) -> Result<Vec<u8>, ParseError> {
    let table = CreateTable::parse(sql, SqlDialect::default())?;
    if table.body != Body::Elements {
        return Ok(sql.to_vec());
    }
    let tokens: Vec<_> =
        Tokens::new(sql, SqlDialect::default()).filter(|token| token.kind != TokenKind::Comment).collect();
    let mut edits = Edits::new();
    let mut end = 0;
    for element in &table.elements {
        end = element.end();
        let tokens = inside(&tokens, element.start..end);
        match &element.kind {
            ElementKind::Column(_) => column(tokens, server, &mut edits),
            ElementKind::UniqueKey(_)
            | ElementKind::Key(_)
            | ElementKind::FulltextKey(_)
            | ElementKind::SpatialKey(_) => key(tokens, server, &mut edits),
            _ => {}
        }
    }
    let options = inside(&tokens, end..sql.len());
    collation(options, &mut edits);
    if table.is_archive() {
        counter(options, &mut edits);
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut translated = Vec::with_capacity(sql.len());
    let mut at = 0;
    for (range, text) in edits {
        translated.extend_from_slice(sql.get(at..range.start).unwrap_or_default());
        translated.extend_from_slice(&text);
        at = range.end;
    }
    translated.extend_from_slice(sql.get(at..).unwrap_or_default());
    Ok(translated)
}

/// Those of the tokens that start in a range.
fn inside<'t, 'a>(tokens: &'t [Token<'a>], range: Range<usize>) -> &'t [Token<'a>] {
    let before = |end: usize| tokens.partition_point(|token| token.start < end);
    tokens.get(before(range.start)..before(range.end)).unwrap_or_default()
}

fn column(tokens: &[Token<'_>], server: Server, edits: &mut Edits) {
    if server.is_mariadb_since(10, 3, 0) {
        invisible(tokens, "INVISIBLE", edits);
    }
    if server.is_mariadb()
        && let Some(kind) = tokens.get(1).filter(|kind| kind.is_word("geomcollection"))
    {
        edits.push((kind.start..kind.end(), b"geometrycollection".to_vec()));
    }
    if server.is_mysql_since(8, 0, 13) {
        default(tokens, edits);
    }
    collation(tokens, edits);
}

fn key(tokens: &[Token<'_>], server: Server, edits: &mut Edits) {
    if server.is_mariadb_since(10, 6, 0) {
        invisible(tokens, "IGNORED", edits);
    } else if server.is_mysql_since(8, 0, 0) {
        let ignored = outside(tokens).filter(|(_, token)| token.is_word("IGNORED"));
        edits.extend(ignored.map(|(_, token)| (token.start..token.end(), b"INVISIBLE".to_vec())));
    }
}

/// `/*!80023 INVISIBLE */` as a word.
fn invisible(tokens: &[Token<'_>], word: &str, edits: &mut Edits) {
    for three in tokens.windows(3) {
        if let [open, invisible, close] = three
            && open.kind == TokenKind::CommentOpen
            && invisible.is_word("INVISIBLE")
            && close.kind == TokenKind::CommentClose
        {
            edits.push((open.start..close.end(), word.as_bytes().to_vec()));
        }
    }
}

/// A default in parentheses, if it is a function call, or a literal of a type that has no other default.
fn default(tokens: &[Token<'_>], edits: &mut Edits) {
    const TEXTS: [&str; 9] =
        ["tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json"];
    const TIMES: [&str; 5] = ["CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP", "NULL"];
    let is_text = tokens.get(1).is_some_and(|kind| TEXTS.iter().any(|word| kind.is_word(word)));
    let Some(at) = outside(tokens).find(|(_, token)| token.is_word("DEFAULT")).map(|(index, _)| index + 1) else {
        return;
    };
    let (Some(first), second) = (tokens.get(at), tokens.get(at + 1)) else { return };
    if TIMES.iter().any(|word| first.is_word(word)) {
        return;
    }
    let end = match (first.kind, second) {
        (TokenKind::Word, Some(open)) if open.is_punctuation(b'(') => {
            let arguments = tokens.get(at + 1..).unwrap_or_default();
            // The parenthesis that closes the first is the first token outside of any.
            match outside(arguments).next() {
                Some((_, close)) => close.end(),
                None => return,
            }
        }
        (TokenKind::Word, Some(text)) if is_text && text.kind == TokenKind::String => text.end(),
        (TokenKind::String | TokenKind::Number, _) if is_text => first.end(),
        _ => return,
    };
    edits.push((first.start..first.start, b"(".to_vec()));
    edits.push((end..end, b")".to_vec()));
}

/// The collation that utf8mb4 without one means.
fn collation(tokens: &[Token<'_>], edits: &mut Edits) {
    if outside(tokens).any(|(_, token)| token.is_word("COLLATE")) {
        return;
    }
    for (index, token) in outside(tokens) {
        let is_charset = token.is_word("CHARSET")
            || (token.is_word("SET")
                && index > 0
                && tokens.get(index - 1).is_some_and(|word| word.is_word("CHARACTER")));
        let equals = tokens.get(index + 1).is_some_and(|token| token.is_punctuation(b'='));
        if is_charset
            && let Some(name) = tokens.get(index + 1 + usize::from(equals))
            && name.is_word("utf8mb4")
        {
            edits.push((name.end()..name.end(), b" COLLATE utf8mb4_general_ci".to_vec()));
        }
    }
}

/// Takes out the table's counter.
fn counter(options: &[Token<'_>], edits: &mut Edits) {
    for (index, token) in outside(options) {
        if token.is_word("AUTO_INCREMENT")
            && let Some(number) = options
                .get(index + 1..index + 3)
                .and_then(|rest| rest.iter().find(|token| token.kind == TokenKind::Number))
        {
            edits.push((token.start..number.end(), Vec::new()));
        }
    }
}

/// The tokens outside of parentheses, with their place; a closing one counts.
fn outside<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = (usize, &'t Token<'a>)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter(move |(_, token)| {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(sql: &str, server: &str) -> String {
        String::from_utf8(translate(sql.as_bytes(), server.parse().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn to_mariadb() {
        let sql = "CREATE TABLE `t` (\n  `my_row_id` bigint unsigned NOT NULL AUTO_INCREMENT /*!80023 INVISIBLE */,\n  \
                   `g` geomcollection DEFAULT NULL,\n  `d` int DEFAULT (uuid()) COMMENT '/*!80023 INVISIBLE */',\n  \
                   PRIMARY KEY (`my_row_id`),\n  KEY `k` (`d`) /*!80000 INVISIBLE */\n) \
                   ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
        assert_eq!(
            translated(sql, "mariadb-10.11.6"),
            "CREATE TABLE `t` (\n  `my_row_id` bigint unsigned NOT NULL AUTO_INCREMENT INVISIBLE,\n  \
             `g` geometrycollection DEFAULT NULL,\n  `d` int DEFAULT (uuid()) COMMENT '/*!80023 INVISIBLE */',\n  \
             PRIMARY KEY (`my_row_id`),\n  KEY `k` (`d`) IGNORED\n) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
        );
        assert_eq!(translated(sql, "mysql-9.7.0"), sql);
    }

    #[test]
    fn to_mysql() {
        let sql = "CREATE TABLE `t` (\n  `IGNORED` int(11) DEFAULT NULL,\n  `b` varchar(9) DEFAULT concat('a)',(`c`)) COMMENT 'x',\n  \
                   `c` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT '{}' CHECK (json_valid(`c`)),\n  \
                   `d` datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),\n  `e` int(11) DEFAULT (1 + 2),\n  \
                   `f` blob DEFAULT _utf8mb4'x',\n  `g` varchar(9) DEFAULT 'x',\n  `h` date DEFAULT curdate(),\n  \
                   `i` text DEFAULT NULL,\n  UNIQUE KEY `IGNORED` (`IGNORED`) IGNORED\n) ENGINE=InnoDB DEFAULT CHARSET=latin1";
        assert_eq!(
            translated(sql, "mysql-9.7.0"),
            "CREATE TABLE `t` (\n  `IGNORED` int(11) DEFAULT NULL,\n  `b` varchar(9) DEFAULT (concat('a)',(`c`))) COMMENT 'x',\n  \
             `c` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT ('{}') CHECK (json_valid(`c`)),\n  \
             `d` datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),\n  `e` int(11) DEFAULT (1 + 2),\n  \
             `f` blob DEFAULT (_utf8mb4'x'),\n  `g` varchar(9) DEFAULT 'x',\n  `h` date DEFAULT (curdate()),\n  \
             `i` text DEFAULT NULL,\n  UNIQUE KEY `IGNORED` (`IGNORED`) INVISIBLE\n) ENGINE=InnoDB DEFAULT CHARSET=latin1"
        );
        assert_eq!(translated(sql, "mariadb-10.11.6"), sql);
        assert_eq!(translated(sql, "mysql-5.7.44"), sql);
    }

    #[test]
    fn an_archive_table_without_its_counter() {
        let sql =
            |counter| format!("CREATE TABLE t (a int AUTO_INCREMENT, KEY (a)) ENGINE=ARCHIVE {counter}CHARSET=latin1");
        for server in ["mysql-9.7.0", "mariadb-10.11.6"] {
            assert_eq!(translated(&sql("AUTO_INCREMENT=7 "), server), sql(" "));
        }
    }

    #[test]
    fn the_collation_that_older_servers_do_not_print() {
        let sql = "CREATE TABLE t (\n a varchar(9) CHARACTER SET utf8mb4 DEFAULT NULL,\n b text CHARACTER SET latin1,\n \
                   c text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin) DEFAULT CHARSET=utf8mb4 COMMENT='x'";
        for server in ["mysql-9.7.0", "mariadb-10.11.6", "mysql-5.7.44"] {
            assert_eq!(
                translated(sql, server),
                "CREATE TABLE t (\n a varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT NULL,\n \
                 b text CHARACTER SET latin1,\n c text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin) \
                 DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_general_ci COMMENT='x'"
            );
        }
    }
}
