//! Checks definitions before anything is changed: what the server does not support, and what it will do differently.
//!
//! Tables and sequences are not judged by their text but created, before any row is loaded. Databases, views, triggers,
//! routines and events come later, so what their text shows is reported here: character sets and collations, about which
//! the server is asked, and kinds of objects that it does not support.

use std::collections::BTreeSet;

use common::backup::file_name::DumpFile;
use common::server::Server;
use common::server::error_codes;
use common::sql::definer::Definer;
use common::sql::name::QualifiedName;
use common::sql::token::SqlDialect;

use crate::check::charset_support::CharsetSupport;
use crate::check::storage::StorageSupport;
use crate::check::{Support, needs};
use crate::ddl::computing_session::inexact_objects;
use crate::ddl::create_table::CreateTable;
use crate::ddl::created_object::{dialect_after, object, text};
use crate::ddl::element::ElementKind;
use crate::ddl::portability;
use crate::ddl::rename_database::named;
use crate::ddl::statement_kind::{StatementKind, classify, sql_mode_value};
use crate::ddl::translate::translate;
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::{Findings, MissingDatabase, Outcome};
use crate::tolerance::{Fault, Rejection};

/// CREATE DATABASE.
pub fn database(
    context: &mut Context,
    charset_support: &CharsetSupport,
    file: &DumpFile,
    (line, create): (u64, &[u8]),
    target: &str,
) -> Result<Findings, Error> {
    let mut check = Check { context, charset_support, file };
    let mut findings = Findings::default();
    let object = format!("database {}", target.escape_debug());
    check.names(line, create, SqlDialect::default(), &object, &mut findings)?;
    Ok(findings)
}

/// A file with a table, a view, triggers, or routines and events.
pub fn file(context: &mut Context, support: &Support, file: &DumpFile) -> Result<Outcome, Error> {
    let mut findings = Findings::default();
    let mut reader = context.shared.files.statements(file)?;
    let mut check = Check { context, charset_support: &support.charsets, file };
    let mut dialect = SqlDialect::default();
    // What is said before CREATE is said for it.
    let mut session = Vec::new();
    let mut inexact = None;
    while let Some(statement) = reader.next_statement().map_err(|source| check.context.cannot_read(file, source))? {
        check.context.expects(file, &statement, None)?;
        let kind = classify(statement.text);
        match kind {
            StatementKind::Set if inexact_objects(statement.text).is_some() => {
                inexact = inexact_objects(statement.text);
            }
            StatementKind::Set => {
                dialect = dialect_after(dialect, kind, statement.text);
                session.push(statement.text.to_vec());
                findings.needs.extend(needs::of_statement(check.context, kind, statement.text, dialect));
            }
            StatementKind::CreateTable => {
                if let Some(name) = table_name(file, statement.text) {
                    if let Some(objects) = inexact.take().filter(|_| check.context.shared.restore.computes_rows()) {
                        findings.rejections.push(not_computable(file, statement.line, &name, &objects));
                    }
                    check.foreign_keys(statement.text, &name, support, &mut findings)?;
                    check.table(statement.line, statement.text, &name, &support.storage, &mut findings)?;
                }
            }
            StatementKind::CreateView
            | StatementKind::CreateTrigger
            | StatementKind::CreateRoutine
            | StatementKind::CreateEvent => {
                let object = object(file, statement.text, dialect);
                let mut own = Findings::default();
                check.kind(statement.line, statement.text, dialect, &object, &mut own);
                for text in session.drain(..) {
                    modes(check.context.shared.server, &text, &object, &mut own);
                    check.names(statement.line, &text, SqlDialect::default(), &object, &mut own)?;
                }
                check.names(statement.line, statement.text, dialect, &object, &mut own)?;
                check.user((statement.line, statement.text), kind, &object, &mut own);
                findings.needs.extend(needs::of_statement(check.context, kind, statement.text, dialect));
                let named = named(statement.text, dialect);
                check.databases(named, &object, kind == StatementKind::CreateView, support, &mut findings)?;
                // One reason is enough, and what is not made is not changed.
                match own.rejections.into_iter().next() {
                    Some(rejection) => findings.rejections.push(rejection),
                    None => findings.changes.append(&mut own.changes),
                }
            }
            StatementKind::Drop { .. } => {
                findings.needs.extend(needs::of_statement(check.context, kind, statement.text, dialect));
            }
            _ => {}
        }
    }
    // One of each is enough.
    findings.needs.dedup();
    Ok(Outcome::Checked(findings))
}

/// The check of one file.
struct Check<'a> {
    context: &'a mut Context,
    charset_support: &'a CharsetSupport,
    file: &'a DumpFile,
}

impl Check<'_> {
    /// A statement's character sets and collations, and what this server ignores.
    fn names(
        &mut self,
        line: u64,
        sql: &[u8],
        dialect: SqlDialect,
        object: &str,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let file = self.file;
        let (tokens, passed_over) = portability::split_by_version(sql, dialect, self.context.shared.server);
        for loss in passed_over.into_iter().filter_map(portability::loss) {
            findings.changes.push(format!("{object} ({file}, line {line}): {loss}"));
        }
        let mut names = portability::names(sql, &tokens);
        let failed = |source| Error::Job { job: file.to_string(), source };
        let connection = self.context.session.connection();
        if classify(sql) == StatementKind::Set {
            // A session can do without: what is made in it names the collations that it needs.
            for name in std::mem::take(&mut names.collations) {
                if !self.charset_support.has_collation(connection, &name).map_err(failed)? {
                    findings.changes.push(format!(
                        "{object} ({file}, line {line}): was made in a session with the collation {name}, which this \
                         server does not have; here it compares literals by the server's default"
                    ));
                }
            }
        }
        if let Some((code, why)) = self.charset_support.first_missing(connection, names).map_err(failed)? {
            let why = format!("{file}, line {line}: {why}");
            findings.rejections.push(Rejection { object: object.to_owned(), why, fault: Fault::Server(code) });
        }
        Ok(())
    }

    fn table(
        &mut self,
        line: u64,
        sql: &[u8],
        name: &str,
        storage: &StorageSupport,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let object = format!("table {name}");
        let file = self.file;
        let server = self.context.shared.server;
        let parse_error = |source| Error::Parse { file: file.to_string(), line, source };
        let translated = translate(sql, server).map_err(parse_error)?;
        findings.needs.extend(needs::of_table(self.context, &translated));
        if server.is_mariadb() {
            for element in CreateTable::parse(&translated, SqlDialect::default()).map_err(parse_error)?.elements {
                let ElementKind::Column(column) = &element.kind else { continue };
                if column.json {
                    let column = text(&column.name).escape_debug().to_string();
                    findings.changes.push(format!(
                        "{object} ({file}, line {line}): the JSON column {column} is LONGTEXT with a CHECK here"
                    ));
                }
            }
        }
        self.names(line, &translated, SqlDialect::default(), &object, findings)?;
        if let Some((code, why)) = storage.missing(self.context, file, &translated)? {
            let why = format!("{file}, line {line}: {why}");
            findings.rejections.push(Rejection { object, why, fault: Fault::Server(code) });
        }
        Ok(())
    }

    /// What the user may not create, whatever the privileges on the database.
    fn user(&self, (line, sql): (u64, &[u8]), kind: StatementKind, object: &str, findings: &mut Findings) {
        let (file, server) = (self.file, self.context.shared.server);
        let restore = &self.context.shared.restore;
        let is_made = match kind {
            StatementKind::CreateTrigger => restore.triggers,
            StatementKind::CreateView => restore.schemas,
            _ => restore.post,
        };
        if !is_made {
            return;
        }
        let user = &self.context.shared.target_user;
        let definer = Definer::of(&self.context.shared.restore.definer.apply(sql));
        let why = match definer {
            Some(definer) if user.may_not_set(&definer) => {
                let privilege = match () {
                    () if server.is_mariadb() => "SET USER",
                    () if server.is_mysql_since(8, 2, 0) => "SET_ANY_DEFINER",
                    () => "SUPER",
                };
                format!(
                    "the user may not make {definer} its definer: GRANT {privilege} ON *.* TO {}, or use --skip-definer or \
                     --replace-definer",
                    user.grants.account()
                )
            }
            _ if user.is_distrusted() && (kind == StatementKind::CreateTrigger || object.starts_with("function ")) => {
                format!(
                    "the server writes a binary log, so the user may not create triggers and functions: GRANT SUPER ON *.* \
                     TO {}, or SET GLOBAL log_bin_trust_function_creators = 1",
                    user.grants.account()
                )
            }
            _ => return,
        };
        let (object, why) = (object.to_owned(), format!("{file}, line {line}: {why}"));
        findings.rejections.push(Rejection { object, why, fault: Fault::Server(Some(error_codes::PRIVILEGE_NEEDED)) });
    }

    /// Databases that are named and are not on the server.
    fn databases(
        &mut self,
        named: impl IntoIterator<Item = String>,
        object: &str,
        is_needed: bool,
        support: &Support,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let server = self.context.shared.server;
        for name in named {
            let known = match support.databases.get() {
                Some(known) => known,
                None => {
                    let rows =
                        self.context.session.unchanged().query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA");
                    let rows = rows.map_err(|source| Error::Job { job: self.file.to_string(), source })?;
                    support.databases.get_or_init(|| rows.iter().map(|row| server.fold(row.text(0))).collect())
                }
            };
            if !known.contains(&*server.folded(&name)) {
                findings.missing_databases.push(MissingDatabase { name, object: object.to_owned(), is_needed });
            }
        }
        Ok(())
    }

    fn foreign_keys(
        &mut self,
        sql: &[u8],
        table: &str,
        support: &Support,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let Ok(parsed) = CreateTable::parse(sql, SqlDialect::default()) else { return Ok(()) };
        if self.context.shared.restore.skip_constraints {
            return Ok(());
        }
        let mut named = BTreeSet::new();
        for element in &parsed.elements {
            if let ElementKind::ForeignKey(key) = &element.kind {
                let database = key.referenced_database.as_deref().map(text);
                named.extend(database.clone());
                findings.parents.push((database, text(&key.referenced_table)));
            }
        }
        let object = format!("a foreign key of table {table}");
        self.databases(named, &object, false, support, findings)
    }

    /// Kinds of objects that one product has and the other does not.
    fn kind(&self, line: u64, sql: &[u8], dialect: SqlDialect, object: &str, findings: &mut Findings) {
        let (file, server) = (self.file, self.context.shared.server);
        let (tokens, _) = portability::split_by_version(sql, dialect, server);
        let head = |word: &str| tokens.iter().take(12).any(|token| token.is_word(word));
        let has = |first: &str, second: &str| {
            tokens.windows(2).any(|pair| matches!(pair, [a, b] if a.is_word(first) && b.is_word(second)))
        };
        let kind = classify(sql);
        let what = match () {
            () if kind == StatementKind::CreateRoutine && !server.is_mariadb() && head("PACKAGE") => "packages",
            () if kind == StatementKind::CreateRoutine && !server.is_mariadb() && head("AGGREGATE") => {
                "aggregate functions in SQL"
            }
            () if kind == StatementKind::CreateRoutine && server.is_mariadb() && head("LIBRARY") => "libraries",
            () if kind == StatementKind::CreateRoutine && server.is_mariadb() && has("LANGUAGE", "JAVASCRIPT") => {
                "routines in JavaScript"
            }
            () if kind == StatementKind::CreateView && server.is_mariadb() && head("DUALITY") => "duality views",
            () => return,
        };
        let why = format!("{file}, line {line}: {server} has no {what} (exclude it, or rewrite it for this server)");
        findings.rejections.push(Rejection { object: object.to_owned(), why, fault: Fault::Server(None) });
    }
}

/// A table whose rows this server would compute otherwise than they are stored in the source.
fn not_computable(file: &DumpFile, line: u64, table: &str, objects: &str) -> Rejection {
    let why = format!(
        "{file}, line {line}: {objects}: no time zone and sql_mode give all values that the source has stored, so the copy \
         would have others (make them equal in the source and dump again; or create the table here as it should be and \
         restore with --skip-create-table; or leave it out with --omit-from-file)"
    );
    Rejection { object: format!("table {table}"), why, fault: Fault::Server(None) }
}

/// The name of a table that will be created; stand-ins for views are not.
fn table_name(file: &DumpFile, sql: &[u8]) -> Option<String> {
    let parsed = CreateTable::parse(sql, SqlDialect::default()).ok().filter(|parsed| !parsed.if_not_exists)?;
    Some(QualifiedName::new(file.content.database()?, text(&parsed.name)).to_string())
}

/// Modes that a stored program was created with, and that this server does not have.
fn modes(server: Server, set: &[u8], object: &str, findings: &mut Findings) {
    let Some((_, modes)) = sql_mode_value(set) else { return };
    for mode in portability::lost_modes(&text(&modes), server) {
        findings.changes.push(format!("{object}: this server has no sql_mode {mode}, which changes what it does"));
    }
}
