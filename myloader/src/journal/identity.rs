//! Which restore a journal is of: the server, the dump, and the options that what is restored depends on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::backup::selection::Pattern;
use common::server::connection::{Connection, ServerError};

use super::record::{Record, VERSION};
use super::state::{RestoreProgress, Run};
use crate::config::Restore;
use common::journal::LOAD_JOURNAL_PREFIX;

/// Which restore it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    server: String,
    options: BTreeMap<String, String>,
    /// Checksum and length of the metadata, where it is there.
    dump: Option<(u32, u64)>,
}

impl Identity {
    /// Asks the server who it is.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn new(
        connection: &mut Connection,
        restore: &Restore,
        dump: Option<(u32, u64)>,
    ) -> Result<Identity, ServerError> {
        let rows = connection
            .query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'hostname', 'port', 'datadir')")?;
        let variables: BTreeMap<String, String> = rows.iter().map(|row| (row.text(0), row.text(1))).collect();
        let value = |name: &str| variables.get(name).map(String::as_str).unwrap_or_default();
        // MariaDB has no number of its own.
        let server = match value("server_uuid") {
            "" => format!("{}:{}, {}", value("hostname"), value("port"), value("datadir")),
            uuid => uuid.to_owned(),
        };
        Ok(Identity { server, options: options(restore), dump })
    }

    /// The journal's place in the directory of the dump. Another server or database has another one, so that a dump can be
    /// restored into several at the same time.
    pub fn path(&self, directory: &Path) -> PathBuf {
        let text =
            format!("{}\0{}", self.server, self.options.get("--database").map(String::as_str).unwrap_or_default());
        directory.join(format!("{LOAD_JOURNAL_PREFIX}{:08x}", crc32c::crc32c(text.as_bytes())))
    }

    /// The journal's first records.
    pub fn records(&self) -> Vec<Record> {
        let begin = Record::Begin { version: VERSION, server: self.server.clone(), options: self.options.clone() };
        let dump = self.dump.map(|(crc32c, length)| Record::Dump { crc32c, length });
        [begin].into_iter().chain(dump).collect()
    }

    /// What differs in the restore of a journal.
    pub fn differences(&self, of: &RestoreProgress) -> Vec<String> {
        let mut found = Vec::new();
        if of.server != self.server {
            found.push(format!("the server was {}, now {}", of.server, self.server));
        }
        if self.dump.is_some() && of.dump != self.dump {
            found.push("the dump has changed since: its metadata differs".to_owned());
        }
        for (option, value) in &self.options {
            let before = of.options.get(option).map(String::as_str).unwrap_or_default();
            if before != value {
                let (before, value) = (shown(option, before), shown(option, value));
                found.push(format!("{option} was {before} in the interrupted run, now {value}"));
            }
        }
        found
    }
}

/// A value of the journal as messages have it. In the journal it is a format, and stays as it is.
fn shown(option: &str, value: &str) -> String {
    match value {
        "" => "not given".to_owned(),
        "true" => "on".to_owned(),
        "false" => "off".to_owned(),
        value if option == "--drop-table" => value.to_uppercase(),
        value => value.to_owned(),
    }
}

/// Checksum and length of a dump's metadata.
pub fn dump_identity(metadata: &[u8]) -> (u32, u64) {
    (crc32c::crc32c(metadata), metadata.len() as u64)
}

/// Options that decide what exists in the end, and at each moment until then.
fn options(restore: &Restore) -> BTreeMap<String, String> {
    let filter = &restore.filter;
    let names = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(",");
    let options = [
        ("--database", restore.target_database.clone().unwrap_or_default()),
        ("--source-db", filter.databases.join(",")),
        ("--tables-list", names(&mut filter.tables.entries().iter().map(ToString::to_string))),
        ("--omit-from-file", names(&mut filter.omitted.iter().map(ToString::to_string))),
        ("--regex", filter.regex.as_ref().map(Pattern::as_str).unwrap_or_default().to_owned()),
        ("--drop-table", format!("{:?}", restore.drop_table)),
        ("--drop-database", restore.drop_database.to_string()),
        ("creation of databases", restore.create_databases.to_string()),
        ("creation of tables", restore.create_tables.to_string()),
        ("restore of definitions", restore.schemas.to_string()),
        ("restore of rows", restore.data.to_string()),
        ("--users", restore.accounts.to_string()),
        ("definers", format!("{:?}", restore.definer)),
        ("creation of triggers", restore.triggers.to_string()),
        ("creation of routines and events", restore.post.to_string()),
        ("--skip-constraints", restore.skip_constraints.to_string()),
        ("--skip-indexes", restore.skip_indexes.to_string()),
        ("--optimize-keys-engines", restore.optimize_keys_engines.join(",")),
        // Statements that add keys are counted.
        (
            "--optimize-keys-batchsize",
            Some(restore.keys_per_statement).filter(|most| *most > 0).map(|most| most.to_string()).unwrap_or_default(),
        ),
        ("--ignore-set", restore.ignored_variables.join(",")),
    ];
    options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// How long a server has been running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLife {
    /// When it was started, in seconds since 1970 by its own clock.
    pub started: u64,
    /// The number of the session that asked: a restarted server counts from the start.
    connection: u32,
}

impl ServerLife {
    /// Asks the server.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn read(connection: &mut Connection) -> Result<ServerLife, ServerError> {
        let mut number = |query: &str, column| Ok(connection.query_first(query)?.and_then(|row| row.number(column)));
        let now = number("SELECT UNIX_TIMESTAMP()", 0)?.unwrap_or_default();
        let uptime = number("SHOW GLOBAL STATUS LIKE 'Uptime'", 1)?.unwrap_or_default();
        Ok(ServerLife { started: now.saturating_sub(uptime), connection: connection.id() })
    }

    /// Whether the server was restarted since an earlier run, as far as its times in whole seconds tell.
    pub fn is_after(&self, run: &Run) -> bool {
        self.started > run.server_started + 1 || self.connection < run.connection
    }
}

/// Whether the server was restarted between the runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerRestart {
    /// If so, it may have lost committed rows: whether a crash loses commits depends on
    /// variables that may have changed meanwhile, and on engines.
    pub happened: bool,
}
