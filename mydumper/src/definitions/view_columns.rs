//! Names of views' columns that SHOW CREATE VIEW changes.
//!
//! MySQL drops white space at the beginning of a name after `AS`, both when it prints and when it reads the definition. A
//! list of columns after the view's name is kept.

use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;

use crate::catalog::Column;

/// Whether a definition without a list of columns would change a name.
pub fn needs_column_list(columns: &[Column]) -> bool {
    columns.iter().any(|column| column.name.starts_with(|first: char| first.is_ascii_whitespace() || first == '\x0b'))
}

/// CREATE VIEW with the list of its columns, unless it has one.
pub fn with_column_list(create: &[u8], names: &[&[u8]]) -> Vec<u8> {
    let quoted: Vec<Vec<u8>> = names.iter().map(|name| quoted(name)).collect();
    match end_of_name(create) {
        Some(end) if !names.is_empty() => {
            [&create[..end], b" (", &quoted.join(b",".as_slice()), b")", &create[end..]].concat()
        }
        _ => create.to_vec(),
    }
}

/// The end of the view's name, if no list of columns follows.
fn end_of_name(create: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(create, SqlDialect::default());
    while !cursor.eat("VIEW") {
        cursor.take()?;
    }
    cursor.name("the view's name").ok()?;
    if cursor.eat_punctuation(b'.') {
        cursor.name("the view's name").ok()?;
    }
    (!cursor.at_punctuation(b'(')).then_some(cursor.end)
}

/// A name of any character set in backticks.
fn quoted(name: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'`'];
    for &byte in name {
        quoted.push(byte);
        if byte == b'`' {
            quoted.push(byte);
        }
    }
    quoted.push(b'`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_inserted_after_the_name() {
        let names = [b" a".as_slice(), b"b`c"];
        for (create, expected) in [
            (
                "CREATE DEFINER=`VIEW`@`h` SQL SECURITY DEFINER VIEW `VIEW` AS select `t`.` a` AS `a`",
                "CREATE DEFINER=`VIEW`@`h` SQL SECURITY DEFINER VIEW `VIEW` (` a`,`b``c`) AS select `t`.` a` AS `a`",
            ),
            ("CREATE VIEW `d`.`v` AS select 1", "CREATE VIEW `d`.`v` (` a`,`b``c`) AS select 1"),
            ("CREATE VIEW `v` (`x`) AS select 1", "CREATE VIEW `v` (`x`) AS select 1"),
        ] {
            assert_eq!(String::from_utf8(with_column_list(create.as_bytes(), &names)).unwrap(), expected);
        }
    }
}
