//! The decoder on dumps made by hand, whole and broken, without files.

mod scanner;
mod session;

use std::collections::BTreeMap;

use common::backup::metadata::{Metadata, check_seal};
use common::container::{Decoder, Ended, Error, Event};
use proptest::prelude::*;

use super::MysqldumpDecoder;

/// The files in the order of their ends, and notes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Split {
    files: Vec<(String, String)>,
    notes: Vec<String>,
    end: Option<String>,
}

impl Split {
    fn file(&self, name: &str) -> &str {
        self.files.iter().find(|(other, _)| other == name).map_or("", |(_, text)| text)
    }

    fn names(&self) -> Vec<&str> {
        self.files.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn message(&self) -> &str {
        self.end.as_deref().unwrap_or("it is whole")
    }
}

fn split(dump: &[u8], piece: usize, twice: bool, target: Option<&str>) -> Split {
    let mut decoder = MysqldumpDecoder::new(twice, target.map(str::to_owned));
    let mut split = Split::default();
    split.end = run(&mut decoder, dump, piece, &mut split).err().map(|error| error.to_string());
    split
}

fn run(decoder: &mut MysqldumpDecoder, dump: &[u8], piece: usize, split: &mut Split) -> Result<(), Error> {
    let mut open = BTreeMap::new();
    let mut pieces = dump.chunks(piece.max(1));
    loop {
        let mut input = pieces.next().unwrap_or_default();
        let at_end = input.is_empty();
        while let Some(event) = decoder.decode(&mut input)? {
            match event {
                Event::Begin { number, member, .. } => drop(open.insert(number, (member.name, Vec::new()))),
                Event::Content { number, bytes } => open.get_mut(&number).unwrap().1.extend_from_slice(&bytes),
                Event::End { number } => {
                    let (name, text) = open.remove(&number).unwrap();
                    split.files.push((name, String::from_utf8_lossy(&text).into_owned()));
                }
                Event::Note(note) => split.notes.push(note),
            }
        }
        assert!(input.is_empty());
        if at_end {
            match decoder.end()? {
                Ended::Whole => break,
                Ended::More => {}
                Ended::Again => pieces = dump.chunks(piece.max(1)),
            }
        }
    }
    assert!(open.is_empty(), "a file without an end");
    Ok(())
}

const HEAD: &str = "-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\n--\n-- Host: localhost    Database: d\n\
    -- Server version\t9.7.4-2\n\n/*!50503 SET NAMES utf8mb4 */;\n/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;\n\
    /*!40103 SET TIME_ZONE='+00:00' */;\n\
    /*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n\
    /*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n";
const END: &str = "/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n\
    /*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n-- Dump completed on 2026-12-01 15:17:48\n";
const BODY: &str = "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `d` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;\n\nUSE `d`;\n\
    DROP TABLE IF EXISTS `t`;\n/*!40101 SET @saved_cs_client     = @@character_set_client */;\n\
    /*!50503 SET character_set_client = utf8mb4 */;\nCREATE TABLE `t` (\n  `a` int,\n  `b;` text\n);\n\
    /*!40101 SET character_set_client = @saved_cs_client */;\nLOCK TABLES `t` WRITE;\n\
    /*!40000 ALTER TABLE `t` DISABLE KEYS */;\nINSERT INTO `t` VALUES (1,'a;\\nb'),(2,'\\'(');\n\
    INSERT INTO `t` (`a`) VALUES (3);\n/*!40000 ALTER TABLE `t` ENABLE KEYS */;\nUNLOCK TABLES;\n\
    ALTER DATABASE `d` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;\n\
    /*!50003 SET @saved_sql_mode       = @@sql_mode */ ;\n/*!50003 SET sql_mode              = 'NO_BACKSLASH_ESCAPES' */ ;\n\
    DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER `x` BEFORE INSERT ON `t` FOR EACH ROW BEGIN \
    SET @a='\\'; END */;;\nDELIMITER ;\n/*!50003 SET sql_mode              = @saved_sql_mode */ ;\n\
    ALTER DATABASE `d` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;\n\
    /*!50001 CREATE VIEW `v` AS SELECT \n 1 AS `a`*/;\n\
    DELIMITER ;;\nCREATE PROCEDURE `p`()\nBEGIN SELECT 1; END ;;\nDELIMITER ;\n\
    CREATE TABLE `empty` (`a` int);\nUSE `d`;\n/*!50001 DROP VIEW IF EXISTS `v`*/;\n\
    /*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`r`@`l` SQL SECURITY DEFINER */\n\
    /*!50001 VIEW `v` AS select `t`.`a` AS `a` from `t` */;\n";

fn dump() -> String {
    [HEAD, BODY, END].concat()
}

const FILE_HEAD: &str = "/*!40101 SET NAMES utf8mb4*/;\n/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n\
    /*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'*/;\n/*!40103 SET TIME_ZONE='+00:00' */;\n";

#[test]
fn a_dump_becomes_the_files_of_one_of_mydumper() {
    let found = split(dump().as_bytes(), usize::MAX, true, None);
    assert_eq!(found.message(), "it is whole");
    assert_eq!(
        found.names(),
        [
            "d-schema-create.sql",
            "d.t-schema.sql",
            "d.empty-schema.sql",
            "d.t-schema-triggers.sql",
            "d-schema-post.sql",
            "d.v-schema-view.sql",
            "metadata.partial.0",
            "d.t.00000.sql",
            "metadata.partial.1",
            "metadata",
        ]
    );
    let of_program = |mode: &str| {
        format!(
            "SET sql_mode = '{mode}';\nSET time_zone = '+00:00';\nSET character_set_client = utf8mb4;\n\
             SET character_set_results = utf8mb4;\nSET character_set_connection = utf8mb4;\n"
        )
    };
    for (name, text) in [
        (
            "d-schema-create.sql",
            "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `d` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;\n".to_owned(),
        ),
        ("d.t-schema.sql", "CREATE TABLE `t` (\n  `a` int,\n  `b;` text\n);\n".to_owned()),
        (
            "d.t.00000.sql",
            "INSERT INTO `t` VALUES (1,'a;\\nb'),(2,'\\'(');\nINSERT INTO `t` (`a`) VALUES (3);\n".to_owned(),
        ),
        (
            "d.t-schema-triggers.sql",
            of_program("NO_BACKSLASH_ESCAPES")
                + "SET @mydumper_database_collation = 'latin1_swedish_ci';\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50017 \
                   DEFINER=`r`@`l`*/ /*!50003 TRIGGER `x` BEFORE INSERT ON `t` FOR EACH ROW BEGIN SET @a='\\'; END */\n;;\n\
                   DELIMITER ;\nSET @mydumper_database_collation = NULL;\n",
        ),
        (
            "d-schema-post.sql",
            of_program("NO_AUTO_VALUE_ON_ZERO")
                + "DELIMITER ;;\nCREATE PROCEDURE `p`()\nBEGIN SELECT 1; END\n;;\nDELIMITER ;\n",
        ),
        (
            "d.v-schema-view.sql",
            "DROP TABLE IF EXISTS `v`;\nDROP VIEW IF EXISTS `v`;\n".to_owned()
                + &of_program("NO_AUTO_VALUE_ON_ZERO")
                + "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`r`@`l` SQL SECURITY DEFINER */\n/*!50001 VIEW `v` \
                   AS select `t`.`a` AS `a` from `t` */\n;\n",
        ),
    ] {
        assert_eq!(found.file(name), FILE_HEAD.to_owned() + &text, "{name}");
    }
    let metadata = Metadata::parse(found.file("metadata")).unwrap();
    assert!(metadata.finished && check_seal(found.file("metadata")).is_ok());
    let tables: Vec<_> =
        metadata.tables.iter().map(|(file, entry)| (file.to_string(), entry.rows, entry.is_view)).collect();
    let expected = [("d.empty", Some(0), false), ("d.t", Some(3), false), ("d.v", None, true)]
        .map(|(name, rows, view)| (name.to_owned(), rows, view));
    assert_eq!(tables, expected);
    assert_eq!(metadata.files.len(), 7);
    assert_eq!(metadata.config.server.map(|server| server.key()).as_deref(), Some("mysql-9.7.4"));
    let announced = Metadata::parse(found.file("metadata.partial.0")).unwrap();
    assert_eq!(announced.tables.len(), 3);
    let sent = Metadata::parse(found.file("metadata.partial.1")).unwrap();
    assert!(sent.tables.values().all(|entry| entry.rows_sent && entry.rows == Some(3)));
}

#[test]
fn a_pipe_is_split_as_a_file_is_but_in_the_order_of_the_dump() {
    let twice = split(dump().as_bytes(), 64, true, None);
    let once = split(dump().as_bytes(), 64, false, None);
    assert_eq!(once.end, None);
    let sorted = |split: &Split| {
        let mut files = split.files.clone();
        files.retain(|(name, _)| name != "metadata.partial.0");
        files.sort();
        files
    };
    assert_eq!(sorted(&once), sorted(&twice));
}

#[test]
fn a_dump_that_is_cut_anywhere_is_never_whole() {
    let dump = dump();
    for length in 0..dump.len() {
        let found = split(&dump.as_bytes()[..length], 512, length % 2 == 0, None);
        let whole = length >= dump.find("-- Dump completed").unwrap() + "-- Dump completed".len();
        assert_eq!(found.end.is_none(), whole, "cut at {length}: {}", found.message());
        assert_eq!(found.names().contains(&"metadata"), whole, "cut at {length}");
    }
}

#[test]
fn what_cannot_be_restored_is_named_with_its_line() {
    for (body, message) in [
        (
            "-- x\nDELETE FROM `secret`;\n",
            "line 2: a statement that begins with DELETE FROM is none that mysqldump writes: remove it, or restore the dump \
             with the mysql or mariadb client",
        ),
        (
            "USE `d`;\nGRANT ALL ON *.* TO `a`;\n",
            "line 2: GRANT ALL is about accounts, plugins or servers, as mariadb-dump --system writes it: run such statements \
             with the mariadb client, and give the rest of the dump to myloader",
        ),
        (
            "CREATE TABLE t (a int);\n",
            "line 1: the dump does not say into which database it goes: give its name with --database",
        ),
        (
            "USE d;\nCREATE TABLE t (a int);\nCREATE TABLE t (a int);\n",
            "line 3: table d.t: this comes a second time; several dumps were joined, restore them one by one",
        ),
        (
            "USE d;\nINSERT INTO t VALUES (1);\nINSERT INTO u VALUES (1);\nINSERT INTO t VALUES (1);\n",
            "line 4: rows of table d.t: this comes a second time; several dumps were joined, restore them one by one",
        ),
        (
            "SET NAMES gbk;\n",
            "line 1: where statements in the character set gbk end cannot be told for certain: dump again with \
             --default-character-set=utf8mb4",
        ),
        (
            "SET sql_mode = f();\n",
            "line 1: it sets the variable sql_mode to something that is only known on the server: remove the statement, or \
             restore the dump with the mysql or mariadb client",
        ),
        ("SELECT 'x", "the dump ends in the middle of the statement of line 1: it was cut short, get the whole dump"),
        (
            "INSERT INTO t SELECT 1;",
            "line 1: a statement that begins with INSERT INTO is none that mysqldump writes: remove it, \
             or restore the dump with the mysql or mariadb client",
        ),
    ] {
        for twice in [true, false] {
            assert_eq!(split(body.as_bytes(), 7, twice, None).message(), message, "{body}");
        }
    }
}

#[test]
fn what_is_no_dump_is_named() {
    let tar = [&b"db-schema-create.sql"[..], &[0; 237], b"ustar\0"].concat();
    for (start, message) in [
        (&b""[..], "there is no dump: mysqldump has written nothing, look at its messages"),
        (
            b"<?xml version=\"1.0\"?>\n<mysqldump>",
            "this is an XML dump of mysqldump --xml, which has no SQL to restore: dump again without --xml",
        ),
        (b"\n-- metadata.header 217\n", "this is a stream of mydumper, not a dump of mysqldump: leave --mysqldump out"),
        (b"--\n-- PostgreSQL database dump\n--\n", "this is a dump of PostgreSQL: restore it with psql"),
        (
            b"\xff\xfe-\0-\0",
            "the dump is UTF-16 text, as PowerShell writes what is redirected: dump again with --result-file",
        ),
        (b"\0\0\0", "this is not a dump of mysqldump or mariadb-dump: it does not begin with SQL or a comment"),
        (
            &tar,
            "this is not a dump of mysqldump or mariadb-dump but a tar archive: unpack it with `tar -x`, and give the \
             directory with --directory",
        ),
        (
            b"XBSTCK01\0P",
            "this is not a dump of mysqldump or mariadb-dump but an xbstream: unpack it with `mbstream -x` or \
             `xbstream -x`; a physical backup in it is for mariadb-backup or xtrabackup",
        ),
        (
            b"mysqldump: [Warning] Using a password\n-- MySQL dump\n",
            "this is not a dump of mysqldump or mariadb-dump but text \
             that begins with \"mysqldump: [Warning] Using a password\": a program that writes to the same pipe, as a login \
             banner, has to be silent",
        ),
    ] {
        assert_eq!(split(start, 100, false, None).message(), message, "{start:?}");
    }
}

#[test]
fn a_dump_of_one_database_goes_where_the_option_says() {
    let body = [HEAD, "CREATE TABLE `t` (a int);\nINSERT INTO `t` VALUES (1);\n", END].concat();
    let found = split(body.as_bytes(), 100, true, Some("target"));
    assert_eq!(found.end, None);
    // Its own name, which filters mean: the program renames it.
    assert!(found.file("d-schema-create.sql").ends_with("CREATE DATABASE IF NOT EXISTS `d`;\n"));
    assert!(found.names().contains(&"d.t.00000.sql"));
    let unnamed = split(b"CREATE TABLE `t` (a int);\n", 100, true, Some("tar get"));
    assert!(unnamed.file("mydumper_1-schema-create.sql").ends_with("CREATE DATABASE IF NOT EXISTS `tar get`;\n"));
    assert_eq!(
        unnamed.notes,
        [
            "nothing in the dump shows that it is whole, as mysqldump --compact writes it: only a statement that is cut would be \
          noticed"
        ]
    );
}

#[test]
fn rows_come_in_pieces_and_double_quotes_become_backticks() {
    let row = format!("INSERT INTO \"t\" VALUES ('{}');\n", "x".repeat(3 << 20));
    let ansi =
        "/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ANSI' */;\nUSE \"d\";\nCREATE TABLE \"t\" (\"a\" longtext);\n";
    let found = split([ansi, &row.repeat(7)].concat().as_bytes(), 100_000, true, None);
    assert_eq!(found.end, None);
    assert!(found.file("d.t-schema.sql").ends_with("CREATE TABLE `t` (`a` longtext);\n"));
    let pieces: Vec<usize> = found
        .files
        .iter()
        .filter(|(name, _)| name.starts_with("d.t.0"))
        .map(|(_, text)| text.matches("INSERT INTO `t` VALUES").count())
        .collect();
    assert_eq!(pieces, [3, 3, 1]);
    assert!(!found.file("d.t.00000.sql").contains("ANSI"));
}

#[test]
fn what_is_left_to_the_user_is_noted_once() {
    let body = "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'x:1';\nCHANGE MASTER TO MASTER_LOG_FILE='b', MASTER_LOG_POS=4;\n\
        USE d;\n/*!80002 ANALYZE TABLE `t` UPDATE HISTOGRAM ON `a` WITH 100 BUCKETS */;\n\
        /*!80002 ANALYZE TABLE `u` UPDATE HISTOGRAM ON `a` WITH 100 BUCKETS */;\n";
    let dump = [HEAD, body, END].concat();
    assert_eq!(
        split(dump.as_bytes(), 100, true, None).notes,
        [
            "the dump sets the position of a replica (gtid_purged), which is left to you",
            "the dump sets the position of a replica (CHANGE MASTER), which is left to you",
            "the dump makes histograms (ANALYZE TABLE … UPDATE HISTOGRAM), which is left to you",
        ]
    );
}

#[test]
fn sequences_have_their_positions_and_old_stand_ins_are_no_tables() {
    let dump = "USE d;\nDROP SEQUENCE IF EXISTS `s`;\nCREATE SEQUENCE `s` start with 5;\nDO SETVAL(`s`, 1005, 0);\n\
        /*!50001 CREATE TABLE `v` (\n `a` tinyint NOT NULL\n) ENGINE=MyISAM */;\n\
        /*!50001 CREATE VIEW `w` AS SELECT\n NULL AS `a` */;\n\
        /*!50001 CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1 AS `a` */;\n";
    let found = split(dump.as_bytes(), 10, true, None);
    assert_eq!(found.end, None);
    assert!(
        found
            .file("d.s-schema-sequence.sql")
            .ends_with("CREATE SEQUENCE `s` start with 5;\nDO SETVAL(`s`, 1005, 0);\n")
    );
    // A view whose definition never comes is what its stand-in is.
    let names: Vec<_> = found.names().into_iter().filter(|name| name.contains("schema")).collect();
    assert_eq!(names, ["d-schema-create.sql", "d.s-schema-sequence.sql", "d.v-schema-view.sql", "d.w-schema-view.sql"]);
}

proptest! {
    #[test]
    fn pieces_of_any_length_give_the_same(piece in 1..700_usize, twice: bool) {
        let dump = dump();
        prop_assert_eq!(split(dump.as_bytes(), piece, twice, None), split(dump.as_bytes(), dump.len(), twice, None));
    }

    #[test]
    fn no_input_panics(bytes: Vec<u8>, piece in 1..50_usize, twice: bool) {
        split(&bytes, piece, twice, Some("d"));
    }

    #[test]
    fn no_statements_panic(
        lines in prop::collection::vec(
            prop::sample::select([HEAD, BODY, END].concat().split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>()),
            0..60,
        ),
        twice: bool,
    ) {
        let dump = "-- x\n".to_owned() + &lines.concat();
        let (found, other) = (split(dump.as_bytes(), 77, twice, None), split(dump.as_bytes(), dump.len(), twice, None));
        prop_assert_eq!(found, other);
    }
}
