use proptest::prelude::*;

use super::*;

fn user() -> Account {
    Account { user: "u".to_owned(), host: Some("%".to_owned()) }
}

fn grants(lines: &[&str]) -> Grants {
    let (grants, inactive_roles) = parse(lines.iter().map(|line| line.as_bytes()), &user());
    Grants { grants, inactive_roles, account: Some(user()), ..Grants::default() }
}

fn table(database: &str, name: &str) -> QualifiedName {
    QualifiedName::new(database, name)
}

#[test]
fn names_of_databases_are_patterns() {
    let granted = grants(&[
        "GRANT USAGE ON *.* TO `u`@`localhost` IDENTIFIED BY PASSWORD '*B6'",
        "GRANT SELECT, CREATE TEMPORARY TABLES ON `shop\\_%`.* TO `u`@`localhost` WITH GRANT OPTION",
        "GRANT ALL PRIVILEGES ON `a_b`.* TO `r`",
    ]);
    assert!(granted.on_database("shop_1", &["SELECT"]));
    assert!(granted.on_database("shop_", &["CREATE TEMPORARY TABLES"]));
    assert!(!granted.on_database("shop1", &["SELECT"]));
    assert!(!granted.on_database("shop_1", &["TRIGGER", "EVENT"]));
    assert!(granted.on_database("a.b", &["TRIGGER"]));
    assert!(granted.on_table(&table("a_b", "t"), &["TRIGGER"]));
    assert!(!granted.globally(&["SELECT"]));
    assert!(!granted.on_database("A_B", &["TRIGGER"]));
    assert_eq!(granted.all_of("a_b"), "`a\\_b`.*");
    let exact = Grants { exact_names: true, ..granted };
    assert!(!exact.on_database("a.b", &["TRIGGER"]));
    assert_eq!(exact.all_of("a_b"), "`a_b`.*");
    assert!(Grants { exact_names: false, ignore_case: true, ..exact }.on_database("A_B", &["TRIGGER"]));
}

#[test]
fn the_most_specific_pattern_of_each_account_and_role_is_in_effect() {
    let lines = [
        "GRANT INSERT ON `f\\_m`.* TO `u`@`%`",
        "GRANT SELECT ON `f_m`.* TO `u`@`%`",
        "GRANT UPDATE ON `f%`.* TO `u`@`%`",
        "GRANT DROP ON `f_m`.* TO `r`",
        "GRANT DELETE ON `f%`.* TO `r`",
    ];
    let granted = grants(&lines);
    let has = |grants: &Grants, database: &str| {
        let all = ["INSERT", "SELECT", "UPDATE", "DROP", "DELETE"];
        all.into_iter().filter(|privilege| grants.on_database(database, &[privilege])).collect::<Vec<_>>()
    };
    assert_eq!(has(&granted, "f_m"), ["INSERT", "DROP"]);
    assert_eq!(has(&granted, "fxm"), ["SELECT", "DROP"]);
    assert_eq!(has(&granted, "fx"), ["UPDATE", "DELETE"]);
    assert_eq!(has(&Grants { merges_roles: true, ..granted.clone() }, "f_m").len(), 5);
    // What a grant on the name would put out of effect.
    assert!(granted.has_by_pattern("fx") && !granted.has_by_pattern("f_m") && !granted.has_by_pattern("other"));
    assert_eq!(granted.all_of("f_m"), "`f_m`.*");
    assert_eq!(granted.all_of("f_n"), "`f\\_n`.*");
}

#[test]
fn partial_revokes_take_back_what_is_granted_globally() {
    let granted = grants(&[
        "GRANT SELECT, INSERT, LOCK TABLES ON *.* TO `u`@`%`",
        "GRANT BACKUP_ADMIN,SHOW_ROUTINE ON *.* TO `u`@`%`",
        "GRANT PROXY ON ``@`` TO `u`@`%` WITH GRANT OPTION",
        "REVOKE SELECT ON `mysql`.* FROM `u`@`%`",
    ]);
    assert!(granted.globally(&["SHOW_ROUTINE"]) && granted.globally(&["SUPER", "BACKUP_ADMIN"]));
    assert!(!granted.globally(&["SUPER", "SET USER"]));
    assert!(!granted.on_database("mysql", &["SELECT"]));
    assert!(granted.on_database("mysql", &["SELECT", "INSERT"]));
    assert!(granted.on_database("shop", &["SELECT"]));
    assert!(grants(&["GRANT ALL PRIVILEGES ON *.* TO `u`@`%`"]).globally(&["SET USER"]));
}

#[test]
fn tables_columns_and_what_is_no_grant_on_them() {
    let granted = grants(&[
        "SET DEFAULT ROLE `r1` FOR `u`@`%`",
        "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `d`.`p` TO `u`@`%`",
        "GRANT EXECUTE ON PACKAGE BODY `d`.`k` TO `u`@`%`",
        "GRANT SELECT (`a`, `on)`), UPDATE (`b`), DELETE ON `d`.`t` TO `u`@`%`",
        "GRANT SELECT, SHOW VIEW ON \"d\".\"v\" TO \"u\"@\"%\"",
    ]);
    assert!(!granted.on_table(&table("d", "t"), &["SELECT"]));
    assert!(granted.on_table(&table("d", "t"), &["DELETE"]));
    assert_eq!(granted.columns(&table("d", "t"), "SELECT"), ["a", "on)"]);
    assert_eq!(granted.columns(&table("d", "v"), "SELECT"), [""; 0]);
    assert!(granted.on_table(&table("d", "v"), &["SHOW VIEW"]));
    assert!(!granted.on_table(&table("d", "t"), &["SHOW VIEW"]));
    assert!(!granted.on_database("d", &["SELECT", "EXECUTE", "ALTER ROUTINE"]));
    assert!(
        granted.on_routine(&table("d", "P"), &["ALTER ROUTINE"]) && !granted.on_routine(&table("d", "q"), &["EXECUTE"])
    );
    assert!(!grants(&[]).globally(&["SELECT"]));
    assert!(Grants::unknown().on_table(&table("d", "t"), &["SELECT"]));
}

#[test]
fn roles_count_by_what_they_show_and_inactive_ones_are_told() {
    let granted =
        grants(&["GRANT `r1`@`%`,`r,2`@`%` TO `u`@`%`", "GRANT `nested` TO `r1`", "GRANT SELECT ON `d`.* TO `nested`"]);
    assert!(granted.on_database("d", &["SELECT"]));
    let advice = "the user's roles are not active: `r1`@`%`, `r,2`@`%` (SET DEFAULT ROLE makes them active at login)";
    assert_eq!(granted.advice().as_deref(), Some(advice));
    assert_eq!(grants(&["GRANT `nested` TO `r1`"]).advice(), None);
}

#[test]
fn what_shows_a_database() {
    let granted = grants(&[
        "GRANT USAGE ON *.* TO `u`@`%`",
        "GRANT BACKUP_ADMIN ON *.* TO `u`@`%`",
        "GRANT INSERT ON `d_1`.* TO `u`@`%`",
        "GRANT SELECT (`a`) ON `d2`.`t` TO `u`@`%`",
    ]);
    for (database, hidden) in [("dx1", false), ("d2", false), ("d3", true)] {
        assert_eq!(granted.hide_database(database), hidden, "{database}");
    }
    assert!(!grants(&["GRANT CREATE ON *.* TO `u`@`%`"]).hide_database("d3"));
}

proptest! {
    #[test]
    fn no_line_panics(line in prop::collection::vec(any::<u8>(), 0..60), start in "(GRANT|REVOKE) [A-Z ,(`@.*]{0,20}") {
        let _ = Line::parse(&line);
        let _ = Line::parse(&[start.as_bytes(), &line].concat());
    }

    #[test]
    fn names_are_read_back(database in "\\PC{1,9}", name in "\\PC{1,9}", column in "\\PC{1,9}") {
        let table = QualifiedName::new(database, name);
        let line = format!("GRANT INSERT, SELECT ({}) ON {} TO `u`@`%`", quote_identifier(&column), table.to_sql());
        let granted = grants(&[&line]);
        prop_assert!(granted.on_table(&table, &["INSERT"]));
        prop_assert_eq!(granted.columns(&table, "SELECT"), [column.as_str()]);
    }
}
