//! `--stream=UNPACK`: a stream's files in a directory, without a server.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::backup::metadata::{Metadata, without_tables};
use common::backup::selection::FilterError;
use common::exit_codes;
use common::layers::command::CommandLayer;
use common::observe::activity::Watch;
use common::observe::progress::Progress;
use common::observe::wording::{bytes, count};
use common::process::stop::{Stop, Stopped};
use common::program::PerThread;
use common::sql::name::QualifiedName;
use common::store;

use crate::config::{NothingMatches, Unpack};
use crate::ddl::create_database::CreateDatabase;
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::input::files::{self, Files};
use crate::input::receiver::{self, Event};
use crate::input::stream::{self, Passage, StreamSource, is_wanted};

/// The stream could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory.
    #[error(transparent)]
    Source(#[from] stream::Error),
    /// The stream.
    #[error(transparent)]
    Stream(#[from] receiver::Error),
    /// A file cannot be read again.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A file that is not wanted cannot be removed.
    #[error(transparent)]
    Remove(#[from] store::Error),
    /// A name is wrong.
    #[error("the stream has no {kind} {name}: check the name (with --allow-empty, nothing has to match)")]
    Missing {
        /// Database or table.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The filters leave nothing.
    #[error(transparent)]
    Nothing(#[from] NothingMatches),
    /// Ended from outside.
    #[error("stopped before the stream was unpacked: the directory is not a complete dump")]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Source, Stream, File, Filter, Remove, Stopped;
    Exit::Failed: Missing, Nothing;
}

/// What was unpacked.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    files: usize,
    bytes: u64,
    place: String,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unpacked {}, {}, into {}", count(self.files, "file"), bytes(self.bytes), self.place)
    }
}

/// Unpacks. On failure the directory has no `metadata`.
pub fn unpack(config: &Unpack, stop: &Stop) -> Result<Summary, Error> {
    let filter = config.filter.clone();
    let extension = config.per_thread.as_ref().and_then(PerThread::own_extension).map(str::to_owned);
    let passage = Passage { content: true, delete: false, extension };
    let command = config.per_thread.as_ref().map(|command| Arc::new(command.layer(stop)));
    // Nobody but the sender can be waited for here.
    let activity = Watch::default().activity("stream");
    let is_new = config.directory.as_deref().is_none_or(|directory| !directory.exists());
    let source = StreamSource::start(
        &config.origin,
        config.directory.as_deref(),
        passage,
        move |file| is_wanted(&filter, file),
        activity,
        stop,
    )?;
    let progress = Progress::start(config.quiet);
    let mut files: Vec<(DumpFile, u64)> = Vec::new();
    loop {
        match stop.receive(source.events())?.ok_or(Stopped)?? {
            Event::Metadata(_) | Event::Definitions(_) => {}
            Event::File(file, bytes) => {
                progress.counters().add_rows(0, bytes);
                files.push((file, bytes));
            }
            Event::End(metadata, text) => {
                let names = Names::read(&source, command, &files, metadata)?;
                remove_unwanted(config, &source, &names, &mut files)?;
                if let Err(error) = check_found(config, &names, &files) {
                    discard(&source, &files, is_new)?;
                    return Err(error);
                }
                if config.filter.is_empty() {
                    source.write_metadata(&text)?;
                } else {
                    let passes = |table: &TableFileName| names.passes(config, table).unwrap_or(true);
                    let kept: HashSet<String> = files.iter().map(|(file, _)| file.to_string()).collect();
                    source.write_metadata(&without_tables(&text, passes, |file| kept.contains(file)))?;
                }
                break;
            }
        }
    }
    let summary = Summary {
        files: files.len() + 1,
        bytes: files.iter().map(|(_, bytes)| bytes).sum(),
        place: source.store().to_string(),
    };
    source.finish();
    Ok(summary)
}

/// Whether the filters have found something, and each name that they have.
fn check_found(config: &Unpack, names: &Names, files: &[(DumpFile, u64)]) -> Result<(), Error> {
    let filter = &config.filter;
    if config.allow_empty || filter.is_empty() {
        return Ok(());
    }
    // A table without rows may have no file.
    let in_files = files.iter().filter_map(|(file, _)| file.content.table());
    let tables: BTreeSet<QualifiedName> =
        in_files.chain(names.metadata.tables.keys()).map(|table| names.table(table)).collect();
    let in_files = files.iter().filter_map(|(file, _)| file.content.database()).map(|name| names.database(name));
    let databases: BTreeSet<&str> = in_files.chain(tables.iter().map(|table| table.database.as_str())).collect();
    if let Some(name) = filter.databases.iter().find(|name| !databases.contains(name.as_str())) {
        return Err(Error::Missing { kind: "database", name: name.escape_debug().to_string() });
    }
    for name in filter.tables.names().iter().filter(|name| !tables.contains(name)) {
        if filter.passes_table(name)? {
            return Err(Error::Missing { kind: "table", name: name.to_string() });
        }
    }
    // A database that was named may be empty.
    let mut found = !filter.databases.is_empty() && filter.tables.is_empty() && filter.regex.is_none();
    found |= files.iter().any(|(file, _)| matches!(file.content, Content::Post(_)));
    for table in &tables {
        found |= filter.passes_table(table)?;
    }
    if found { Ok(()) } else { Err(NothingMatches { input: "stream" }.into()) }
}

/// Files whose real names were not known before the end.
fn remove_unwanted(
    config: &Unpack,
    source: &StreamSource,
    names: &Names,
    files: &mut Vec<(DumpFile, u64)>,
) -> Result<(), Error> {
    let mut kept = Vec::with_capacity(files.len());
    for (file, bytes) in files.drain(..) {
        let passes = match (file.content.table(), file.content.database()) {
            (Some(table), _) => names.passes(config, table)?,
            (None, Some(database)) if matches!(file.content, Content::Post(_)) => {
                config.filter.passes_database_objects(names.database(database))?
            }
            (None, Some(database)) => config.filter.passes_database(names.database(database)),
            (None, None) => true,
        };
        if passes {
            kept.push((file, bytes));
        } else {
            source.store().remove(&file.to_string())?;
        }
    }
    *files = kept;
    Ok(())
}

/// Leaves nothing behind, nor the directory if it was made for this.
fn discard(source: &StreamSource, files: &[(DumpFile, u64)], is_new: bool) -> Result<(), Error> {
    let store = source.store();
    files.iter().try_for_each(|(file, _)| store.remove(&file.to_string()))?;
    if let Some(path) = store.local_path().filter(|_| is_new) {
        // Something else may be in it by now.
        let _ = std::fs::remove_dir(path);
    }
    Ok(())
}

/// Real names, where files cannot carry them.
struct Names {
    databases: HashMap<String, String>,
    metadata: Metadata,
}

impl Names {
    fn read(
        source: &StreamSource,
        command: Option<Arc<CommandLayer>>,
        files: &[(DumpFile, u64)],
        metadata: Metadata,
    ) -> Result<Names, Error> {
        let directory = Files { store: Arc::clone(source.store()), command, delete: false, checksums: Arc::default() };
        let mut databases = HashMap::new();
        for (file, _) in files {
            let Content::Database(name) = &file.content else { continue };
            let mut reader = directory.statements(file)?;
            let error = |source| directory.statement_error(file, source);
            while let Some(statement) = reader.next_statement().map_err(error)? {
                if classify(statement.text) == StatementKind::CreateDatabase
                    && let Ok(create) = CreateDatabase::parse(statement.text)
                {
                    databases.insert(name.clone(), String::from_utf8_lossy(&create.name).into_owned());
                }
            }
        }
        Ok(Names { databases, metadata })
    }

    fn database<'a>(&'a self, file_name: &'a str) -> &'a str {
        self.databases.get(file_name).map_or(file_name, String::as_str)
    }

    fn passes(&self, config: &Unpack, table: &TableFileName) -> Result<bool, FilterError> {
        config.filter.passes_table(&self.table(table))
    }

    fn table(&self, table: &TableFileName) -> QualifiedName {
        let real_name = self.metadata.tables.get(table).and_then(|entry| entry.real_name.clone());
        QualifiedName::new(self.database(&table.database), real_name.unwrap_or_else(|| table.table.clone()))
    }
}
