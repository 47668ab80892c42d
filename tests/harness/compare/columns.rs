//! What columns hold by their definition: members of ENUM and SET, and defaults, as bytes.
//!
//! SHOW CREATE and information_schema print both through a character set that lacks many characters, and FLOAT
//! defaults with six digits, so that different definitions read equal.

use crate::quote_name;
use crate::sql::{Client, text};

/// The exact members of an ENUM or SET and the exact default of a column, as one text; empty for columns whose
/// definition is shown exactly.
///
/// `COLUMN_TYPE` and `COLUMN_DEFAULT` are those of information_schema.
pub(super) fn exact(
    client: &mut Client,
    table: &str,
    column: &str,
    column_type: &str,
    default: Option<&str>,
) -> String {
    let name = quote_name(column);
    let mut lines = Vec::new();
    let count = column_type.matches("','").count() + 1;
    // A recursive query's column has the type that it has in the first part: numbers become members.
    let member = |number: &str| {
        format!(
            "WITH RECURSIVE m (n, v) AS (SELECT 0, {table}.{name} FROM (SELECT 1) a LEFT JOIN {table} ON 1 = 0 \
             UNION ALL SELECT n + 1, {number} FROM m WHERE n < {count}) SELECT HEX(v) FROM m WHERE n > 0 ORDER BY n"
        )
    };
    let query = match column_type {
        _ if column_type.starts_with("enum(") => member("n + 1"),
        _ if column_type.starts_with("set(") => member("1 << n"),
        _ => String::new(),
    };
    if !query.is_empty() {
        lines.extend(client.query(query).iter().map(|row| format!("member {}", text(&row[0]))));
    }
    if default.is_some() && is_plain(column_type) {
        let value = match column_type.starts_with("float") {
            true => format!("CONCAT(DEFAULT({name})*1e0, IF(ATAN2(DEFAULT({name}), -1) < 0, ' negative', ''))"),
            false => format!("HEX(DEFAULT({name}))"),
        };
        // A column that is NOT NULL has its default in real rows only.
        for source in [format!("(SELECT 1) a LEFT JOIN {table} ON 1 = 0"), format!("{table} LIMIT 1")] {
            let rows = client.query(format!("SELECT {value} FROM {source}"));
            lines.extend(rows.iter().map(|row| format!("default {}", text(&row[0]))));
        }
    }
    lines.join("\n")
}

/// Types whose default is printed through a character set or rounded. A LOB's is an expression.
fn is_plain(column_type: &str) -> bool {
    ["char", "varchar", "binary", "varbinary", "enum(", "set(", "float"]
        .iter()
        .any(|name| column_type.starts_with(name))
}
