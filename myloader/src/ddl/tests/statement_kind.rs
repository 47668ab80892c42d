//! Statements of dump files, and what they are.

use super::super::statement_kind::StatementKind as Kind;
use super::super::statement_kind::{Dropped, classify, load_data_file, sql_mode_value};

#[test]
fn kinds() {
    let drop = |what| Kind::Drop { what };
    for (sql, kind) in [
        ("/*!40101 SET NAMES binary*/;", Kind::Set),
        ("/*!40014 SET FOREIGN_KEY_CHECKS=0*/", Kind::Set),
        ("SET STATEMENT max_statement_time=0 FOR SELECT 1", Kind::Other),
        ("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `a`", Kind::CreateDatabase),
        ("-- DROP TABLE x;\n# a\n/* b */ create schema a", Kind::CreateDatabase),
        ("CREATE TABLE `trigger` (a int)", Kind::CreateTable),
        ("/*!50001 CREATE TEMPORARY TABLE IF NOT EXISTS x (a int) */", Kind::CreateTable),
        ("CREATE OR REPLACE TABLE x (a int)", Kind::CreateTable),
        (
            "CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v` AS select 1",
            Kind::CreateView,
        ),
        (
            "/*!50001 CREATE ALGORITHM=MERGE */\n/*!50013 DEFINER=`a``@`@`%` SQL SECURITY INVOKER */\n\
             /*!50001 VIEW v AS select 1 */",
            Kind::CreateView,
        ),
        ("CREATE OR REPLACE JSON RELATIONAL DUALITY VIEW v AS SELECT 1", Kind::CreateView),
        ("CREATE DEFINER='view'@'event' TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a=1", Kind::CreateTrigger),
        ("/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER t BEFORE */", Kind::CreateTrigger),
        ("CREATE DEFINER=CURRENT_USER() FUNCTION f() RETURNS int RETURN 1", Kind::CreateRoutine),
        ("CREATE DEFINER = function@localhost PROCEDURE p() SELECT 1", Kind::CreateRoutine),
        ("CREATE AGGREGATE FUNCTION f() RETURNS int RETURN 1", Kind::CreateRoutine),
        ("CREATE DEFINER=some_role PACKAGE BODY p AS END", Kind::CreateRoutine),
        ("CREATE LIBRARY IF NOT EXISTS l LANGUAGE JAVASCRIPT AS $$ a $$", Kind::CreateRoutine),
        ("CREATE DEFINER=`a`@`b` EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", Kind::CreateEvent),
        ("CREATE SEQUENCE s START WITH 1", Kind::CreateSequence),
        ("CREATE UNIQUE INDEX i ON t (a)", Kind::Other),
        ("CREATE TABLESPACE t", Kind::CreateTablespace),
        ("DROP TABLE IF EXISTS `view`", drop(Dropped::Table)),
        ("/*!50001 DROP VIEW IF EXISTS v*/", drop(Dropped::View)),
        ("DROP TEMPORARY TABLE x", drop(Dropped::Table)),
        ("drop schema a", drop(Dropped::Database)),
        ("DROP TRIGGER t", drop(Dropped::Trigger)),
        ("DROP PACKAGE BODY p", drop(Dropped::Routine)),
        ("DROP EVENT e", drop(Dropped::Event)),
        ("DROP SEQUENCE e", drop(Dropped::Sequence)),
        ("DROP USER u", drop(Dropped::Other)),
        ("INSERT INTO t VALUES('a')", Kind::Insert),
        ("replace into t values(1)", Kind::Insert),
        ("LOAD DATA LOCAL INFILE 'a' INTO TABLE t", Kind::LoadData),
        ("LOAD INDEX INTO CACHE t", Kind::Other),
        ("/*!40000 ALTER TABLE `t` DISABLE KEYS */", Kind::Alter),
        ("LOCK TABLES t WRITE", Kind::Lock),
        ("UNLOCK TABLES", Kind::Unlock),
        ("USE `a`", Kind::Use),
        ("SELECT 1", Kind::Other),
        ("`SET`", Kind::Other),
        ("CREATE", Kind::Other),
        ("CREATE DEFINER=", Kind::Other),
        (" \n-- a\n/* b */ # c", Kind::Empty),
        ("/*!50001 */ ;", Kind::Empty),
        ("", Kind::Empty),
    ] {
        assert_eq!(classify(sql.as_bytes()), kind, "{sql}");
    }
}

#[test]
fn load_data_files() {
    let file = |sql: &str| load_data_file(sql.as_bytes()).map(|file| String::from_utf8(file).unwrap());
    assert_eq!(file("LOAD DATA LOCAL INFILE 'a.00000.dat' INTO TABLE `t`").as_deref(), Some("a.00000.dat"));
    assert_eq!(file(r"/* x */ load data CONCURRENT local infile 'a''\'\\b' INTO").as_deref(), Some(r"a''\b"));
    assert_eq!(file("LOAD DATA LOCAL INFILE \"it's\" INTO TABLE t").as_deref(), Some("it's"));
    assert_eq!(file("LOAD DATA INFILE '/etc/passwd' INTO TABLE t"), None);
    assert_eq!(file("LOAD DATA LOCAL INFILE 'a"), None);
    assert_eq!(file("INSERT INTO t VALUES ('LOAD DATA LOCAL INFILE')"), None);
}

#[test]
fn sql_modes() {
    for (sql, value) in [
        ("/*!40101 SET SQL_MODE='A,B'*/;", Some(("'A,B'", "A,B"))),
        ("SET SESSION sql_mode = ''", Some(("''", ""))),
        ("SET @@SESSION.`sql_mode` := \"A\"", Some(("\"A\"", "A"))),
        ("SET @@sql_mode='A'", Some(("'A'", "A"))),
        (
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            Some(("'NO_AUTO_VALUE_ON_ZERO'", "NO_AUTO_VALUE_ON_ZERO")),
        ),
        ("SET a = f(1, sql_mode='x'), b='y', local sql_mode='z'", Some(("'z'", "z"))),
        ("SET @sql_mode='A'", None),
        ("SET GLOBAL sql_mode='A'", None),
        ("SET @@global.sql_mode='A'", None),
        ("SET sql_mode=DEFAULT", None),
        ("SET sql_mode=@OLD_SQL_MODE", None),
        ("SET sql_mode='A", None),
        ("SET names 'sql_mode=''A'''", None),
        ("INSERT INTO t SET sql_mode='A'", None),
    ] {
        let found = sql_mode_value(sql.as_bytes());
        let found = found.map(|(range, value)| (&sql[range], String::from_utf8(value).unwrap()));
        assert_eq!(found, value.map(|(literal, value)| (literal, value.to_owned())), "{sql}");
    }
}
