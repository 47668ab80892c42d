//! Databases and what they have before the restore.

use std::collections::BTreeSet;

use common::backup::file_name::DumpFile;
use common::backup::selection::is_system;
use common::process::sync::lock;
use common::server::connection::ServerError;
use common::server::error_codes;
use common::sql::name::QualifiedName;
use common::sql::{quote_identifier, quote_string};

use crate::check::charset_support::CharsetSupport;
use crate::check::{definitions, references};
use crate::ddl::create_database::{self, CreateDatabase};
use crate::ddl::created_object::text;
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::{Findings, Outcome};
use crate::jobs::target::{DatabaseTarget, Existing};
use crate::journal::Record;
use crate::objects::database_collation;
use crate::options::DropTable;

/// Finds out which database a file belongs to.
pub fn find(context: &mut Context, charset_support: &CharsetSupport, file: &DumpFile) -> Result<Outcome, Error> {
    let (line, create) = create_statement(context, file)?;
    let parsed = CreateDatabase::parse(&create);
    let source = text(&parsed.map_err(|source| Error::Parse { file: file.to_string(), line, source })?.name);
    let declared = database_collation::declared(context, &create)
        .map_err(|source| Error::Job { job: file.to_string(), source })?;
    if let Some(declared) = declared.clone() {
        lock(&context.shared.database_collations.declared).insert(source.clone(), declared);
    }
    let findings = if context.shared.restore.create_databases {
        let target = target_name(context, &source);
        definitions::database(context, charset_support, file, (line, &create), &target)?
    } else {
        Findings::default()
    };
    found(context, source, declared, findings)
}

/// The same for a database whose file the dump does not have.
pub fn find_by_name(context: &mut Context, source: &str) -> Result<Outcome, Error> {
    found(context, source.to_owned(), None, Findings::default())
}

fn found(
    context: &mut Context,
    source: String,
    declared_collation: Option<String>,
    findings: Findings,
) -> Result<Outcome, Error> {
    if !context.shared.restore.filter.passes_database(&source) {
        if is_system(&source) && context.shared.restore.filter.is_empty() {
            tracing::warn!(
                "the dump has {source}, a database of the server itself: it is restored only if --source-db, --tables-list or \
                 the text of --regex names it, or under another name with --database"
            );
        }
        return Ok(Outcome::DatabaseSkipped);
    }
    let target = target_name(context, &source);
    let failed = |source| Error::Job { job: format!("database {}", target.escape_debug()), source };
    let mut existing = match context.shared.journal.before(&target) {
        Some(before) => Existing {
            database: before.exists,
            names: before.names.into_iter().collect(),
            views: BTreeSet::new(),
            with_triggers: before.with_triggers.into_iter().collect(),
            // What an earlier run has checked is not checked again.
            hides_privileges: true,
            ..Existing::default()
        },
        None => {
            let mut found = existing(context, &target).map_err(failed)?;
            found.declared_collation = declared_collation;
            found.hides_privileges = hides_privileges(context, &target).map_err(failed)?;
            // Of a table that is there without being on the list, a later run has to know that it is ours.
            context.shared.journal.write_and_wait(Record::Database {
                name: target.clone(),
                exists: found.database,
                names: found.names.iter().cloned().collect(),
                with_triggers: found.with_triggers.iter().cloned().collect(),
            })?;
            found
        }
    };
    let restore = &context.shared.restore;
    let replaces = (restore.drop_table == DropTable::Drop || restore.drop_database) && restore.create_tables;
    if replaces && !restore.verify_only && context.shared.server.is_mysql_since(8, 0, 0) {
        existing.references = references::read(context.session.unchanged(), &target).map_err(failed)?;
    }
    if context.shared.restore.drop_table != DropTable::Drop {
        let mut before = lock(&context.shared.names_before);
        before.insert(target.clone(), existing.names.clone());
    }
    Ok(Outcome::DatabaseFound(DatabaseTarget { source, target }, existing, findings))
}

fn target_name(context: &Context, source: &str) -> String {
    context.shared.restore.target_database.clone().unwrap_or_else(|| source.to_owned())
}

/// CREATE DATABASE.
pub fn create(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    let (line, create) = create_statement(context, file)?;
    context.begin_file(file, None)?;
    let failed = |source| Error::Statement { file: file.to_string(), line, source };
    if context.shared.restore.drop_database {
        let drop = format!("DROP DATABASE IF EXISTS {}", quote_identifier(&database.target));
        context.session.connection().execute(drop).map_err(failed)?;
    }
    let create = create_database::rename(&create, database.target.as_bytes())
        .and_then(|create| create_database::ensure_if_not_exists(&create))
        .map_err(|source| Error::Parse { file: file.to_string(), line, source })?;
    if let Err(source) = context.session.connection().execute(create) {
        return failed(source).rejected_definition(format!("database {}", database.target.escape_debug()));
    }
    context.end_file(file)?;
    Ok(Outcome::Done)
}

/// The file's CREATE DATABASE, and its line.
fn create_statement(context: &Context, file: &DumpFile) -> Result<(u64, Vec<u8>), Error> {
    let mut reader = context.shared.files.statements(file)?;
    let mut found = None;
    while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
        if classify(statement.text) == StatementKind::CreateDatabase {
            found = Some((statement.line, statement.text.to_vec()));
        }
    }
    found.ok_or_else(|| Error::NoStatement { file: file.to_string(), what: "CREATE DATABASE" })
}

fn existing(context: &mut Context, database: &str) -> Result<Existing, ServerError> {
    let restore = &context.shared.restore;
    let is_dropped = restore.drop_database && restore.create_databases;
    let server = context.shared.server;
    let mut query = |columns: &str, view: &str, schema: &str| {
        let schema = format!("{schema} = {}", quote_string(database));
        context.session.unchanged().query(format!("SELECT {columns} FROM information_schema.{view} WHERE {schema}"))
    };
    let there = query("DEFAULT_COLLATION_NAME", "SCHEMATA", "SCHEMA_NAME")?;
    if is_dropped {
        return Ok(Existing { database: !there.is_empty(), ..Existing::default() });
    }
    let (mut names, mut views) = (BTreeSet::new(), BTreeSet::new());
    for row in query("TABLE_NAME, TABLE_TYPE", "TABLES", "TABLE_SCHEMA")? {
        let name = server.fold(row.text(0));
        if row.text(1) == "VIEW" {
            views.insert(name.clone());
        }
        names.insert(name);
    }
    let with_triggers = query("EVENT_OBJECT_TABLE", "TRIGGERS", "EVENT_OBJECT_SCHEMA")?;
    let with_triggers = with_triggers.iter().map(|row| server.fold(row.text(0))).collect();
    let collation = there.first().map(|row| row.text(0));
    Ok(Existing { database: !there.is_empty(), collation, names, views, with_triggers, ..Existing::default() })
}

/// Whether the user sees a database, though no privilege that SHOW GRANTS shows is the reason: MariaDB's grants to the
/// anonymous user.
fn hides_privileges(context: &mut Context, database: &str) -> Result<bool, ServerError> {
    if !context.shared.target_user.grants.hide_database(database) {
        return Ok(false);
    }
    let is_mariadb = context.shared.server.is_mariadb();
    let show = format!("SHOW TABLES FROM {} LIKE ''", quote_identifier(database));
    match context.session.unchanged().query(show) {
        Ok(_) => Ok(true),
        // MariaDB says of what the user may not see that it is denied, also if it does not exist.
        Err(error) if error.server_code() == Some(error_codes::UNKNOWN_DATABASE) => Ok(is_mariadb),
        Err(error) if error.server_code().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Drops tables, views and sequences.
pub fn drop_existing(context: &mut Context, names: &[QualifiedName]) -> Result<Outcome, Error> {
    let failed = |name: &QualifiedName| {
        let job = format!("drop of {name}");
        move |source| Error::Job { job, source }
    };
    for name in names {
        context.session.reset(Some(&name.database)).map_err(failed(name))?;
        if let Err(source) = context.session.drop_table_or_view(&name.name) {
            let error = failed(name)(source);
            if !context.may_skip(&error) {
                return Err(error);
            }
            // When it is made, it will be found to exist: that counts.
            tracing::warn!("{error}");
        }
    }
    Ok(Outcome::Done)
}
