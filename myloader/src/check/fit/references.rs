//! Whether foreign keys of tables that stay fit the table that comes in place of the one that they refer to: pure.
//!
//! MySQL refuses CREATE TABLE where they do not, whatever `foreign_key_checks` is, which is after the old table was dropped.
//! MariaDB takes it. (Tried on MySQL 9.7 and MariaDB 10.11.)

use super::dumped::DumpedTable;
use crate::jobs::target::{Reference, ReferenceColumn};

/// Why MySQL would not create the dump's table beside a foreign key; only what is certain.
pub fn misfit(dumped: &DumpedTable, reference: &Reference) -> Option<String> {
    if dumped.engine.as_deref() != Some("INNODB") {
        return None;
    }
    let why = if dumped.is_partitioned {
        "the dump's table has partitions, which a foreign key cannot refer to".to_owned()
    } else {
        reference
            .columns
            .iter()
            .find_map(|column| other_column(dumped, column))
            .or_else(|| lacks_key(dumped, reference))?
    };
    Some(format!(
        "foreign key {} of {}, which stays, refers to it: {why}; drop the foreign key, or change it to fit",
        reference.constraint.escape_debug(),
        reference.child
    ))
}

fn other_column(dumped: &DumpedTable, reference: &ReferenceColumn) -> Option<String> {
    let name = reference.parent.escape_debug();
    let Some(column) = dumped.column(&reference.parent) else {
        return Some(format!("the dump's table has no column {name}"));
    };
    if column.is_virtual {
        return Some(format!("column {name} of the dump's table is virtual"));
    }
    let unsigned = |is_so: bool| if is_so { " unsigned" } else { "" };
    let (from, to) = (column.column.data_type.as_str(), reference.data_type.as_str());
    let charset = |name: &Option<String>| name.as_deref().map(|name| name.replace("utf8mb3", "utf8"));
    let differs = match (Group::of(from), Group::of(to)) {
        (Some(Group::Integer), Some(Group::Integer)) => from != to || column.unsigned != reference.unsigned,
        (Some(Group::Text), Some(Group::Text)) => {
            let (charsets, collations) = (
                charset(&column.column.charset).zip(charset(&reference.charset)),
                charset(&column.collation).zip(charset(&reference.collation)),
            );
            charsets.is_some_and(|(one, other)| one != other) || collations.is_some_and(|(one, other)| one != other)
        }
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    let text = |data_type: &str, is_unsigned: bool, charset: &Option<String>, collation: &Option<String>| {
        let names = [charset.as_deref(), collation.as_deref()].into_iter().flatten().map(|name| format!(" {name}"));
        format!("{data_type}{}{}", unsigned(is_unsigned), names.collect::<String>())
    };
    differs.then(|| {
        format!(
            "column {name} is {} in the dump, and the foreign key's is {}",
            text(from, column.unsigned, &column.column.charset, &column.collation),
            text(to, reference.unsigned, &reference.charset, &reference.collation)
        )
    })
}

/// Types between which a foreign key is never possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Integer,
    Text,
    Binary,
    Decimal,
    Float,
    Double,
}

impl Group {
    fn of(data_type: &str) -> Option<Group> {
        Some(match data_type {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Group::Integer,
            "char" | "varchar" => Group::Text,
            "binary" | "varbinary" => Group::Binary,
            "decimal" => Group::Decimal,
            "float" => Group::Float,
            "double" => Group::Double,
            _ => return None,
        })
    }
}

fn lacks_key(dumped: &DumpedTable, reference: &Reference) -> Option<String> {
    let columns: Vec<String> = reference.columns.iter().map(|column| column.parent.to_lowercase()).collect();
    let has = dumped.keys.iter().any(|key| key.starts_with(&columns));
    let names = || reference.columns.iter().map(|column| column.parent.as_str()).collect::<Vec<_>>().join(", ");
    (!has).then(|| format!("the dump's table has no key on {}", names().escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::sql::name::QualifiedName;

    fn reference(column: ReferenceColumn) -> Reference {
        Reference {
            child: QualifiedName::new("e", "c"),
            constraint: "fk".into(),
            parent: QualifiedName::new("d", "p"),
            columns: vec![column],
        }
    }

    fn why(columns: &str, column: ReferenceColumn) -> Option<String> {
        let sql = format!("CREATE TABLE p ({columns}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin");
        let dumped = DumpedTable::of_definition(sql.as_bytes(), false, "mysql-9.7.0".parse().unwrap()).unwrap();
        let found = misfit(&dumped, &reference(column))?;
        let why = found.strip_prefix("foreign key fk of e.c, which stays, refers to it: ").unwrap();
        Some(why.strip_suffix("; drop the foreign key, or change it to fit").unwrap().to_owned())
    }

    #[test]
    fn what_mysql_would_refuse() {
        let int = || ReferenceColumn {
            parent: "id".into(),
            data_type: "int".into(),
            unsigned: false,
            charset: None,
            collation: None,
        };
        let text = || ReferenceColumn {
            data_type: "varchar".into(),
            charset: Some("utf8mb4".into()),
            collation: Some("utf8mb4_bin".into()),
            ..int()
        };
        for fine in ["ID int(11) primary key", "x int, id int, key (id, x)", "id int unique"] {
            assert_eq!(why(fine, int()), None, "{fine}");
        }
        assert_eq!(why("id char(99) primary key", text()), None);
        for (columns, column, expected) in [
            ("id bigint primary key", int(), "column id is bigint in the dump, and the foreign key's is int"),
            (
                "id int unsigned primary key",
                int(),
                "column id is int unsigned in the dump, and the foreign key's is int",
            ),
            ("x int primary key", int(), "the dump's table has no column id"),
            ("id int, x int, key (x, id)", int(), "the dump's table has no key on id"),
            ("id int as (1) virtual unique", int(), "column id of the dump's table is virtual"),
            (
                "id varchar(9) collate utf8mb4_general_ci primary key",
                text(),
                "column id is varchar utf8mb4 utf8mb4_general_ci in the dump, and the foreign key's is varchar utf8mb4 \
                 utf8mb4_bin",
            ),
        ] {
            assert_eq!(why(columns, column).as_deref(), Some(expected), "{columns}");
        }
        let sql = "CREATE TABLE p (id int primary key) ENGINE=InnoDB /*!50100 PARTITION BY HASH (id) */";
        let dumped = DumpedTable::of_definition(sql.as_bytes(), false, "mysql-9.7.0".parse().unwrap()).unwrap();
        assert!(misfit(&dumped, &reference(int())).unwrap().contains("has partitions"));
        let other = DumpedTable { engine: Some("MYISAM".into()), ..dumped };
        assert_eq!(misfit(&other, &reference(int())), None);
    }
}
