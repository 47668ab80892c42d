//! Databases and what they have before the restore.

use std::sync::PoisonError;

use common::backup::file_name::DumpFile;
use common::server::connection::Error as ServerError;
use common::sql::name::QualifiedName;
use common::sql::{quote_identifier, quote_string};

use crate::ddl::create_database::{self, CreateDatabase};
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::jobs::job::{DatabaseTarget, Existing, Findings, Outcome};
use crate::journal::Record;
use crate::objects::precheck;
use crate::objects::programs::text;
use crate::options::DropTable;
use crate::work::worker::{Error, Worker};

/// Which database a file is of.
pub fn find(worker: &mut Worker, file: &DumpFile) -> Result<Outcome, Error> {
    let (line, create) = create_statement(worker, file)?;
    let parsed = CreateDatabase::parse(&create);
    let source = text(&parsed.map_err(|source| Error::Parse { file: file.to_string(), line, source })?.name);
    let findings = if worker.shared.restore.create_databases {
        precheck::database(worker, file, line, &create, &target_name(worker, &source))?
    } else {
        Findings::default()
    };
    found(worker, source, findings)
}

/// A database whose file the dump does not have.
pub fn find_by_name(worker: &mut Worker, source: &str) -> Result<Outcome, Error> {
    found(worker, source.to_owned(), Findings::default())
}

fn found(worker: &mut Worker, source: String, findings: Findings) -> Result<Outcome, Error> {
    if !worker.shared.restore.filter.passes_database(&source) {
        return Ok(Outcome::DatabaseSkipped);
    }
    let target = target_name(worker, &source);
    let failed = |source| Error::Job { job: format!("database {}", target.escape_debug()), source };
    let existing = match worker.shared.journal.before(&target) {
        Some(before) => before,
        None => {
            let found = existing(worker, &target).map_err(failed)?;
            // Of a table that is there without being on the list, a later run has to know that it is ours.
            worker.shared.journal.write_and_wait(Record::Database {
                name: target.clone(),
                exists: found.database,
                names: found.names.iter().cloned().collect(),
                with_triggers: found.with_triggers.iter().cloned().collect(),
            })?;
            found
        }
    };
    if worker.shared.restore.drop_table != DropTable::Drop {
        let mut before = worker.shared.names_before.lock().unwrap_or_else(PoisonError::into_inner);
        before.insert(target.clone(), existing.names.clone());
    }
    Ok(Outcome::DatabaseFound(DatabaseTarget { source, target }, existing, findings))
}

fn target_name(worker: &Worker, source: &str) -> String {
    worker.shared.restore.target_database.clone().unwrap_or_else(|| source.to_owned())
}

/// CREATE DATABASE.
pub fn create(worker: &mut Worker, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    let (line, create) = create_statement(worker, file)?;
    worker.begin_file(file, None)?;
    let failed = |source| Error::Statement { file: file.to_string(), line, source };
    if worker.shared.restore.drop_database {
        let drop = format!("DROP DATABASE IF EXISTS {}", quote_identifier(&database.target));
        worker.session.connection().execute(drop).map_err(failed)?;
    }
    let create = create_database::rename(&create, database.target.as_bytes())
        .and_then(|create| create_database::ensure_if_not_exists(&create))
        .map_err(|source| Error::Parse { file: file.to_string(), line, source })?;
    if let Err(source) = worker.session.connection().execute(create) {
        return failed(source).refused_definition(format!("database {}", database.target.escape_debug()));
    }
    worker.end_file(file)?;
    Ok(Outcome::Done)
}

/// The file's CREATE DATABASE, and its line.
fn create_statement(worker: &Worker, file: &DumpFile) -> Result<(u64, Vec<u8>), Error> {
    let mut reader = worker.shared.files.statements(file)?;
    let mut found = None;
    while let Some(statement) = reader.next_statement().map_err(|source| worker.cannot_read(file, source))? {
        if classify(statement.text) == StatementKind::CreateDatabase {
            found = Some((statement.line, statement.text.to_vec()));
        }
    }
    found.ok_or_else(|| Error::Lacks { file: file.to_string(), what: "CREATE DATABASE" })
}

fn existing(worker: &mut Worker, database: &str) -> Result<Existing, ServerError> {
    let restore = &worker.shared.restore;
    if restore.drop_database && restore.create_databases {
        return Ok(Existing::default());
    }
    let server = worker.shared.server;
    let mut names = |column: &str, view: &str, schema: &str| {
        let schema = format!("{schema} = {}", quote_string(database));
        let query = format!("SELECT {column} FROM information_schema.{view} WHERE {schema}");
        let rows = worker.session.unchanged().query(query)?;
        Ok::<Vec<String>, ServerError>(rows.iter().map(|row| server.fold(row.text(0))).collect())
    };
    let there: Vec<String> = names("SCHEMA_NAME", "SCHEMATA", "SCHEMA_NAME")?;
    Ok(Existing {
        database: !there.is_empty(),
        names: names("TABLE_NAME", "TABLES", "TABLE_SCHEMA")?.into_iter().collect(),
        with_triggers: names("EVENT_OBJECT_TABLE", "TRIGGERS", "EVENT_OBJECT_SCHEMA")?.into_iter().collect(),
    })
}

/// Drops tables, views and sequences.
pub fn drop_existing(worker: &mut Worker, names: &[QualifiedName]) -> Result<Outcome, Error> {
    let failed = |name: &QualifiedName| {
        let job = format!("drop of {name}");
        move |source| Error::Job { job, source }
    };
    for name in names {
        worker.session.reset(Some(&name.database)).map_err(failed(name))?;
        if let Err(source) = drop_table_or_view(worker, &quote_identifier(&name.name)) {
            let error = failed(name)(source);
            if !worker.may_leave_out(&error) {
                return Err(error);
            }
            // When it is made, it will be found to exist: that counts.
            tracing::warn!("{error}");
        }
    }
    Ok(Outcome::Done)
}

/// Drops a table or view of the session's database, if there is one.
pub fn drop_table_or_view(worker: &mut Worker, quoted: &str) -> Result<(), ServerError> {
    const IS_NOT_VIEW: u16 = 1347;
    // The server notes that there was no such table.
    if worker.session.define(format!("DROP TABLE IF EXISTS {quoted}"))?.warnings == 0 {
        return Ok(());
    }
    match worker.session.define(format!("DROP VIEW IF EXISTS {quoted}")) {
        Err(error) if error.server_code() == Some(IS_NOT_VIEW) => Ok(()),
        result => result.map(drop),
    }
}
