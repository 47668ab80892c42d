//! Whether the dump fits a table that is on the server, before anything is changed.

mod columns;
mod dumped;
mod references;

use common::backup::file_name::{Content, DumpFile};
use common::server::connection::{Connection, Row, ServerError};
use common::server::is_generated;
use common::sql::name::QualifiedName;
use common::sql::quote_string;
use common::sql::token::SqlDialect;

use crate::ddl::create_table::CreateTable;
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::ddl::translate::translate;
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::{Findings, Outcome};
use crate::jobs::target::{ExistingTable, Fate};
use crate::tolerance::{Fault, Rejection};

use columns::{TargetColumn, misfits};
use dumped::DumpedTable;

/// Engines that store no rows, or keep them in other tables or on other servers.
const KEEP_ROWS_ELSEWHERE: [&str; 5] = ["BLACKHOLE", "FEDERATED", "CONNECT", "MRG_MYISAM", "SPIDER"];

/// Whether a table of this engine, in any case, has no rows of its own.
pub fn keeps_rows_elsewhere(engine: &str) -> bool {
    KEEP_ROWS_ELSEWHERE.iter().any(|name| name.eq_ignore_ascii_case(engine))
}

/// Compares a table on the server with the dump's.
pub fn table(context: &mut Context, table: &ExistingTable) -> Result<Outcome, Error> {
    let Some(dumped) = dumped(context, table)? else { return Ok(Outcome::Checked(Findings::default())) };
    let failed = |source| Error::Job { job: format!("table {}", table.name), source };
    let mut found = Vec::new();
    if let Some(dumped) = &dumped {
        found.extend(table.references.iter().filter_map(|reference| references::misfit(dumped, reference)));
    }
    if table.fate != Fate::Replaced {
        let server = context.shared.server;
        let connection = context.session.unchanged();
        let engine = engine(connection, &table.name).map_err(failed)?;
        let has_rows = dumped.as_ref().is_none_or(|dumped| !dumped.engine.as_deref().is_some_and(keeps_rows_elsewhere));
        if has_rows && keeps_rows_elsewhere(&engine) {
            found.push(format!(
                "its engine here, {engine}, does not keep the dump's rows in this table: replace the table with \
                 --drop-table=DROP, or leave it out"
            ));
        } else if let Some(dumped) = dumped.as_ref().filter(|_| has_rows) {
            found.extend(misfits(dumped, &columns_of(connection, &table.name).map_err(failed)?, server));
        }
        if table.fate == Fate::Emptied && is_versioned(connection, &table.name).map_err(failed)? {
            found.push(
                "it is system-versioned: TRUNCATE is refused, and DELETE keeps its rows as history: replace the table with \
                 --drop-table=DROP"
                    .to_owned(),
            );
        }
        if table.fate == Fate::Emptied && engine.eq_ignore_ascii_case("ARCHIVE") {
            let any = connection.query_first(format!("SELECT 1 FROM {} LIMIT 1", table.name.to_sql()));
            if any.map_err(failed)?.is_some() {
                found.push(
                    "it has rows, and the engine ARCHIVE lets nobody remove any: replace the table with --drop-table=DROP"
                        .to_owned(),
                );
            }
        }
    }
    let object = format!("table {}", table.name);
    let reject = |why| Rejection { object: object.clone(), why, fault: Fault::Target };
    Ok(Outcome::Checked(Findings { rejections: found.into_iter().map(reject).collect(), ..Findings::default() }))
}

/// What the dump says of the table; `None` for what only stands in for a view, `Some(None)` if it says nothing.
fn dumped(context: &mut Context, table: &ExistingTable) -> Result<Option<Option<DumpedTable>>, Error> {
    let Some(file) = &table.schema else {
        let columns = table.columns.as_deref();
        return Ok(Some(columns.and_then(|columns| DumpedTable::of_metadata(columns, table.columns_named))));
    };
    let server = context.shared.server;
    let mut reader = context.shared.files.statements(file)?;
    while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
        if classify(statement.text) != StatementKind::CreateTable {
            continue;
        }
        let parse_error = |source| Error::Parse { file: file.to_string(), line: statement.line, source };
        let parsed = CreateTable::parse(statement.text, SqlDialect::default()).map_err(parse_error)?;
        let view = DumpFile::new(Content::View(table.file.clone()), file.layers);
        if parsed.if_not_exists || context.shared.files.has(&view) {
            return Ok(None);
        }
        let translated = translate(statement.text, server).map_err(parse_error)?;
        return Ok(Some(DumpedTable::of_definition(&translated, table.columns_named, server)));
    }
    Ok(Some(None))
}

fn condition(name: &QualifiedName) -> String {
    format!("TABLE_SCHEMA = {} AND TABLE_NAME = {}", quote_string(&name.database), quote_string(&name.name))
}

/// The engine of a table, as the server writes it; empty if it does not list the table.
pub fn engine(connection: &mut Connection, name: &QualifiedName) -> Result<String, ServerError> {
    let sql = format!("SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE {}", condition(name));
    let rows = connection.query(sql)?;
    Ok(of_table(&rows, name).next().map(|row| row.text(1)).unwrap_or_default())
}

/// Whether MariaDB keeps the table's past.
fn is_versioned(connection: &mut Connection, name: &QualifiedName) -> Result<bool, ServerError> {
    let sql = format!("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE {}", condition(name));
    let rows = connection.query(sql)?;
    Ok(of_table(&rows, name).next().is_some_and(|row| row.text(1) == "SYSTEM VERSIONED"))
}

/// Rows whose first column is the table's name: a server that ignores case in names may list others, too.
fn of_table<'a>(rows: &'a [Row], name: &QualifiedName) -> impl Iterator<Item = &'a Row> {
    let is_exact = |row: &Row| row.text(0) == name.name;
    let any = rows.iter().any(is_exact);
    let name = name.name.clone();
    rows.iter().filter(move |row| !any || row.text(0) == name)
}

fn columns_of(connection: &mut Connection, name: &QualifiedName) -> Result<Vec<TargetColumn>, ServerError> {
    let sql = format!(
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_SET_NAME, COLUMN_TYPE, EXTRA, IS_NULLABLE, \
         COLUMN_DEFAULT IS NULL FROM information_schema.COLUMNS WHERE {} ORDER BY ORDINAL_POSITION",
        condition(name)
    );
    let mut columns = Vec::new();
    for row in of_table(&connection.query(sql)?, name) {
        let extra = row.text(5).to_ascii_uppercase();
        let is_nullable = row.text(6) == "YES";
        let has_default =
            row.number(7) == Some(0) || extra.contains("AUTO_INCREMENT") || extra.contains("DEFAULT_GENERATED");
        let list = row.text(4);
        let list = list.split_once('(').and_then(|(_, list)| list.rsplit_once(')')).map(|(list, _)| list.to_owned());
        let data_type = row.text(2).to_ascii_lowercase();
        columns.push(TargetColumn {
            name: row.text(1),
            members: if matches!(data_type.as_str(), "enum" | "set") {
                list.unwrap_or_default()
            } else {
                String::new()
            },
            data_type,
            charset: row.bytes(3).map(|name| String::from_utf8_lossy(name).into_owned()),
            generated: is_generated(&extra),
            invisible: extra.contains("INVISIBLE"),
            optional: is_nullable || has_default,
        });
    }
    Ok(columns)
}
