//! Generated columns: mariadb-dump also dumps their values, which no server takes.
//!
//! MariaDB leaves such a value out with a warning, MySQL refuses the row. So they are taken out of the rows, and the
//! server computes them as it does in any restore.

use common::sql::quote_identifier;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use crate::ddl::create_table::CreateTable;
use crate::ddl::element::ElementKind;

/// The columns of a table that has generated ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedColumns(Vec<Column>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: Vec<u8>,
    generated: bool,
    invisible: bool,
}

impl GeneratedColumns {
    /// Of a CREATE TABLE statement; `None` if it has none.
    pub fn of(create: &[u8]) -> Option<GeneratedColumns> {
        let table = CreateTable::parse(create, SqlDialect::default()).ok()?;
        let columns: Vec<Column> = table
            .elements
            .iter()
            .filter_map(|element| match &element.kind {
                ElementKind::Column(column) => Some(Column {
                    name: column.name.clone(),
                    generated: has_word(element.text, "AS"),
                    invisible: has_word(element.text, "INVISIBLE"),
                }),
                _ => None,
            })
            .collect();
        columns.iter().any(|column| column.generated).then_some(GeneratedColumns(columns))
    }

    /// An INSERT statement without the values of generated columns; `None` if it has none, or is not understood.
    pub fn leave_out(&self, sql: &[u8], dialect: SqlDialect) -> Option<Vec<u8>> {
        let tokens: Vec<Token<'_>> =
            Tokens::new(sql, dialect).take_while(|token| !token.is_word("VALUES") && !token.is_word("VALUE")).collect();
        let values = Tokens::new(sql, dialect).find(|token| token.is_word("VALUES") || token.is_word("VALUE"))?;
        let list = tokens.iter().position(|token| token.is_punctuation(b'('));
        let listed: Option<Vec<&Column>> = match list {
            None => None,
            Some(list) => {
                let names = tokens.get(list..)?.iter().filter_map(Token::identifier);
                Some(names.map(|name| self.column(&name)).collect::<Option<_>>()?)
            }
        };
        let count = first_row(sql.get(values.end()..)?, dialect)?;
        let columns: Vec<&Column> = match listed {
            Some(listed) => listed,
            None if count == self.0.len() => self.0.iter().collect(),
            None => self.0.iter().filter(|column| !column.invisible).collect(),
        };
        let is_kept: Vec<bool> = columns.iter().map(|column| !column.generated).collect();
        if count != columns.len() || !is_kept.contains(&true) || !is_kept.contains(&false) {
            return None;
        }
        let head_end = list.and_then(|list| tokens.get(list)).map_or(values.start, |token| token.start);
        let mut text = sql.get(..head_end)?.to_vec();
        let names =
            columns.iter().filter(|column| !column.generated).map(|column| String::from_utf8_lossy(&column.name));
        let names: Vec<String> = names.map(|name| quote_identifier(&name)).collect();
        text.extend_from_slice(format!("({}) VALUES", names.join(",")).as_bytes());
        rows(sql, values.end(), dialect, &is_kept, &mut text)?;
        Some(text)
    }

    fn column(&self, name: &[u8]) -> Option<&Column> {
        self.0.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// Whether a column's text has this word outside of parentheses.
fn has_word(text: &[u8], word: &str) -> bool {
    let mut depth = 0_u32;
    Tokens::new(text, SqlDialect::default()).any(|token| {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_word(word)
    })
}

/// How many values the first row has.
fn first_row(values: &[u8], dialect: SqlDialect) -> Option<usize> {
    let (mut depth, mut count) = (0_u32, 1);
    for token in Tokens::new(values, dialect) {
        match token.text {
            b"(" => depth += 1,
            b")" if depth == 1 => return Some(count),
            b")" => depth = depth.checked_sub(1)?,
            b"," if depth == 1 => count += 1,
            _ => {}
        }
    }
    None
}

/// Copies rows but for the values that are not kept.
fn rows(sql: &[u8], from: usize, dialect: SqlDialect, is_kept: &[bool], text: &mut Vec<u8>) -> Option<()> {
    let (mut depth, mut column, mut start, mut any) = (0_u32, 0, 0, false);
    let rest = sql.get(from..)?;
    let mut copied = 0;
    for token in Tokens::new(rest, dialect) {
        if token.kind == TokenKind::Punctuation {
            match token.text {
                b"(" => {
                    depth += 1;
                    if depth == 1 {
                        text.extend_from_slice(rest.get(copied..token.end())?);
                        (column, start, any) = (0, token.end(), false);
                    }
                }
                b"," | b")" if depth == 1 => {
                    if *is_kept.get(column)? {
                        if std::mem::replace(&mut any, true) {
                            text.push(b',');
                        }
                        text.extend_from_slice(rest.get(start..token.start)?);
                    }
                    (column, start) = (column + 1, token.end());
                    if token.text == b")" {
                        if column != is_kept.len() {
                            return None;
                        }
                        depth = 0;
                        copied = token.start;
                    }
                }
                b")" => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
    }
    text.extend_from_slice(rest.get(copied..)?);
    (depth == 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: &[u8] = b"CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  `g` int(11) GENERATED ALWAYS AS (`id` * 2) STORED,\n  \
        `c` varchar(5) DEFAULT (concat('as',1)) COMMENT 'as',\n  `h` int(11) AS (f(`id`,1)) VIRTUAL,\n  PRIMARY KEY (`id`)\n)";

    fn leave_out(sql: &str) -> Option<String> {
        let columns = GeneratedColumns::of(CREATE).unwrap();
        columns.leave_out(sql.as_bytes(), SqlDialect::default()).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn values_of_generated_columns_are_left_out() {
        for (sql, expected) in [
            (
                "INSERT INTO `t` VALUES\n(1,2,'a,)(',f(3,4)),\n(2,4,NULL,5)",
                "INSERT INTO `t` (`id`,`c`) VALUES\n(1,'a,)('),\n(2,NULL)",
            ),
            ("REPLACE INTO `t` (`h`, `id`) VALUES (5,1)", "REPLACE INTO `t` (`id`) VALUES (1)"),
        ] {
            assert_eq!(leave_out(sql).as_deref(), Some(expected), "{sql}");
        }
    }

    #[test]
    fn other_statements_stay() {
        for sql in [
            "INSERT INTO `t` (`id`,`c`) VALUES (1,'a')",
            "INSERT INTO `t` VALUES (1,2)",
            "INSERT INTO `t` VALUES (1,2,3,4),(1,2,3)",
            "INSERT INTO `t` VALUES (1,2,3,4",
            "INSERT INTO `t` (`other`) VALUES (1)",
            "INSERT INTO `t` SELECT 1",
        ] {
            assert_eq!(leave_out(sql), None, "{sql}");
        }
        assert_eq!(GeneratedColumns::of(b"CREATE TABLE `t` (`as` int, `b` int DEFAULT (1) COMMENT 'as')"), None);
    }
}
