//! Definitions: what is taken out of a CREATE TABLE comes again, and what is not stays to the byte.

#![no_main]

use common::server::Server;
use common::sql::token::{SqlDialect, Tokens};
use libfuzzer_sys::fuzz_target;
use myloader_modules::ddl::create_database::{self, CreateDatabase};
use myloader_modules::ddl::create_table::{Body, CreateTable};
use myloader_modules::ddl::load_data::{on_duplicate, with_character_set};
use myloader_modules::ddl::portability::{loss, names, split_by_version};
use myloader_modules::ddl::sequences::renamed;
use myloader_modules::ddl::split::{SplitOptions, split};
use myloader_modules::ddl::statement_kind::{StatementKind, classify, load_data_file, sql_mode_value};
use myloader_modules::ddl::translate::translate;
use myloader_modules::ddl::trigger::table_of_trigger;

fuzz_target!(|sql: &[u8]| {
    let dialect = SqlDialect::default();
    let kind = classify(sql);
    let servers = ["mysql-9.7.0", "mariadb-10.11.6"].map(server);

    if let Ok(table) = CreateTable::parse(sql, dialect) {
        assert_eq!(kind, StatementKind::CreateTable);
        let mut end = 0;
        for element in &table.elements {
            assert!(element.start >= end && sql.get(element.start..element.end()) == Some(element.text));
            end = element.end();
        }
        let options = SplitOptions {
            engines: vec!["InnoDB".to_owned(), String::new()],
            split_keys: true,
            split_constraints: true,
            ..SplitOptions::default()
        };
        // With nothing to take out, nothing changes.
        assert_eq!(split(sql, &SplitOptions::default()).expect("it was parsed").create, sql);
        let parts = split(sql, &options).expect("it was parsed");
        if table.body == Body::Elements && table.separable {
            // Each element stands in one of the statements, and none comes twice.
            let left = CreateTable::parse(&parts.create, dialect).map(|table| table.elements.len());
            let added = parts.keys.iter().chain(&parts.constraints);
            let later: usize = added.clone().map(|statement| statement.len()).sum();
            let all: usize = table.elements.iter().map(|element| element.text.len()).sum();
            assert!(parts.create.len() + later >= all);
            if let Ok(left) = left {
                assert!(left <= table.elements.len());
            }
            for element in &table.elements {
                let has = |statement: &[u8]| {
                    element.text.is_empty() || statement.windows(element.text.len()).any(|part| part == element.text)
                };
                assert!(has(&parts.create) || added.clone().any(|statement| has(statement)));
            }
        }
        for server in servers {
            let translated = translate(sql, server).expect("it was parsed");
            // What was translated needs it no more.
            assert_eq!(translate(&translated, server).as_deref(), Ok(translated.as_slice()));
        }
    }
    if let Ok(database) = CreateDatabase::parse(sql) {
        assert_eq!(kind, StatementKind::CreateDatabase);
        let other = create_database::rename(sql, b"a`b\n").expect("it was parsed");
        let other = CreateDatabase::parse(&other).expect("it has another name");
        assert!(other.name == b"a`b\n" && other.if_not_exists);
        let same = create_database::ensure_if_not_exists(sql).expect("it was parsed");
        let same = CreateDatabase::parse(&same).expect("it is the same database");
        assert!(same.name == database.name && same.if_not_exists);
    }
    for server in servers {
        let (tokens, passed_over) = split_by_version(sql, dialect, server);
        let _ = names(sql, &tokens);
        for comment in passed_over {
            let _ = loss(comment);
        }
    }
    if let Ok(with) = with_character_set(sql) {
        assert_eq!(with_character_set(&with).as_deref(), Ok(with.as_slice()));
        assert_eq!(on_duplicate(&with).ok(), on_duplicate(sql).ok());
    }
    if load_data_file(sql).is_some() {
        assert_eq!(kind, StatementKind::LoadData);
    }
    if let Some((range, _)) = sql_mode_value(sql) {
        assert!(kind == StatementKind::Set && sql.get(range).is_some_and(|text| text.len() >= 2));
    }
    let _ = table_of_trigger(sql);
    // There and back is the same text, but for how the name was written.
    let there = renamed(sql, "a", "b");
    let number = |sql: &[u8]| Tokens::new(sql, dialect).count();
    assert_eq!(number(&there), number(sql));
});

fn server(name: &str) -> Server {
    name.parse().expect("a server's version")
}
