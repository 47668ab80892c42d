//! Which statements may stand in a file of a dump.
//!
//! A dump is SQL, and runs with the privileges of whoever restores it. So that a file does only what its name says, to its own
//! database and to the session, no other statement in it is run: somebody put it there, or the file is
//! not part of a dump.

use common::backup::file_name::Content;
use common::sql::account::AccountStatement;
use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;

use super::statement_kind::{Dropped, StatementKind, next_assignment};

/// Whether a statement of this kind may stand in a file. `database` is the one that the file is restored into.
pub fn is_allowed(content: &Content, kind: StatementKind, sql: &[u8], database: Option<&str>) -> bool {
    use StatementKind as Kind;
    match (kind, content) {
        (Kind::Empty, _) => true,
        (_, Content::Accounts) if AccountStatement::parse(sql).is_some() => true,
        (Kind::Set, _) => sets_session(sql),
        (Kind::Insert | Kind::LoadData, Content::Rows(_)) | (Kind::CreateTable, Content::Table(_)) => {
            match (qualifier(sql), database) {
                (Some(named), Some(database)) => named.eq_ignore_ascii_case(database.as_bytes()),
                _ => true,
            }
        }
        (Kind::CreateDatabase, Content::Database(_)) | (Kind::CreateTablespace, Content::Tablespaces) => true,
        (Kind::CreateSequence, Content::Sequence(_)) => true,
        (Kind::Other, Content::Sequence(_)) => sets_sequence(sql),
        (Kind::CreateView | Kind::Drop { what: Dropped::View | Dropped::Table }, Content::View(_)) => true,
        (
            Kind::CreateTrigger | Kind::Drop { what: Dropped::Trigger },
            Content::Triggers(_) | Content::DatabaseTriggers(_),
        ) => true,
        (
            Kind::CreateRoutine | Kind::CreateEvent | Kind::Drop { what: Dropped::Routine | Dropped::Event },
            Content::Post(_),
        ) => true,
        _ => false,
    }
}

/// Whether all assignments of a SET statement end with the session.
fn sets_session(sql: &[u8]) -> bool {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    while cursor.eat_punctuation(b';') {}
    cursor.eat("SET");
    // Those of accounts are statements of their own.
    if cursor.at_any_word(&["DEFAULT", "PASSWORD", "RESOURCE", "ROLE"]) {
        return false;
    }
    loop {
        // A variable of the user may have any name.
        let users = cursor.eat_punctuation(b'@') && !cursor.eat_punctuation(b'@');
        if !users && cursor.at_any_word(&["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
            return false;
        }
        if next_assignment(&mut cursor).is_none() {
            return true;
        }
    }
}

/// `SELECT SETVAL(…)` or `DO SETVAL(…)`, and no more.
fn sets_sequence(sql: &[u8]) -> bool {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    if !(cursor.eat_any(&["SELECT", "DO"]) && cursor.eat("SETVAL") && cursor.eat_punctuation(b'(')) {
        return false;
    }
    while let Some(token) = cursor.take() {
        if token.is_punctuation(b'(') {
            return false;
        }
        if token.is_punctuation(b')') {
            break;
        }
    }
    cursor.eat_punctuation(b';');
    cursor.peek().is_none()
}

/// The database that stands before the name of the table that gets rows, or is created.
fn qualifier(sql: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    while cursor.eat_punctuation(b';') {}
    if cursor.eat("CREATE") {
        while !cursor.eat("TABLE") {
            cursor.take()?;
        }
        cursor.if_not_exists().ok()?;
    } else if cursor.eat("LOAD") {
        while !cursor.eat("TABLE") {
            cursor.take()?;
        }
    } else {
        cursor.take();
        while cursor.eat_any(&["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"]) {}
    }
    let name = cursor.name("a table").ok()?;
    cursor.at_punctuation(b'.').then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::statement_kind::classify;
    use common::backup::file_name::DumpFile;

    const ROWS: &str = "d.t.00000.sql";
    const TABLE: &str = "d.t-schema.sql";
    const VIEW: &str = "d.v-schema-view.sql";
    const SEQUENCE: &str = "d.s-schema-sequence.sql";
    const TRIGGERS: &str = "d.t-schema-triggers.sql";
    const POST: &str = "d-schema-post.sql";
    const ACCOUNTS: &str = "all-schema-create-users.sql";
    const FILES: [&str; 7] = [ROWS, TABLE, VIEW, SEQUENCE, TRIGGERS, POST, ACCOUNTS];

    fn has_place(file: &str, sql: &str) -> bool {
        let content = DumpFile::from_name(file).unwrap().content;
        is_allowed(&content, classify(sql.as_bytes()), sql.as_bytes(), Some("Target"))
    }

    #[test]
    fn what_dumps_have() {
        for file in FILES {
            for session in
                ["/*!40101 SET NAMES binary*/", "SET @p=@@sql_mode, sql_mode=''", "-- nothing", "SET @global=1"]
            {
                assert!(has_place(file, session), "{file}: {session}");
            }
        }
        for (file, sql) in [
            (ROWS, "INSERT INTO `t` VALUES(1)"),
            (ROWS, "/*!50000 REPLACE INTO `target`.`t` VALUES(1) */"),
            (ROWS, "INSERT IGNORE `t` VALUES('a.b')"),
            (ROWS, "LOAD DATA LOCAL INFILE 'd.t.00000.dat' INTO TABLE `t` (`a`)"),
            (TABLE, "CREATE TABLE IF NOT EXISTS `t` (a INT)"),
            (VIEW, "DROP TABLE IF EXISTS `v`"),
            (VIEW, "CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW v AS SELECT 1"),
            (SEQUENCE, "CREATE SEQUENCE `s`"),
            (SEQUENCE, "SELECT SETVAL(`s`, 1, 0, 2)"),
            (SEQUENCE, "DO SETVAL(`s`, 1, 0);"),
            (TRIGGERS, "DROP TRIGGER IF EXISTS x"),
            (TRIGGERS, "CREATE DEFINER=`a`@`b` TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET GLOBAL x = 1"),
            (POST, "CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT RETURN 1"),
            (POST, "DROP EVENT IF EXISTS e"),
            (ACCOUNTS, "CREATE USER a IDENTIFIED BY 'x'"),
            (ACCOUNTS, "SET DEFAULT ROLE r FOR u"),
            ("d-schema-create.sql", "CREATE DATABASE d"),
            ("all-schema-create-tablespace.sql", "CREATE TABLESPACE ts"),
        ] {
            assert!(has_place(file, sql), "{file}: {sql}");
        }
    }

    #[test]
    fn what_no_dump_has() {
        let nowhere = [
            "DROP DATABASE mysql",
            "SET GLOBAL general_log = 1",
            "SET sql_mode = '', @@global.read_only = 0",
            "SET a = (SELECT 1, 2), PERSIST b = 1",
            "/*!50000 SET @@PERSIST_ONLY.x = 1 */",
            "SET PASSWORD = 'x'",
            "SET ROLE r",
            "SET STATEMENT max_statement_time=1 FOR SELECT 1",
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "INSTALL PLUGIN p SONAME 'p.so'",
            "EXECUTE IMMEDIATE 'DROP DATABASE d'",
            "UPDATE mysql.user SET x = 1",
            "SHUTDOWN",
            "SELECT SETVAL(s, f())",
            "DO SETVAL(s, 1), SLEEP(1)",
            "CALL p()",
        ];
        for file in FILES {
            for sql in nowhere {
                assert!(!has_place(file, sql), "{file}: {sql}");
            }
        }
        for (sql, place) in [
            ("GRANT ALL ON *.* TO u", ACCOUNTS),
            ("CREATE USER u", ACCOUNTS),
            ("SET DEFAULT ROLE r FOR u", ACCOUNTS),
            ("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t", ROWS),
            ("INSERT INTO t VALUES (1)", ROWS),
            ("CREATE TABLE t (a INT)", TABLE),
            ("CREATE VIEW v AS SELECT 1", VIEW),
            ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1", TRIGGERS),
            ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", POST),
        ] {
            for file in FILES {
                assert_eq!(has_place(file, sql), file == place, "{file}: {sql}");
            }
        }
        for sql in [
            "INSERT INTO `mysql`.`global_priv` VALUES (1)",
            "REPLACE mysql.user VALUES (1)",
            "LOAD DATA LOCAL INFILE 'd.t.00000.dat' INTO TABLE `mysql`.`user`",
        ] {
            assert!(!has_place(ROWS, sql), "{sql}");
        }
        assert!(!has_place(TABLE, "CREATE TABLE /* x */ `other`.`t` (a INT)"));
    }
}
