//! Options, texts that people write, and texts that nobody writes.

use super::super::split::{SplitOptions, SplitTable, added, split};
use common::sql::token::SqlDialect;
use proptest::prelude::*;

fn options() -> SplitOptions {
    SplitOptions {
        split_keys: true,
        engines: vec!["rocksdb".to_owned(), "innodb".to_owned()],
        split_constraints: true,
        ..SplitOptions::default()
    }
}

fn skip_indexes() -> SplitOptions {
    SplitOptions { drop_keys: true, engines: Vec::new(), ..options() }
}

/// Asserts that `sql` gives this CREATE TABLE, and these statements, the foreign keys' being the last one.
#[track_caller]
fn assert_split(options: &SplitOptions, sql: &str, create: &str, later: &[&str]) {
    let SplitTable { create: actual, keys, constraints } = split(sql.as_bytes(), options).unwrap();
    assert_eq!(String::from_utf8(actual).unwrap(), create);
    let actual: Vec<_> = keys.into_iter().chain(constraints).map(|sql| String::from_utf8(sql).unwrap()).collect();
    assert_eq!(actual, later);
}

#[track_caller]
fn assert_untouched(options: &SplitOptions, sql: &str) {
    assert_split(options, sql, sql, &[]);
}

/// Asserts that CREATE TABLE loses the lines marked with `-`, and these statements come later.
#[track_caller]
pub(super) fn assert_marked(marked: &str, later: &[&str]) {
    let mut sql = Vec::new();
    let mut create: Vec<&str> = Vec::new();
    for line in marked.split('\n') {
        match line.strip_prefix('-') {
            Some(line) => sql.push(line),
            None => {
                sql.push(line);
                create.push(line);
            }
        }
    }
    // The last line of the list loses its comma.
    let end = create.iter().rposition(|line| line.starts_with(')')).unwrap();
    let last = create.get_mut(end - 1).unwrap();
    *last = last.strip_suffix(',').unwrap_or(last);
    assert_split(&options(), &sql.join("\n"), &create.join("\n"), later);
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS `d`.`t` (
  `id` int NOT NULL,
  `p` int,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`p`),
  KEY `k` (`p`,`id`),
  FULLTEXT KEY `f` (`p`),
  CONSTRAINT `c` FOREIGN KEY (`p`) REFERENCES `d`.`p` (`id`),
  CONSTRAINT `ck` CHECK ((`p` > 0))
) ENGINE=InnoDB;
";

#[test]
fn options_are_independent() {
    let keys = "ALTER TABLE `d`.`t` ADD UNIQUE KEY `u` (`p`), ADD KEY `k` (`p`,`id`), ADD FULLTEXT KEY `f` (`p`)";
    let fulltext = "ALTER TABLE `d`.`t` ADD FULLTEXT KEY `f` (`p`)";
    let constraint = "ALTER TABLE `d`.`t` ADD CONSTRAINT `c` FOREIGN KEY (`p`) REFERENCES `d`.`p` (`id`)";
    let without = |lines: &[&str]| lines.iter().fold(TABLE.to_owned(), |sql, line| sql.replace(line, ""));
    let unique = "\n  UNIQUE KEY `u` (`p`),";
    let key = "\n  KEY `k` (`p`,`id`),";
    let text = "\n  FULLTEXT KEY `f` (`p`),";
    let foreign = "\n  CONSTRAINT `c` FOREIGN KEY (`p`) REFERENCES `d`.`p` (`id`),";
    assert_split(&options(), TABLE, &without(&[unique, key, text, foreign]), &[keys, constraint]);
    // The foreign key that stays needs the keys on its column.
    let only_keys = SplitOptions { split_constraints: false, ..options() };
    assert_split(&only_keys, TABLE, &without(&[text]), &[fulltext]);
    let only_constraints = SplitOptions { split_keys: false, ..options() };
    assert_split(&only_constraints, TABLE, &without(&[foreign]), &[constraint]);
    let other_engine = SplitOptions { engines: vec!["RocksDB".to_owned()], ..options() };
    assert_split(&other_engine, TABLE, &without(&[foreign]), &[constraint]);
    assert_split(&skip_indexes(), TABLE, &without(&[text, foreign]), &[constraint]);
    let skip_both = SplitOptions { drop_constraints: true, ..skip_indexes() };
    assert_split(&skip_both, TABLE, &without(&[unique, key, text, foreign]), &[]);
    let skip_constraints = SplitOptions { drop_constraints: true, ..options() };
    assert_split(&skip_constraints, TABLE, &without(&[unique, key, text, foreign]), &[keys]);
    assert_untouched(&SplitOptions::default(), TABLE);
}

#[test]
fn skip_indexes_keeps_what_the_table_needs() {
    assert_split(
        &skip_indexes(),
        "CREATE TABLE t (id int, a int AUTO_INCREMENT, PRIMARY KEY (id), KEY b (id, a), KEY a (a)) ENGINE=InnoDB",
        "CREATE TABLE t (id int, a int AUTO_INCREMENT, PRIMARY KEY (id), KEY a (a)) ENGINE=InnoDB",
        &[],
    );
    assert_split(
        &skip_indexes(),
        "CREATE TABLE t (id int, UNIQUE KEY u (id), KEY k (id)) ENGINE=InnoDB",
        "CREATE TABLE t (id int, UNIQUE KEY u (id)) ENGINE=InnoDB",
        &[],
    );
    assert_split(
        &skip_indexes(),
        "CREATE TABLE t (id int PRIMARY KEY, UNIQUE KEY u (id) USING HASH, VECTOR KEY v (v)) ENGINE=InnoDB",
        "CREATE TABLE t (id int PRIMARY KEY) ENGINE=InnoDB",
        &[],
    );
    assert_untouched(&skip_indexes(), "CREATE TABLE t (id int PRIMARY KEY, KEY k (id)) ENGINE=MyISAM");
}

#[test]
fn functional_keys_and_parsers() {
    // As MySQL 9.7 prints it, with the space behind a parser; tried there like the others.
    assert_split(
        &options(),
        "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` varchar(100) DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  \
         UNIQUE KEY `uf` (((`id` + 1)),(concat(`a`,_utf8mb4'),('))),\n  KEY `inv` (`a`,`id`) /*!80000 INVISIBLE */,\n  \
         KEY `mv` ((cast(json_extract(`j`,_utf8mb4'$.a') as unsigned array))),\n  \
         FULLTEXT KEY `ng` (`a`) COMMENT 'x' /*!50100 WITH PARSER `ngram` */ ,\n  \
         FULLTEXT KEY `ng2` (`a`) /*!50100 WITH PARSER `ngram` */ \n) ENGINE=InnoDB",
        "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` varchar(100) DEFAULT NULL,\n  PRIMARY KEY (`id`) \n) ENGINE=InnoDB",
        &[
            "ALTER TABLE `t` ADD UNIQUE KEY `uf` (((`id` + 1)),(concat(`a`,_utf8mb4'),('))), \
             ADD KEY `inv` (`a`,`id`) /*!80000 INVISIBLE */, \
             ADD KEY `mv` ((cast(json_extract(`j`,_utf8mb4'$.a') as unsigned array))), \
             ADD FULLTEXT KEY `ng` (`a`) COMMENT 'x' /*!50100 WITH PARSER `ngram` */",
            "ALTER TABLE `t` ADD FULLTEXT KEY `ng2` (`a`) /*!50100 WITH PARSER `ngram` */",
        ],
    );
}

#[test]
fn dialects() {
    let sql = "CREATE TABLE \"t`\" (\n  \"id\" int NOT NULL COMMENT 'a\\'',\n  KEY \"x\" (\"id\")\n',\n  \
               PRIMARY KEY (\"id\"),\n  KEY \"k),\" (\"id\")\n) ENGINE=InnoDB";
    let dialect = SqlDialect { ansi_quotes: true, no_backslash_escapes: true };
    assert_split(
        &SplitOptions { dialect, ..options() },
        sql,
        "CREATE TABLE \"t`\" (\n  \"id\" int NOT NULL COMMENT 'a\\'',\n  KEY \"x\" (\"id\")\n',\n  \
         PRIMARY KEY (\"id\")\n) ENGINE=InnoDB",
        &["ALTER TABLE \"t`\" ADD KEY \"k),\" (\"id\")"],
    );
}

#[test]
fn a_comment_that_looks_like_keys() {
    assert_marked(
        "CREATE TABLE `t` (
  `id` int NOT NULL COMMENT 'x,
  KEY `x` (`id`),
  FULLTEXT KEY `y` (`id`)',
  PRIMARY KEY (`id`),
-  KEY `z` (`id`) COMMENT ',
-  KEY `x` (`id`)'
) ENGINE=InnoDB",
        &["ALTER TABLE `t` ADD KEY `z` (`id`) COMMENT ',\n  KEY `x` (`id`)'"],
    );
}

#[test]
fn texts_of_people() {
    assert_split(
        &options(),
        "create table t (index (a), -- an index\n a int key, # the key, (\n b int unique key, unique (b) /* last */)\n\
         engine innodb",
        "create table t (a int key, # the key, (\n b int unique key /* last */)\nengine innodb",
        &["ALTER TABLE t ADD index (a), ADD unique (b)"],
    );
    assert_split(
        &options(),
        "/*!50001 CREATE TABLE t (a int, PRIMARY KEY (a), /*!50700 KEY k (a) */) /*!40101 ENGINE=InnoDB */ */",
        "/*!50001 CREATE TABLE t (a int, PRIMARY KEY (a)) /*!40101 ENGINE=InnoDB */ */",
        &["ALTER TABLE t ADD /*!50700 KEY k (a) */"],
    );
    // SERIAL brings its own key, and REFERENCES needs one.
    assert_split(
        &options(),
        "CREATE TABLE t (id SERIAL, a int PRIMARY KEY, p int REFERENCES p (id), KEY b (id), KEY p (p), KEY a (a)) ENGINE=InnoDB",
        "CREATE TABLE t (id SERIAL, a int PRIMARY KEY, p int REFERENCES p (id), KEY b (id), KEY p (p)) ENGINE=InnoDB",
        &["ALTER TABLE t ADD KEY a (a)"],
    );
}

#[test]
fn vector_keys_stay() {
    assert_marked(
        "CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `v` vector(5) NOT NULL,
  PRIMARY KEY (`id`),
-  KEY `k` (`v`),
  VECTOR KEY `v` (`v`) `M`=8 `DISTANCE`=cosine
) ENGINE=InnoDB",
        &["ALTER TABLE `t` ADD KEY `k` (`v`)"],
    );
}

#[test]
fn nothing_to_split() {
    for sql in [
        "CREATE TABLE t LIKE u",
        "CREATE TABLE t (LIKE u)",
        "CREATE TABLE t (a int PRIMARY KEY, KEY k (a)) ENGINE=InnoDB AS SELECT 1 AS a",
        "CREATE TABLE t (a int PRIMARY KEY, KEY k (a)) ENGINE=InnoDB SELECT 1 AS a",
        "CREATE TABLE t (a int PRIMARY KEY, KEY k (a)) ENGINE=InnoDB IGNORE (SELECT 1 AS a)",
        "CREATE TABLE t (a int PRIMARY KEY, KEY k (a)) ENGINE=InnoDB VALUES ROW (1)",
        "CREATE TABLE t ENGINE=InnoDB AS SELECT 1",
        "CREATE TABLE t ENGINE=FEDERATED CONNECTION='mysql://h/d/t'",
        // No engine: it is the server's default, which is not known here.
        "CREATE TABLE t (a int PRIMARY KEY, KEY k (a))",
        // The comma before the key belongs to the comment.
        "CREATE TABLE t (a int PRIMARY KEY /*!50000 , KEY k (a) */) ENGINE=InnoDB",
    ] {
        assert_untouched(&options(), sql);
    }
}

fn batch() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "CREATE TABLE t (",
        "(",
        ")",
        ",",
        "`",
        "'",
        "\"",
        "KEY",
        "UNIQUE",
        "PRIMARY KEY",
        "FOREIGN KEY",
        "REFERENCES",
        "CONSTRAINT",
        "a",
        "int",
        "AUTO_INCREMENT",
        "/*!50100",
        "*/",
        "ENGINE=InnoDB",
        "--",
        "\n",
        "SELECT",
        "FULLTEXT",
    ])
}

proptest! {
    #[test]
    fn never_panics(pieces in proptest::collection::vec(batch(), 0..30)) {
        let sql = format!("CREATE TABLE t ({}", pieces.join(" "));
        let _ = split(sql.as_bytes(), &options());
        let _ = split(sql.as_bytes(), &skip_indexes());
    }

    /// No byte of an element is lost: it is in CREATE TABLE or in a statement for later.
    #[test]
    fn every_element_is_somewhere(keys in proptest::collection::vec(0_usize..6, 0..12)) {
        let mut elements = vec!["`id` int NOT NULL AUTO_INCREMENT".to_owned()];
        elements.extend(keys.iter().enumerate().map(|(index, kind)| match kind {
            0 => format!("KEY `k{index}` (`id`)"),
            1 => format!("UNIQUE KEY `k{index}` (`a`)"),
            2 => format!("FULLTEXT KEY `k{index}` (`a`)"),
            3 => format!("CONSTRAINT `k{index}` FOREIGN KEY (`a`) REFERENCES `t` (`id`)"),
            4 => format!("PRIMARY KEY (`k{index}`)"),
            _ => format!("CONSTRAINT `k{index}` CHECK (`a` > 0)"),
        }));
        let sql = format!("CREATE TABLE `t` (\n  {}\n) ENGINE=InnoDB", elements.join(",\n  "));
        let table = split(sql.as_bytes(), &options()).unwrap();
        let later = table.keys.into_iter().chain(table.constraints);
        let all = [table.create].into_iter().chain(later).map(|sql| String::from_utf8(sql).unwrap());
        let all = all.collect::<Vec<_>>().join("\n");
        for element in &elements {
            prop_assert_eq!(all.matches(element.as_str()).count(), sql.matches(element.as_str()).count(), "{}", all);
        }
    }
}

#[test]
fn keys_that_a_statement_adds_are_counted() {
    for (sql, keys) in [
        ("ALTER TABLE `add` ADD KEY `add` (`a`,`add`), ADD UNIQUE KEY `b` ((`a` + 1)) COMMENT ', ADD KEY'", 2),
        ("ALTER TABLE `t` ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `u` (`a`)", 1),
        ("SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE `t` ADD KEY `k` (`b`)", 1),
    ] {
        assert_eq!(added(sql.as_bytes()), keys, "{sql}");
    }
}
