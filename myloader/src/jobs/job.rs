//! The units of work.

use std::fmt;
use std::sync::Arc;

use common::backup::file_name::{DumpFile, RowsFile};
use common::observe::wording::count;
use common::sql::name::QualifiedName;

use crate::ddl::split::added;
use crate::jobs::outcome::LaterGrant;
use crate::jobs::target::{Comparison, DatabaseTarget, ExistingTable, Part, TableTarget};
use crate::journal::TRIGGERS;

/// When the secondary keys of a table are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTiming {
    /// With the table.
    WithTable,
    /// After its rows, as far as possible.
    Later,
}

/// What one worker does at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Find out which database a file belongs to, and what it has on the server.
    FindDatabase(DumpFile),
    Tablespaces(DumpFile),
    /// Check whether this server accepts the accounts of the dump.
    CheckAccounts(DumpFile),
    /// Create accounts and grant privileges on what exists already.
    CreateAccounts(DumpFile),
    /// Grant the other privileges, once everything exists.
    GrantLater(DumpFile, Vec<LaterGrant>),
    /// Check that a database exists whose file the dump does not have.
    UseDatabase(String),
    /// Read a definition, and report whether the server supports it.
    Check(DumpFile),
    /// Compare a table that is there with the dump's.
    Fit(Arc<ExistingTable>),
    /// Create a database, from its file.
    CreateDatabase(Arc<DatabaseTarget>, DumpFile),
    /// Drop tables, views and sequences that will be created again.
    DropExisting(Vec<QualifiedName>),
    Sequence(Arc<DatabaseTarget>, DumpFile),
    /// Create a table, perhaps without the keys that can be added later.
    CreateTable(Arc<DatabaseTarget>, DumpFile, KeyTiming),
    /// Empty a table that existed before.
    Empty(Arc<TableTarget>),
    Rows(Arc<TableTarget>, RowsFile, DumpFile),
    /// Add keys: statements to be run in order.
    AddKeys(Arc<TableTarget>, Vec<Vec<u8>>),
    AddConstraints(Arc<TableTarget>, Vec<u8>),
    /// CHECKSUM TABLE, and the dump's value.
    DataChecksum(Arc<QualifiedName>, u64),
    /// Checksums of a database and of what it has.
    Checksums(Arc<DatabaseTarget>),
    /// Compare a part of a table with the dump.
    Compare(Arc<Comparison>, Part),
    Routines(Arc<DatabaseTarget>, DumpFile),
    View(Arc<DatabaseTarget>, DumpFile),
    Triggers(Arc<DatabaseTarget>, DumpFile),
    Events(Arc<DatabaseTarget>, DumpFile),
}

impl Job {
    /// The object that the job is about, as messages about a failure name it.
    pub fn object(&self) -> String {
        let of_table = |kind: &str, database: &DatabaseTarget, file: &DumpFile| {
            let name = file.content.table().map(|table| table.table.clone()).unwrap_or_default();
            format!("{kind} {}", QualifiedName::new(database.target.clone(), name))
        };
        match self {
            Job::Tablespaces(_) => "tablespaces".to_owned(),
            Job::CheckAccounts(_) | Job::CreateAccounts(_) | Job::GrantLater(..) => "accounts".to_owned(),
            Job::FindDatabase(file) | Job::Check(file) => file.to_string(),
            Job::UseDatabase(name) => format!("database {}", name.escape_debug()),
            Job::Fit(table) => format!("table {}", table.name),
            Job::CreateDatabase(database, _) => format!("database {}", database.target.escape_debug()),
            Job::DropExisting(_) => "what exists and comes again".to_owned(),
            Job::Sequence(database, file) => of_table("sequence", database, file),
            Job::CreateTable(database, file, _) => of_table("table", database, file),
            Job::Empty(table) => format!("table {}", table.name),
            Job::Rows(table, _, file) => format!("rows of {} in {file}", table.name),
            Job::AddKeys(table, _) => format!("keys of {}", table.name),
            Job::AddConstraints(table, _) => format!("foreign keys of {}", table.name),
            Job::Routines(database, _) => format!("routines of {}", database.target.escape_debug()),
            Job::View(database, file) => of_table("view", database, file),
            Job::Triggers(database, file) => match file.content.table() {
                Some(_) => of_table("triggers of", database, file),
                None => format!("triggers of {}", database.target.escape_debug()),
            },
            Job::Compare(comparison, _) => format!("table {}", comparison.name),
            Job::DataChecksum(table, _) => format!("table {table}"),
            Job::Checksums(database) => format!("database {}", database.target.escape_debug()),
            Job::Events(database, _) => format!("events of {}", database.target.escape_debug()),
        }
    }
}

impl Job {
    /// Whether it may change something on the server.
    pub fn changes(&self) -> bool {
        let looks = matches!(
            self,
            Job::FindDatabase(_)
                | Job::UseDatabase(_)
                | Job::Check(_)
                | Job::Fit(_)
                | Job::CheckAccounts(_)
                | Job::Compare(..)
                | Job::DataChecksum(..)
                | Job::Checksums(_)
        );
        !looks
    }

    /// Its name in the journal, if the journal only needs to know whether it is done.
    pub fn journal_name(&self) -> Option<String> {
        Some(match self {
            Job::Tablespaces(file) => format!("tablespaces {file}"),
            Job::CreateDatabase(_, file) => format!("database {file}"),
            Job::DropExisting(_) => "drops".to_owned(),
            Job::Sequence(_, file) => format!("sequence {file}"),
            Job::Routines(_, file) => format!("routines {file}"),
            Job::View(_, file) => format!("view {file}"),
            Job::Triggers(_, file) => format!("{TRIGGERS}{file}"),
            Job::Events(_, file) => format!("events {file}"),
            _ => return None,
        })
    }
}

impl Job {
    /// What was done, for the log.
    pub fn report(&self) -> String {
        let name = |database: &DatabaseTarget, file: &DumpFile| {
            let name = file.content.table().map(|table| table.table.clone()).unwrap_or_default();
            QualifiedName::new(database.target.clone(), name)
        };
        match self {
            Job::FindDatabase(file) => format!("looked up the database of {file}"),
            Job::UseDatabase(name) => format!("looked up database {}", name.escape_debug()),
            Job::Fit(table) => format!("compared the columns of {} with the dump's", table.name),
            Job::Tablespaces(file) => format!("created the tablespaces of {file}"),
            Job::CheckAccounts(file) | Job::Check(file) => format!("checked {file}"),
            Job::CreateAccounts(file) => format!("created the accounts of {file}"),
            Job::GrantLater(file, grants) => format!("granted {} of {file}", count(grants.len(), "more privilege")),
            Job::CreateDatabase(database, _) => format!("created database {}", database.target.escape_debug()),
            Job::DropExisting(names) => format!("dropped {}", count(names.len(), "existing object")),
            Job::Sequence(database, file) => format!("created sequence {}", name(database, file)),
            Job::CreateTable(database, file, _) => format!("created table {}", name(database, file)),
            Job::Empty(table) => format!("emptied table {}", table.name),
            Job::Rows(table, RowsFile { chunk, part, .. }, _) => {
                let chunk = chunk.map(|chunk| format!(" chunk {chunk}")).unwrap_or_default();
                let part = if *part > 0 { format!(" part {part}") } else { String::new() };
                format!("loaded {}{chunk}{part}", table.name)
            }
            Job::AddKeys(table, statements) => {
                let indexes = statements.iter().map(|statement| added(statement)).sum::<usize>();
                format!("added {} to {}", count(indexes, "index"), table.name)
            }
            Job::AddConstraints(table, statement) => {
                format!("added {} to {}", count(added(statement), "foreign key"), table.name)
            }
            Job::DataChecksum(table, _) => format!("read the checksum of table {table}"),
            Job::Checksums(database) => format!("read the checksums of database {}", database.target.escape_debug()),
            Job::Compare(comparison, Part::Chunk(index)) => {
                let chunk = comparison.chunks.get(*index).map_or(0, |chunk| chunk.number);
                format!("compared {} chunk {chunk}", comparison.name)
            }
            Job::Compare(comparison, Part::Whole | Part::Count) => format!("compared {}", comparison.name),
            Job::Routines(database, _) => format!("created the routines of {}", database.target.escape_debug()),
            Job::View(database, file) => format!("created view {}", name(database, file)),
            Job::Triggers(database, file) => match file.content.table() {
                Some(_) => format!("created the triggers of {}", name(database, file)),
                None => format!("created the triggers of {}", database.target.escape_debug()),
            },
            Job::Events(database, _) => format!("created the events of {}", database.target.escape_debug()),
        }
    }
}

impl fmt::Display for Job {
    /// As messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Job::FindDatabase(file) | Job::Check(file) => write!(f, "look at {file}"),
            Job::Tablespaces(file)
            | Job::CheckAccounts(file)
            | Job::CreateAccounts(file)
            | Job::GrantLater(file, _)
            | Job::CreateDatabase(_, file)
            | Job::Sequence(_, file)
            | Job::CreateTable(_, file, _)
            | Job::Rows(_, _, file)
            | Job::Routines(_, file)
            | Job::View(_, file)
            | Job::Triggers(_, file)
            | Job::Events(_, file) => write!(f, "{file}"),
            Job::UseDatabase(name) => write!(f, "database {}", name.escape_debug()),
            Job::Fit(table) => write!(f, "look at table {}", table.name),
            Job::DropExisting(tables) => write!(f, "drop of {} existing tables", tables.len()),
            Job::Empty(table) => write!(f, "emptying of {}", table.name),
            Job::AddKeys(table, _) => write!(f, "keys of {}", table.name),
            Job::AddConstraints(table, _) => write!(f, "foreign keys of {}", table.name),
            Job::DataChecksum(table, _) => write!(f, "checksum of {table}"),
            Job::Checksums(database) => write!(f, "checksums of database {}", database.target.escape_debug()),
            Job::Compare(comparison, Part::Chunk(index)) => {
                let chunk = comparison.chunks.get(*index).map_or(0, |chunk| chunk.number);
                write!(f, "comparison of {}, chunk {chunk}", comparison.name)
            }
            Job::Compare(comparison, Part::Whole | Part::Count) => write!(f, "comparison of {}", comparison.name),
        }
    }
}
