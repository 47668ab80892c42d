//! Whether rows of the dump mean the same in the columns of a table that is there: pure.
//!
//! Rows hold the bytes of each column in its own character set, so they are text of another one in a column that has
//! another. Of other types, what a column cannot hold shows when it is stored; here is what would not show.

use common::server::Server;

use super::dumped::{DumpedColumn, DumpedTable};

/// A column of the server's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetColumn {
    pub name: String,
    /// `DATA_TYPE`, in lower case.
    pub data_type: String,
    pub charset: Option<String>,
    /// The list behind ENUM or SET.
    pub members: String,
    pub generated: bool,
    pub invisible: bool,
    /// Whether a row needs no value of it.
    pub optional: bool,
}

/// What does not fit, a sentence each.
pub fn misfits(dumped: &DumpedTable, target: &[TargetColumn], server: Server) -> Vec<String> {
    let is_named = |target: &TargetColumn, name: &str| target.name.to_lowercase() == name.to_lowercase();
    let inserted: Vec<&DumpedColumn> = dumped.columns.iter().filter(|column| !column.column.generated).collect();
    if inserted.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for DumpedColumn { column, .. } in &dumped.columns {
        let name = column.name.escape_debug();
        let there = target.iter().find(|other| is_named(other, &column.name));
        match there {
            // Its values are not in the dump.
            None if column.generated => {}
            None => found.push(format!("the table has no column {name}: add it")),
            Some(there) if there.generated != column.generated => found.push(if column.generated {
                format!("column {name} is generated in the dump, which has no values of it, and is not here: make it generated")
            } else {
                format!("column {name} is generated here, and has values in the dump: make it a column that is not generated")
            }),
            Some(_) if column.generated => {}
            Some(there) => found.extend(other_meaning(column, there, server)),
        }
    }
    for column in target.iter().filter(|column| !column.generated && !column.optional) {
        if dumped.column(&column.name).is_none() {
            let name = column.name.escape_debug();
            found.push(format!("column {name} is not in the dump, NOT NULL and without a default: give it a default"));
        }
    }
    let visible = || target.iter().filter(|column| !column.invisible);
    let same = || {
        visible().count() == inserted.len()
            && visible().zip(&inserted).all(|(there, column)| is_named(there, &column.column.name))
    };
    if found.is_empty() && !dumped.named && !same() {
        let list = |names: Vec<&str>| names.join(", ").escape_debug().to_string();
        found.push(format!(
            "the dump's INSERTs do not name their columns, which are {}, and the table has {}: give it these columns in this \
             order, or dump with --complete-insert",
            list(inserted.iter().map(|column| column.column.name.as_str()).collect()),
            list(visible().map(|column| column.name.as_str()).collect())
        ));
    }
    found
}

/// Why values of a column would become others without a warning of the server.
fn other_meaning(
    dumped: &common::backup::table_columns::TableColumn,
    there: &TargetColumn,
    server: Server,
) -> Option<String> {
    const NOT_ASCII: [&str; 4] = ["ucs2", "utf16", "utf16le", "utf32"];
    const WITHOUT_ZONE: [&str; 3] = ["datetime", "date", "time"];
    let name = dumped.name.escape_debug();
    let (from, to) = (dumped.data_type.as_str(), there.data_type.as_str());
    let charset = |name: &str| if name == "utf8" { "utf8mb3".to_owned() } else { name.to_owned() };
    // They come as text in utf8mb4, from a server that has the type.
    let comes_as_text = matches!(from, "json" | "uuid" | "inet4" | "inet6");
    let is_list = |data_type: &str| matches!(data_type, "enum" | "set");
    let is_binary = |data_type: &str| data_type.ends_with("binary") || data_type.ends_with("blob");
    if let Some(members) = &dumped.numbers_of
        && (from != to || (!members.is_empty() && *members != there.members))
    {
        let from = from.to_uppercase();
        return Some(format!(
            "column {name} has numbers of {from} members in the dump, and other members here: make them the same"
        ));
    }
    if server.takes_only_text(to) && !comes_as_text {
        let to = to.to_uppercase();
        return Some(format!(
            "column {name} is {to} here, which does not take the dump's values of {}",
            from.to_uppercase()
        ));
    }
    let is_zone = |one: &str, other: &str| one == "timestamp" && WITHOUT_ZONE.contains(&other);
    if is_zone(from, to) || is_zone(to, from) {
        return Some(format!(
            "column {name} is {} in the dump and {} here, and only TIMESTAMP moves with the time zone: make it {0}",
            from.to_uppercase(),
            to.to_uppercase()
        ));
    }
    if turns_silently(from, to) {
        return Some(format!(
            "column {name} is {} in the dump and {} here, where values become others without a warning: make it {0}",
            from.to_uppercase(),
            to.to_uppercase()
        ));
    }
    let to_charset = charset(there.charset.as_deref()?);
    let Some(from_charset) = dumped.charset.as_deref().map(charset) else {
        let is_known = !(comes_as_text || is_binary(from) || is_text(from) || is_list(from));
        return (is_known && NOT_ASCII.contains(&to_charset.as_str())).then(|| {
            format!(
                "column {name} is {} in the dump and text of {to_charset} here: make it text of utf8mb4",
                from.to_uppercase()
            )
        });
    };
    let fits = match (from_charset.as_str(), to_charset.as_str()) {
        (from, to) if from == to => true,
        // What is more in the first, the server rejects.
        ("utf8mb4" | "ascii", "utf8mb3") | ("utf8mb3" | "ascii", "utf8mb4") | ("binary", _) | (_, "binary") => true,
        _ => false,
    };
    (!fits).then(|| {
        format!(
            "column {name} is text of {from_charset} in the dump and of {to_charset} here, where its bytes are other \
             characters: make it CHARACTER SET {from_charset}"
        )
    })
}

/// Whether values of one type become others in a column of another, and no server says so (tried on both): 2 is the second
/// member of an ENUM, '10:11:12' a date, 130 a time, and long numbers lose digits.
fn turns_silently(from: &str, to: &str) -> bool {
    let is_binary = from.ends_with("binary") || from.ends_with("blob");
    match to {
        _ if from == to => false,
        "enum" | "set" => !matches!(from, "enum" | "set"),
        "bit" | "year" => true,
        "time" => !is_text(from),
        "date" | "datetime" => !(is_text(from) || matches!(from, "date" | "datetime" | "timestamp")),
        "timestamp" => !is_text(from),
        "binary" => is_binary || is_text(from),
        "float" => !matches!(from, "tinyint" | "smallint") && !is_text(from),
        "double" => matches!(from, "bigint" | "decimal"),
        _ => false,
    }
}

fn is_text(data_type: &str) -> bool {
    data_type.ends_with("char") || data_type.ends_with("text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::backup::table_columns::TableColumn;

    const SERVER: &str = "mysql-9.7.0";

    /// `name type [charset] [G]`, separated by commas.
    fn dumped(text: &str, named: bool) -> DumpedTable {
        let column = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            let charset = words.get(2).filter(|word| **word != "G").map(|word| (*word).to_owned());
            let column = TableColumn {
                name: words[0].into(),
                data_type: words[1].into(),
                charset,
                generated: words.contains(&"G"),
                numbers_of: None,
            };
            DumpedColumn { column, ..DumpedColumn::default() }
        };
        DumpedTable { columns: text.split(',').map(column).collect(), named, ..DumpedTable::default() }
    }

    /// The same, and `R` for a column that a row has to give a value, `I` for an invisible one.
    fn target(text: &str) -> Vec<TargetColumn> {
        let column = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            let charset = words.get(2).filter(|word| word.len() > 1).map(|word| (*word).to_owned());
            TargetColumn {
                name: words[0].into(),
                data_type: words[1].into(),
                charset,
                members: String::new(),
                generated: words.contains(&"G"),
                invisible: words.contains(&"I"),
                optional: !words.contains(&"R"),
            }
        };
        text.split(',').map(column).collect()
    }

    #[track_caller]
    fn fits(from: &str, named: bool, to: &str) {
        assert_eq!(misfits(&dumped(from, named), &target(to), SERVER.parse().unwrap()), [""; 0], "{from} → {to}");
    }

    #[track_caller]
    fn misfit(from: &str, named: bool, to: &str, expected: &str) {
        let found = misfits(&dumped(from, named), &target(to), SERVER.parse().unwrap());
        assert_eq!(found.len(), 1, "{from} → {to}: {found:?}");
        assert!(found[0].contains(expected), "{from} → {to}: {}", found[0]);
    }

    #[test]
    fn harmless_differences_pass() {
        fits("id int,a varchar latin1", false, "ID bigint R,A text latin1");
        fits("a varchar utf8", false, "a varchar utf8mb4");
        fits("a varchar utf8mb4", false, "a varchar utf8mb3");
        fits("a varchar ascii", false, "a varchar utf8mb4");
        fits("a varchar latin1", false, "a varbinary");
        fits("a blob", false, "a text latin1");
        fits("a json", false, "a longtext latin1");
        fits("a int", false, "a varchar latin1");
        fits("a enum latin1", false, "a varchar latin1");
        fits("b int,a int", true, "a int R,b int R,c int");
        fits("a int", false, "a int R,c int I");
        fits("a int,g int G", true, "a int,g int G");
        fits("a int,g int G", true, "a int");
        fits("a varchar", false, "a varchar latin1");
        fits("a enum utf8mb4", false, "a set utf8mb4");
        fits("a date", false, "a datetime");
        fits("a varchar utf8mb4", false, "a date");
        fits("a int", false, "a double");
        fits("a float", false, "a double");
        fits("a bigint", false, "a decimal");
    }

    #[test]
    fn what_would_change_values_does_not() {
        misfit("a varchar latin1", false, "a varchar utf8mb4", "text of latin1 in the dump and of utf8mb4 here");
        misfit("a enum utf8mb4", false, "a enum latin1", "text of utf8mb4 in the dump and of latin1 here");
        misfit("a varchar ascii", false, "a varchar utf16", "make it CHARACTER SET ascii");
        misfit("a date", false, "a varchar utf16", "is DATE in the dump and text of utf16 here");
        misfit("a timestamp", false, "a datetime", "is TIMESTAMP in the dump and DATETIME here");
        misfit("a datetime", false, "a timestamp", "make it DATETIME");
        misfit(
            "a longtext utf8mb4",
            false,
            "a json",
            "is JSON here, which does not take the dump's values of LONGTEXT",
        );
        let turned = "where values become others without a warning: make it ";
        for (from, to) in [
            ("int", "enum utf8mb4"),
            ("varchar utf8mb4", "set utf8mb4"),
            ("int", "bit"),
            ("varchar utf8mb4", "year"),
            ("int", "time"),
            ("time", "date"),
            ("time", "datetime"),
            ("int", "date"),
            ("varbinary", "binary"),
            ("double", "float"),
            ("bigint", "double"),
        ] {
            let expected = format!("{turned}{}", from.split(' ').next().unwrap().to_uppercase());
            misfit(&format!("a {from}"), false, &format!("a {to}"), &expected);
        }
        misfit("a int,b int", true, "a int", "the table has no column b");
        misfit("a int", true, "a int,b int R", "column b is not in the dump, NOT NULL and without a default");
        misfit("a int,g int G", true, "a int,g int", "column g is generated in the dump");
        misfit("a int,g int", true, "a int,g int G", "column g is generated here");
        misfit("a int,b int", false, "b int,a int", "which are a, b, and the table has b, a");
        misfit("a int", false, "a int,b int", "which are a, and the table has a, b");
        let mut numbered = dumped("a enum utf8mb4", false);
        numbered.columns[0].column.numbers_of = Some("'','x'".into());
        let found = misfits(&numbered, &target("a varchar utf8mb4"), SERVER.parse().unwrap());
        assert!(found[0].contains("has numbers of ENUM members"), "{found:?}");
        let mut same = target("a enum utf8mb4");
        same[0].members = "'','x'".into();
        assert_eq!(misfits(&numbered, &same, SERVER.parse().unwrap()), [""; 0]);
    }
}
