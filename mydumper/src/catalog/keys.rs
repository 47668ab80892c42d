//! Unique keys of tables, from information_schema.STATISTICS, and the choice of the key that splits a table into chunks.

use common::server::Server;
use common::server::connection::RowRef;

use super::column::Column;
use crate::plan::chunk::{Key, KeyColumn, KeyKind};

const PRIMARY: &str = "PRIMARY";

/// The unique indexes of a table with their names. Most tables have one, for which a map would take ten times the memory.
#[derive(Debug, Default)]
pub struct UniqueIndexes(Vec<(String, Vec<Part>)>);

/// A column of an index.
#[derive(Debug)]
struct Part {
    /// `None` for an expression.
    column: Option<String>,
    nullable: bool,
    /// Whether the index has only a prefix of the column, and so is not in the column's order.
    is_prefix: bool,
    /// Whether the optimizer can use the index for ranges.
    usable: bool,
}

impl UniqueIndexes {
    /// The columns of STATISTICS that [`UniqueIndexes::add`] reads.
    pub fn columns(server: &Server) -> String {
        let ignored = if server.is_mysql_since(8, 0, 0) {
            "IS_VISIBLE = 'NO'"
        } else if server.is_mariadb_since(10, 6, 0) {
            "IGNORED = 'YES'"
        } else {
            "0"
        };
        format!("INDEX_NAME, COLUMN_NAME, NULLABLE = 'YES', SUB_PART IS NOT NULL, INDEX_TYPE = 'BTREE', {ignored}")
    }

    /// Adds a row in which those columns begin at number `first`. Rows come index by index, in the order of SEQ_IN_INDEX.
    pub fn add(&mut self, row: RowRef<'_>, first: usize) {
        let is = |column| row.number(first + column) == Some(1);
        let part = Part {
            column: row.bytes(first + 1).map(|name| String::from_utf8_lossy(name).into_owned()),
            nullable: is(2),
            is_prefix: is(3),
            usable: is(4) && !is(5),
        };
        let name = row.bytes(first).unwrap_or_default();
        match self.0.last_mut() {
            Some((last, parts)) if last.as_bytes() == name => parts.push(part),
            _ => {
                self.0.reserve_exact(1);
                self.0.push((row.text(first), vec![part]));
            }
        }
    }

    /// In an order that does not depend on how the server compares names.
    fn by_name(&self) -> Vec<&(String, Vec<Part>)> {
        let mut indexes: Vec<_> = self.0.iter().collect();
        indexes.sort_by_key(|(name, _)| name);
        indexes
    }

    /// The primary key's columns.
    pub fn primary_key(&self) -> Vec<String> {
        let primary = self.0.iter().filter(|(name, _)| name == PRIMARY);
        primary.flat_map(|(_, parts)| parts).filter_map(|part| part.column.clone()).collect()
    }

    /// The key to split by: the primary key, else a unique key without nullable columns, preferably one that begins with an
    /// integer. `utc` is as for [`KeyKind::of_type`].
    pub fn chunk_key(&self, columns: &[Column], utc: bool, single_column: bool) -> Option<Key> {
        let indexes = self.by_name();
        let usable = indexes.into_iter().filter(|(_, parts)| parts.iter().all(|part| part.usable && !part.nullable));
        let keys = usable.filter_map(|(name, parts)| {
            let columns = parts.iter().map_while(|part| part.key_column(columns, utc));
            let columns: Vec<KeyColumn> = columns.take(if single_column { 1 } else { usize::MAX }).collect();
            (!columns.is_empty()).then(|| Key { index: name.clone(), columns })
        });
        keys.min_by_key(|key| (key.index != PRIMARY, key.columns[0].kind != KeyKind::Integer))
    }
}

impl Part {
    fn key_column(&self, columns: &[Column], utc: bool) -> Option<KeyColumn> {
        let name = self.column.as_ref().filter(|_| !self.is_prefix)?;
        let column = columns.iter().find(|column| *column.name == **name)?;
        // InnoDB sorts such values with their padding, and the server compares them without.
        if *column.data_type == *"char" && column.no_pad {
            return None;
        }
        let kind = KeyKind::of_type(&column.data_type, column.charset.as_deref(), utc)?;
        Some(KeyColumn { name: name.clone(), kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(column: &str) -> Part {
        Part { column: Some(column.into()), nullable: false, is_prefix: false, usable: true }
    }

    fn key(indexes: impl IntoIterator<Item = (&'static str, Vec<Part>)>) -> Option<String> {
        let columns =
            [("i", "int"), ("j", "bigint"), ("d", "date"), ("f", "double"), ("e", "enum"), ("ts", "timestamp")];
        let columns = columns.map(|(name, data_type)| Column {
            name: name.into(),
            data_type: data_type.into(),
            charset: None,
            has_empty_member: false,
            auto_increment: false,
            generated: false,
            stored: false,
            invisible: false,
            no_pad: false,
            period: false,
        });
        let indexes = UniqueIndexes(indexes.into_iter().map(|(name, parts)| (name.to_owned(), parts)).collect());
        let key = indexes.chunk_key(&columns, true, false)?;
        let names: Vec<String> = key.columns.into_iter().map(|column| column.name).collect();
        Some(format!("{}({})", key.index, names.join(",")))
    }

    #[test]
    fn the_primary_key_comes_first_then_integers() {
        let all = || [("PRIMARY", vec![part("d"), part("i")]), ("a", vec![part("d")]), ("b", vec![part("j")])];
        assert_eq!(key(all()).as_deref(), Some("PRIMARY(d,i)"));
        assert_eq!(key(all().into_iter().skip(1)).as_deref(), Some("b(j)"));
        assert_eq!(key([("PRIMARY", vec![part("f")]), ("a", vec![part("d")])]).as_deref(), Some("a(d)"));
    }

    #[test]
    fn columns_that_cannot_be_compared_end_the_key() {
        assert_eq!(key([("PRIMARY", vec![part("i"), part("e"), part("j")])]).as_deref(), Some("PRIMARY(i)"));
        let prefix = || Part { is_prefix: true, ..part("j") };
        assert_eq!(key([("PRIMARY", vec![part("i"), prefix()])]).as_deref(), Some("PRIMARY(i)"));
        assert_eq!(key([("PRIMARY", vec![prefix()])]), None);
        assert_eq!(key([("PRIMARY", vec![part("e")])]), None);
    }

    #[test]
    fn keys_that_leave_rows_out_or_are_not_read_are_refused() {
        assert_eq!(key([("u", vec![part("i"), Part { nullable: true, ..part("j") }])]), None);
        assert_eq!(key([("u", vec![part("i"), Part { column: None, ..part("j") }])]).as_deref(), Some("u(i)"));
        assert_eq!(key([("u", vec![Part { usable: false, ..part("i") }])]), None);
        assert_eq!(key([]), None);
    }
}
