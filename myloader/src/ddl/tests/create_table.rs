//! What is read from CREATE TABLE.

use super::super::create_table::{Body, CreateTable};
use super::super::element::{Column, ElementKind, ForeignKey, Key};
use common::sql::token::SqlDialect;

fn key(columns: &[&str]) -> Key {
    let columns = columns.iter().map(|name| (*name != "()").then(|| name.as_bytes().to_vec())).collect();
    Key { columns, ..Key::default() }
}

fn column(name: &str) -> Column {
    Column { name: name.as_bytes().to_vec(), ..Column::default() }
}

#[test]
fn elements() {
    let elements = [
        (
            "`a``b` int NOT NULL COMMENT 'AUTO_INCREMENT'",
            ElementKind::Column(Column { not_null: true, ..column("a`b") }),
        ),
        (
            "`id` int NOT NULL AUTO_INCREMENT",
            ElementKind::Column(Column { not_null: true, auto_increment: true, ..column("id") }),
        ),
        ("`d` int DEFAULT (if(a IS NOT NULL,1,(2)))", ElementKind::Column(column("d"))),
        ("`KEY` enum('a)','NOT NULL',',') DEFAULT NULL", ElementKind::Column(column("KEY"))),
        ("period int UNIQUE KEY", ElementKind::Column(Column { unique: true, ..column("period") })),
        ("vector int PRIMARY KEY", ElementKind::Column(Column { primary: true, ..column("vector") })),
        ("v int KEY /*!80023 INVISIBLE */", ElementKind::Column(Column { primary: true, ..column("v") })),
        ("p int REFERENCES q (id)", ElementKind::Column(Column { references: true, ..column("p") })),
        (
            "1a SERIAL",
            ElementKind::Column(Column { auto_increment: true, not_null: true, unique: true, ..column("1a") }),
        ),
        ("PRIMARY KEY (`id`,`d`)", ElementKind::PrimaryKey(key(&["id", "d"]))),
        ("CONSTRAINT PRIMARY KEY (id)", ElementKind::PrimaryKey(key(&["id"]))),
        ("UNIQUE (a(10) DESC, (lower(`b`)), ((1)))", ElementKind::UniqueKey(key(&["a", "()", "()"]))),
        (
            "CONSTRAINT `KEY` UNIQUE KEY `FOREIGN` (`a`) USING HASH",
            ElementKind::UniqueKey(Key { hash: true, ..key(&["a"]) }),
        ),
        (
            "UNIQUE KEY `u` (`id`,`p` WITHOUT OVERLAPS)",
            ElementKind::UniqueKey(Key { without_overlaps: true, ..key(&["id", "p"]) }),
        ),
        ("KEY `k` USING BTREE (`a`) COMMENT 'USING HASH'", ElementKind::Key(key(&["a"]))),
        ("index (a)", ElementKind::Key(key(&["a"]))),
        ("FULLTEXT KEY `f` (`a`) /*!50100 WITH PARSER `ngram` */", ElementKind::FulltextKey(key(&["a"]))),
        ("SPATIAL KEY `s` (`g`)", ElementKind::SpatialKey(key(&["g"]))),
        ("VECTOR KEY `v` (`e`) `M`=8", ElementKind::VectorKey(key(&["e"]))),
        (
            "CONSTRAINT `f` FOREIGN KEY `x` (`a`,`b`) REFERENCES `o``(`.`p` (`c`,`d`) ON DELETE CASCADE",
            ElementKind::ForeignKey(ForeignKey {
                columns: vec![b"a".to_vec(), b"b".to_vec()],
                referenced_database: Some(b"o`(".to_vec()),
                referenced_table: b"p".to_vec(),
                referenced_columns: vec![b"c".to_vec(), b"d".to_vec()],
            }),
        ),
        ("CHECK (`a` in ('),(',2))", ElementKind::Check),
        ("CONSTRAINT `c` CHECK ((`a` > 0)) /*!80016 NOT ENFORCED */", ElementKind::Check),
        ("PERIOD FOR SYSTEM_TIME (`s`, `e`)", ElementKind::Other),
    ];
    let list: Vec<_> = elements.iter().map(|(text, _)| *text).collect();
    let sql = format!("CREATE TABLE t (\n  {} -- a comment, (\n) ENGINE=InnoDB", list.join(",\n  "));
    let table = CreateTable::parse(sql.as_bytes(), SqlDialect::default()).unwrap();
    assert_eq!(table.elements.len(), elements.len());
    for (element, (text, kind)) in table.elements.iter().zip(elements) {
        assert_eq!(String::from_utf8_lossy(element.text), text);
        assert_eq!(&sql.as_bytes()[element.start..element.end()], text.as_bytes());
        assert_eq!(element.kind, kind, "{text}");
    }
}

#[test]
fn tables() {
    let parse = |sql: &'static str| CreateTable::parse(sql.as_bytes(), SqlDialect::default()).unwrap();
    let table = parse("CREATE TABLE IF NOT EXISTS `d``b` . `t\n(` (a int) ENGINE = `InnoDB` COMMENT='ENGINE=x'");
    assert_eq!(table.database.as_deref(), Some(&b"d`b"[..]));
    assert_eq!(table.name, b"t\n(");
    assert_eq!(table.name_text, b"`d``b` . `t\n(`");
    assert!(table.if_not_exists && table.separable && !table.system_versioned);
    assert_eq!(table.engine.as_deref(), Some(&b"InnoDB"[..]));

    let engine = |sql| parse(sql).engine.map(|engine| String::from_utf8(engine).unwrap());
    assert_eq!(engine("CREATE TABLE t (a int) /*!40101 ENGINE=MyISAM */;").as_deref(), Some("MyISAM"));
    assert_eq!(
        engine("CREATE TABLE t (a int) ENGINE 'x' PARTITION BY HASH(a) (PARTITION p ENGINE=y)").as_deref(),
        Some("x")
    );
    assert_eq!(engine("CREATE TABLE t (a int); ENGINE=x"), None);

    assert!(parse("CREATE TABLE t (a int) ENGINE=InnoDB WITH SYSTEM VERSIONING").system_versioned);
    assert!(parse("CREATE TABLE t (a int WITH SYSTEM VERSIONING, b int)").system_versioned);
    assert!(
        !parse("CREATE TABLE t (a int WITHOUT SYSTEM VERSIONING) COMMENT 'WITH SYSTEM VERSIONING'").system_versioned
    );
    assert!(!parse("CREATE TABLE t (a int /*!50000 , b int */)").separable);

    assert_eq!(parse("CREATE OR REPLACE TEMPORARY TABLE `t` LIKE x").body, Body::Like);
    assert_eq!(parse("CREATE TABLE `t` (LIKE x)").body, Body::Like);
    assert_eq!(parse("CREATE TABLE t (a int, KEY (a)) SELECT 1").body, Body::Select);
    assert_eq!(parse("CREATE TABLE t (WITH x AS (SELECT 1) SELECT * FROM x)").body, Body::Select);
    assert_eq!(parse("CREATE TABLE t ENGINE=CONNECT TABLE_TYPE=DOS").body, Body::Options);
    let quoted = b"CREATE TABLE \"a\"\"b\" (\"select\" int) ENGINE=InnoDB";
    let ansi = CreateTable::parse(quoted, SqlDialect { ansi_quotes: true, ..SqlDialect::default() }).unwrap();
    assert_eq!((&*ansi.name, &ansi.elements[0].kind), (&b"a\"b"[..], &ElementKind::Column(column("select"))));
}

#[test]
fn errors() {
    for (sql, message) in [
        ("DROP TABLE t", "expected CREATE at byte 0 of the statement"),
        ("CREATE VIEW v AS SELECT 1", "expected TABLE at byte 7 of the statement"),
        ("CREATE TABLE 't' (a int)", "expected the table's name at byte 13 of the statement"),
        ("CREATE TABLE t (a int", "expected `)` after the columns and keys at byte 21 of the statement"),
        ("CREATE TABLE t (a int COMMENT 'x)", "expected the end of a quoted text at byte 33 of the statement"),
        ("CREATE TABLE t (a int,)", "expected a column, key or constraint at byte 22 of the statement"),
        ("CREATE TABLE t (1.5 int)", "expected a column, key or constraint at byte 16 of the statement"),
        ("CREATE TABLE t (CONSTRAINT c a int)", "expected a column, key or constraint at byte 29 of the statement"),
    ] {
        assert_eq!(
            CreateTable::parse(sql.as_bytes(), SqlDialect::default()).map(drop).unwrap_err().to_string(),
            message,
            "{sql}"
        );
    }
}
