//! What statements ask of servers.

use super::*;

fn server(name: &str) -> Server {
    name.parse().unwrap()
}

#[test]
fn each_product_passes_over_what_is_for_the_other() {
    let sql =
        b"a /*!40101 b */ /*!80016 c */ /*!50606 d */ /*M!100301 e */ /*!100301 f */ /*! g */ /*!99999 h */ /* i */";
    for (name, run, passed_over) in [
        ("mariadb-10.11.6", "a b d e f g", "/*!80016 c */ /*!99999 h */"),
        ("mariadb-10.2.0", "a b d g", "/*!80016 c */ /*M!100301 e */ /*!100301 f */ /*!99999 h */"),
        ("mysql-9.7.0", "a b c d g", "/*M!100301 e */ /*!100301 f */ /*!99999 h */"),
        ("mysql-5.7.44", "a b d g", "/*!80016 c */ /*M!100301 e */ /*!100301 f */ /*!99999 h */"),
    ] {
        let (tokens, comments) = split_by_version(sql, SqlDialect::default(), server(name));
        let tokens: Vec<_> = tokens.iter().map(|token| String::from_utf8_lossy(token.text)).collect();
        assert_eq!(tokens.join(" "), run, "{name}");
        let comments: Vec<_> = comments.iter().map(|comment| String::from_utf8_lossy(comment)).collect();
        assert_eq!(comments.join(" "), passed_over, "{name}");
    }
}

#[test]
fn names_of_character_sets_and_collations() {
    for (sql, character_sets, collations) in [
        (
            "CREATE TABLE t (a char(3) CHARACTER SET gbk COLLATE gbk_bin DEFAULT _ucs2'x', `COLLATE` int, \
             b int /*!80016 COLLATE not_here */ COMMENT 'COLLATE nor_here') DEFAULT CHARSET=UTF8MB4 COLLATE='utf8mb4_bin'",
            "gbk ucs2 utf8mb4",
            "gbk_bin utf8mb4_bin",
        ),
        ("SET collation_connection = utf8mb4_0900_ai_ci", "", "utf8mb4_0900_ai_ci"),
        ("SET collation_connection = @PREV_COLLATION_CONNECTION", "", ""),
        ("SET character_set_client = gb18030, character_set_results=NULL", "gb18030", ""),
        ("/*!40101 SET NAMES binary*/", "binary", ""),
        (
            "CREATE FUNCTION f(a varchar(9) CHARSET latin1) RETURNS text CHARSET big5 \
             BEGIN DECLARE charset INT; SET charset = x; RETURN (SELECT charset c FROM t WHERE _x 'y'); END",
            "big5 latin1",
            "",
        ),
        ("CREATE DATABASE d DEFAULT CHARACTER SET DEFAULT", "", ""),
    ] {
        let (tokens, _) = split_by_version(sql.as_bytes(), SqlDialect::default(), server("mariadb-10.11.6"));
        let found = names(sql.as_bytes(), &tokens);
        let joined = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(
            (joined(&found.character_sets).as_str(), joined(&found.collations).as_str()),
            (character_sets, collations)
        );
    }
}

#[test]
fn comments_that_are_passed_over_and_what_is_lost_with_them() {
    assert_eq!(loss(b"/*!80016 DEFAULT ENCRYPTION='N' */"), None);
    assert_eq!(loss(b"/*!50100 TABLESPACE `innodb_file_per_table` */"), None);
    assert_eq!(loss(b"/*!80016 NOT ENFORCED */").unwrap(), "a CHECK that the dump does not enforce is enforced here");
    assert_eq!(loss(b"/*!80003 SRID 4326 */").unwrap(), "this server ignores /*!80003 SRID 4326 */");
    assert_eq!(loss(b"/*M!100301 COMPRESSED*/").unwrap(), "this server ignores /*M!100301 COMPRESSED*/");
}

#[test]
fn modes_that_matter_and_are_lost() {
    let modes = "PIPES_AS_CONCAT,ORACLE,NO_AUTO_CREATE_USER,EMPTY_STRING_IS_NULL";
    assert_eq!(lost_modes(modes, server("mysql-9.7.0")), ["ORACLE", "EMPTY_STRING_IS_NULL"]);
    assert_eq!(lost_modes(modes, server("mariadb-10.11.6")), [""; 0]);
}
