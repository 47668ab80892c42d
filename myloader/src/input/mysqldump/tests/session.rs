//! What the session of a dump is set to.

use super::super::session::{Error, Session};

fn after(statements: &[&str]) -> Session {
    let mut session = Session::default();
    for statement in statements {
        session.set(statement.as_bytes()).unwrap();
    }
    session
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

const HEADER: [&str; 8] = [
    "/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */",
    "/*!50503 SET NAMES utf8mb4 */",
    "/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */",
    "/*!40103 SET TIME_ZONE='+00:00' */",
    "/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */",
    "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO,IGNORE_SPACE' */",
    "SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN",
    "SET @@SESSION.SQL_LOG_BIN= 0",
];

#[test]
fn what_is_saved_is_set_back() {
    let mut session = after(&HEADER);
    let head = text(session.file_head());
    assert_eq!(
        head,
        "/*!40101 SET NAMES utf8mb4*/;\n/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n\
         /*!40101 SET SQL_MODE='IGNORE_SPACE,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'*/;\n/*!40103 SET TIME_ZONE='+00:00' */;\n"
    );
    for statement in [
        "/*!50003 SET @saved_cs_client      = @@character_set_client */",
        "/*!50003 SET @saved_col_connection = @@collation_connection */",
        "/*!50003 SET character_set_client  = latin1 */",
        "/*!50003 SET collation_connection  = latin1_swedish_ci */",
        "/*!50003 SET @saved_sql_mode       = @@sql_mode */",
        "/*!50003 SET sql_mode              = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' */",
    ] {
        session.set(statement.as_bytes()).unwrap();
    }
    assert!(session.dialect().ansi_quotes && session.dialect().no_backslash_escapes);
    assert_eq!(
        text(session.of_program()),
        "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';\nSET time_zone = '+00:00';\n\
         SET character_set_client = latin1;\nSET character_set_results = latin1;\n\
         SET collation_connection = latin1_swedish_ci;\n"
    );
    for statement in [
        "/*!50003 SET sql_mode              = @saved_sql_mode */",
        "/*!50003 SET character_set_client  = @saved_cs_client */",
        "/*!50003 SET collation_connection  = @saved_col_connection */",
    ] {
        session.set(statement.as_bytes()).unwrap();
    }
    assert_eq!(text(session.file_head()), head);
    session.set(b"/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */").unwrap();
    session.set(b"/*!40101 SET SQL_MODE=@OLD_SQL_MODE */").unwrap();
    assert!(!text(session.file_head()).contains("TIME_ZONE"));
}

#[test]
fn modes_of_quotes_are_not_those_of_files() {
    let session = after(&["/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ANSI,IGNORE_SPACE' */"]);
    assert!(session.dialect().ansi_quotes);
    let head = text(session.file_head());
    assert!(head.contains("SQL_MODE='IGNORE_SPACE,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'"), "{head}");
}

#[test]
fn other_variables_are_kept_with_their_version() {
    let mut session = after(&[
        "/*M!101100 SET @old=@@session.system_versioning_insert_history, @@session.system_versioning_insert_history=1 */",
        "SET SESSION x_y = -5",
    ]);
    let head = text(session.file_head());
    assert!(
        head.ends_with("/*M!101100 SET SESSION system_versioning_insert_history=1 */;\nSET SESSION x_y=-5;\n"),
        "{head}"
    );
    session.set(b"/*M!101100 SET system_versioning_insert_history=@old */").unwrap();
    assert!(!text(session.file_head()).contains("history"));
}

#[test]
fn what_reaches_beyond_the_session_is_told() {
    let mut session = Session::default();
    let gtid = session.set(b"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-14'").unwrap();
    assert_eq!(gtid.position, Some("gtid_purged"));
    assert_eq!(session.set(b"SET GLOBAL gtid_slave_pos='0-1-2'").unwrap().position, Some("gtid_slave_pos"));
    assert_eq!(session.set(b"SET GLOBAL read_only=1"), Err(Error::Global("read_only".into())));
    assert_eq!(session.set(b"SET sql_mode=CONCAT('a','b')"), Err(Error::Value("sql_mode".into())));
    assert_eq!(session.set(b"SET sql_mode=@never"), Err(Error::Value("sql_mode".into())));
    for odd in ["SET", "SET a", "SET a=1 b", "SET NAMES", "SET @@", "SET a:=1,"] {
        assert!(session.set(odd.as_bytes()).is_err(), "{odd}");
    }
}
