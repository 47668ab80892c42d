//! The columns that a table's rows are dumped of, so that a restore into a table that is there can compare them.
//!
//! As text they are a list: `` `id` int,`name` varchar CHARSET latin1,`twice` int GENERATED ``.

use crate::sql::cursor::Cursor;
use crate::sql::quote_identifier;
use crate::sql::token::SqlDialect;

/// A column, as far as it decides what its values mean in another table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// `DATA_TYPE`, in lower case.
    pub data_type: String,
    /// The character set of text; `None` also if it is not known.
    pub charset: Option<String>,
    /// Whether the server computes it, so that rows have no values of it.
    pub generated: bool,
    /// The members of an ENUM or SET whose values are dumped as numbers, as SQL; empty if they are not known.
    pub numbers_of: Option<String>,
}

/// Columns as text.
pub fn to_text<'a>(columns: impl IntoIterator<Item = &'a TableColumn>) -> String {
    let text = |column: &TableColumn| {
        let mut text = format!("{} {}", quote_identifier(&column.name), column.data_type);
        if let Some(charset) = &column.charset {
            text.push_str(" CHARSET ");
            text.push_str(charset);
        }
        text.push_str(if column.numbers_of.is_some() { " NUMBERS" } else { "" });
        text.push_str(if column.generated { " GENERATED" } else { "" });
        text
    };
    columns.into_iter().map(text).collect::<Vec<_>>().join(",")
}

/// The columns of a text; `None` if it is not understood, as that of a later version.
pub fn parse(text: &str) -> Option<Vec<TableColumn>> {
    let mut cursor = Cursor::new(text.as_bytes(), SqlDialect::default());
    let mut columns = Vec::new();
    loop {
        let name = String::from_utf8(cursor.name("a column").ok()?).ok()?;
        let data_type = String::from_utf8(cursor.name("a type").ok()?).ok()?;
        let mut column = TableColumn { name, data_type, ..TableColumn::default() };
        if cursor.eat("CHARSET") {
            column.charset = Some(String::from_utf8(cursor.name("a character set").ok()?).ok()?);
        }
        column.numbers_of = cursor.eat("NUMBERS").then(String::new);
        column.generated = cursor.eat("GENERATED");
        columns.push(column);
        if !cursor.eat_punctuation(b',') {
            return cursor.peek().is_none().then_some(columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let column = |name: &str, data_type: &str| TableColumn {
            name: name.to_owned(),
            data_type: data_type.to_owned(),
            ..TableColumn::default()
        };
        let columns = [
            column("id", "int"),
            TableColumn { charset: Some("latin1".into()), ..column("a,`b GENERATED\n", "varchar") },
            TableColumn { generated: true, ..column("é", "int") },
            TableColumn { charset: Some("utf8mb4".into()), numbers_of: Some(String::new()), ..column("e", "enum") },
        ];
        let text = to_text(&columns);
        assert_eq!(
            text,
            "`id` int,`a,``b GENERATED\n` varchar CHARSET latin1,`é` int GENERATED,`e` enum CHARSET utf8mb4 NUMBERS"
        );
        assert_eq!(parse(&text), Some(columns.to_vec()));
        for unknown in ["", "`id`", "`id` int,", "`id` int BLUE"] {
            assert_eq!(parse(unknown), None, "{unknown}");
        }
    }
}
