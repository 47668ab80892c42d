//! The `metadata` file: a key file that says what the dump holds. docs/dev/formats.md has its sections.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::backup::file_name::TableFileName;
use crate::backup::mydumper_checksum::MydumperChecksum;
use crate::backup::row_hash::ChunkRows;
use crate::server::{Product, Server};

/// What is known of a dump, read from one or more metadata files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// `[config]`.
    pub config: ConfigSection,
    /// `[myloader_session_variables]`, in order.
    pub session_variables: Vec<(String, String)>,
    /// ``[`DB`.`TABLE`]``.
    pub tables: BTreeMap<TableFileName, TableEntry>,
    /// ``[`DB`]``, by real names.
    pub databases: BTreeMap<String, DatabaseEntry>,
    /// `executed_gtid_set` of `[source]`, which is a comment there.
    pub gtid_set: Option<String>,
    /// Whether the line `# Finished dump at` is there.
    pub finished: bool,
}

/// `[config]`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ConfigSection {
    /// The longest statement in bytes.
    pub max_statement_size: Option<u64>,
    /// How many sequences the dump has.
    pub num_sequences: Option<u64>,
    /// Whether rows come as LOAD DATA.
    pub local_infile: Option<bool>,
    /// `num-files`, ours: how many files the dump has but for metadata. So a file that is missing is missed, also one
    /// with triggers or routines.
    pub num_files: Option<u64>,
    /// `guarantee`, ours: how far the tables are of one moment.
    pub guarantee: Option<Guarantee>,
    /// `guarantee-by`, ours: by what, and what was missing for more. For people to read.
    pub guarantee_by: Option<String>,
    /// `server`, ours: the product and version that the dump is of.
    pub server: Option<Server>,
    /// `row-hash`, ours: how rows were hashed. Without it no rows were.
    pub row_hash: Option<String>,
    /// `row-hash-time-zone`, ours: the session's, in which rows were read that were hashed, where it was set for them.
    pub row_hash_time_zone: Option<String>,
}

/// How far the tables of a dump are of one point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// All are.
    PointInTime,
    /// Those of engines with transactions are; each other is of its own moment.
    TransactionalTables,
    /// Nothing is known.
    None,
}

impl Guarantee {
    const NAMES: [(Guarantee, &str); 3] = [
        (Guarantee::PointInTime, "point-in-time"),
        (Guarantee::TransactionalTables, "transactional-tables"),
        (Guarantee::None, "none"),
    ];

    /// A word that a later version may write is no error.
    fn parse(text: &str) -> Option<Guarantee> {
        Self::NAMES.iter().find(|(_, name)| *name == text).map(|(guarantee, _)| *guarantee)
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(guarantee, _)| guarantee == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// What the metadata says of a table, view or sequence.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TableEntry {
    /// `real_table_name`.
    pub real_name: Option<String>,
    /// `rows`: how many rows the dump holds.
    pub rows: Option<u64>,
    /// `is_view`.
    pub is_view: bool,
    /// `is_sequence`.
    pub is_sequence: bool,
    /// `estimated_bytes`, ours: how long the rows are by the server's estimate. It stands in a stream before the rows, so
    /// that it is known before a table is made whether many come.
    pub estimated_bytes: Option<u64>,
    /// `rows_sent`, ours: every file with rows of this table stands before this in the stream, so that its keys can be
    /// added. mydumper's partial metadata cannot tell, its `rows` may be too low then.
    pub rows_sent: bool,
    /// `data_checksum`: what CHECKSUM TABLE says of the rows.
    pub data_checksum: Option<u64>,
    /// `schema_checksum`: of the columns, or the view.
    pub schema_checksum: Option<MydumperChecksum>,
    /// `indexes_checksum`.
    pub indexes_checksum: Option<MydumperChecksum>,
    /// `hashed_columns`, ours: what was selected of each row that was hashed, as SQL.
    pub hashed_columns: Option<Box<str>>,
    /// `hashed_history`, ours: rows of the past are among those of a system-versioned table.
    pub hashed_history: bool,
    /// `chunk_NNNNN`, ours: the chunks of the table, which together are all that was dumped of it.
    pub chunks: Vec<ChunkRows>,
}

/// What the metadata says of a database: its checksums.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct DatabaseEntry {
    /// `schema_checksum`: of its character set and collation.
    pub schema_checksum: Option<MydumperChecksum>,
    /// `post_checksum`: of its routines.
    pub post_checksum: Option<MydumperChecksum>,
    /// `events_checksum`.
    pub events_checksum: Option<MydumperChecksum>,
    /// `triggers_checksum`.
    pub triggers_checksum: Option<MydumperChecksum>,
}

/// A position in the binary log, and the GTID set executed there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Coordinates {
    /// Binary log file.
    pub file: Option<String>,
    /// Position in it, in bytes.
    pub position: Option<u64>,
    /// GTID set (MySQL) or GTID position (MariaDB).
    pub gtid_set: Option<String>,
}

/// A line of a metadata file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the metadata cannot be read: {text:?}")]
pub struct MetadataError {
    /// The line, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

enum Section {
    ConfigSection,
    SessionVariables,
    Table(TableFileName),
    Database(String),
    Other,
}

impl Metadata {
    /// The product that the dump is of, as far as it says: mydumper's by the form of its GTIDs, those of MariaDB being
    /// three numbers.
    pub fn product(&self) -> Option<Product> {
        if let Some(server) = &self.config.server {
            return Some(server.product);
        }
        let gtid = self.gtid_set.as_ref()?.split(',').next().filter(|gtid| !gtid.is_empty())?;
        Some(if gtid.contains(':') { Product::MySql } else { Product::MariaDb })
    }

    /// Reads a metadata file. Sections that repeat are merged; those not known, and keys not known, are passed over.
    ///
    /// # Errors
    /// [`MetadataError`] for a line that is neither, or a number that is none.
    pub fn parse(text: &str) -> Result<Metadata, MetadataError> {
        let mut metadata = Metadata::default();
        metadata.merge(text)?;
        Ok(metadata)
    }

    /// Reads a further metadata file of the same dump; what it says replaces what was known.
    ///
    /// # Errors
    /// As [`Metadata::parse`].
    pub fn merge(&mut self, text: &str) -> Result<(), MetadataError> {
        // Before 0.12 it was no key file: lines on the binary log, and nothing of the tables.
        if text.starts_with("Started dump at:") {
            self.finished |= text.lines().any(|line| line.starts_with("Finished dump at:"));
            return Ok(());
        }
        let mut section = Section::Other;
        for (number, line) in text.lines().enumerate() {
            let error = || MetadataError { line: number + 1, text: line.chars().take(100).collect() };
            let line = trim(line);
            if line.starts_with("# Finished dump at") {
                self.finished = true;
            } else if let Some(set) = line.strip_prefix("# executed_gtid_set = ") {
                self.gtid_set = Some(set.trim_matches('"').to_owned());
            } else if line.is_empty() || line.starts_with(['#', ';']) {
            } else if let Some(name) = line.strip_prefix('[') {
                section = Section::parse(name.strip_suffix(']').ok_or_else(error)?);
                if let Section::Table(table) = &section {
                    self.tables.entry(table.clone()).or_default();
                }
            } else {
                let (key, value) = line.split_once('=').ok_or_else(error)?;
                self.set(&section, trim(key), trim(value)).ok_or_else(error)?;
            }
        }
        Ok(())
    }

    /// Takes in what a further metadata file of the same dump says.
    pub fn absorb(&mut self, other: Metadata) {
        let Metadata { config, session_variables, tables, databases, gtid_set, finished } = other;
        self.config.max_statement_size = config.max_statement_size.or(self.config.max_statement_size);
        self.config.num_sequences = config.num_sequences.or(self.config.num_sequences);
        self.config.local_infile = config.local_infile.or(self.config.local_infile);
        self.config.num_files = config.num_files.or(self.config.num_files);
        self.config.guarantee = config.guarantee.or(self.config.guarantee);
        self.config.guarantee_by = config.guarantee_by.or(self.config.guarantee_by.take());
        self.config.server = config.server.or(self.config.server);
        self.config.row_hash = config.row_hash.or(self.config.row_hash.take());
        self.config.row_hash_time_zone = config.row_hash_time_zone.or(self.config.row_hash_time_zone.take());
        self.session_variables.extend(session_variables);
        self.tables.extend(tables);
        self.databases.extend(databases);
        self.gtid_set = gtid_set.or(self.gtid_set.take());
        self.finished |= finished;
    }

    fn set(&mut self, section: &Section, key: &str, value: &str) -> Option<()> {
        match section {
            Section::ConfigSection => match key {
                "max-statement-size" => self.config.max_statement_size = Some(value.parse().ok()?),
                "num-sequences" => self.config.num_sequences = Some(value.parse().ok()?),
                "num-files" => self.config.num_files = Some(value.parse().ok()?),
                "guarantee" => self.config.guarantee = Guarantee::parse(value),
                "guarantee-by" => self.config.guarantee_by = Some(unescape(value)),
                "server" => self.config.server = value.parse().ok(),
                "row-hash" => self.config.row_hash = Some(value.to_owned()),
                "row-hash-time-zone" => self.config.row_hash_time_zone = Some(value.to_owned()),
                "local-infile" => self.config.local_infile = Some(boolean(value)),
                _ => {}
            },
            Section::SessionVariables => {
                // mydumper leaves a comment open after the value.
                let value = value.split("/*!").next().unwrap_or(value).trim();
                self.session_variables.push((key.to_owned(), value.to_owned()));
            }
            Section::Table(table) => {
                let entry = self.tables.entry(table.clone()).or_default();
                match key {
                    "real_table_name" => entry.real_name = Some(unescape(value)),
                    "rows" => entry.rows = Some(value.parse().ok()?),
                    "is_view" => entry.is_view = boolean(value),
                    "is_sequence" => entry.is_sequence = boolean(value),
                    "estimated_bytes" => entry.estimated_bytes = Some(value.parse().ok()?),
                    "rows_sent" => entry.rows_sent = boolean(value),
                    "data_checksum" => entry.data_checksum = Some(value.parse().ok()?),
                    "schema_checksum" => entry.schema_checksum = Some(MydumperChecksum::parse(value)?),
                    "indexes_checksum" => entry.indexes_checksum = Some(MydumperChecksum::parse(value)?),
                    "hashed_history" => entry.hashed_history = boolean(value),
                    "hashed_columns" => entry.hashed_columns = Some(unescape(value).into()),
                    _ => {
                        if let Some(number) = key.strip_prefix("chunk_") {
                            entry.chunks.push(ChunkRows::parse(number.parse().ok()?, &unescape(value))?);
                        }
                    }
                }
            }
            Section::Database(name) => {
                let entry = self.databases.entry(name.clone()).or_default();
                match key {
                    "schema_checksum" => entry.schema_checksum = Some(MydumperChecksum::parse(value)?),
                    "post_checksum" => entry.post_checksum = Some(MydumperChecksum::parse(value)?),
                    "events_checksum" => entry.events_checksum = Some(MydumperChecksum::parse(value)?),
                    "triggers_checksum" => entry.triggers_checksum = Some(MydumperChecksum::parse(value)?),
                    _ => {}
                }
            }
            Section::Other => {}
        }
        Some(())
    }
}

impl Section {
    fn parse(name: &str) -> Section {
        match name {
            "config" => Section::ConfigSection,
            "myloader_session_variables" => Section::SessionVariables,
            _ => {
                let parts = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
                match parts.and_then(|parts| parts.split_once("`.`")) {
                    Some((database, table)) => {
                        Section::Table(TableFileName { database: database.to_owned(), table: table.to_owned() })
                    }
                    None => parts.map_or(Section::Other, |name| Section::Database(name.to_owned())),
                }
            }
        }
    }
}

/// The text of a metadata file without the sections of tables that `keep` does not take, and without `num-files`, which
/// is not the number of what is left then.
pub fn without_tables(text: &str, keep: impl Fn(&TableFileName) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut keeping = true;
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            keeping = match Section::parse(name) {
                Section::Table(table) => keep(&table),
                _ => true,
            };
        }
        // The last line is a comment that may stand after a section that is left out.
        if (keeping || line.starts_with("# Finished")) && !line.starts_with("num-files") {
            kept.push_str(line);
        }
    }
    kept
}

fn boolean(value: &str) -> bool {
    !matches!(value, "0" | "false" | "FALSE" | "")
}

/// The head of a metadata file, which is also a stream's first member. `local_infile` says that rows come as LOAD DATA.
pub fn head(started: &str, sql_mode: &str, local_infile: bool) -> String {
    // The comment that is left open is mydumper's: its loader completes the statement.
    format!(
        "# Started dump at: {started}\n[config]\nquote-character = BACKTICK\n{}\n\
         [myloader_session_variables]\nSQL_MODE='{sql_mode}' /*!40101\n",
        if local_infile { "local-infile = 1\n" } else { "" }
    )
}

impl Coordinates {
    /// The section `[source]`. Its values are comments until someone asks for them to be applied.
    pub fn to_text(&self) -> String {
        let mut text = String::from("\n[source]\n");
        if let Some(gtid_set) = &self.gtid_set {
            let gtid_set: String = gtid_set.chars().filter(|character| !character.is_whitespace()).collect();
            let _ = writeln!(text, "# executed_gtid_set = \"{gtid_set}\"");
        }
        if let Some(file) = &self.file {
            let file: String = file.chars().filter(|character| !character.is_control()).collect();
            let _ = writeln!(text, "# SOURCE_LOG_FILE = \"{file}\"");
        }
        if let Some(position) = self.position {
            let _ = writeln!(text, "# SOURCE_LOG_POS = {position}");
        }
        text
    }
}

impl TableEntry {
    /// The section of a table, view or sequence.
    pub fn to_text(&self, table: &TableFileName) -> String {
        let mut text = format!("\n[`{}`.`{}`]\n", table.database, table.table);
        if let Some(name) = &self.real_name {
            let _ = writeln!(text, "real_table_name={}", escape(name));
        }
        if let Some(rows) = self.rows {
            let _ = writeln!(text, "rows = {rows}");
        }
        if self.is_view {
            text.push_str("is_view = 1\n");
        }
        if self.is_sequence {
            text.push_str("is_sequence = 1\n");
        }
        if let Some(bytes) = self.estimated_bytes {
            let _ = writeln!(text, "estimated_bytes = {bytes}");
        }
        if self.rows_sent {
            text.push_str("rows_sent = 1\n");
        }
        if let Some(checksum) = self.data_checksum {
            let _ = writeln!(text, "data_checksum = {checksum}");
        }
        // As mydumper writes them, who compares text perhaps.
        match self.schema_checksum {
            Some(sum) if self.is_view => drop(writeln!(text, "schema_checksum = {sum:X}")),
            Some(sum) => drop(writeln!(text, "schema_checksum = {sum:x}")),
            None => {}
        }
        if let Some(sum) = self.indexes_checksum {
            let _ = writeln!(text, "indexes_checksum = {sum:x}");
        }
        if let Some(columns) = &self.hashed_columns {
            let _ = writeln!(text, "hashed_columns = {}", escape(columns));
        }
        if self.hashed_history {
            text.push_str("hashed_history = 1\n");
        }
        for chunk in &self.chunks {
            let _ = writeln!(text, "chunk_{:05} = {}", chunk.number, escape(&chunk.to_text()));
        }
        text
    }
}

impl DatabaseEntry {
    /// The section of a database; empty if there is nothing to say, or no section can have the name.
    pub fn to_text(&self, name: &str) -> String {
        let keys = [
            ("schema_checksum", self.schema_checksum),
            ("post_checksum", self.post_checksum),
            ("events_checksum", self.events_checksum),
            ("triggers_checksum", self.triggers_checksum),
        ];
        let lines: String = keys.iter().filter_map(|(key, sum)| sum.map(|sum| format!("{key} = {sum:X}\n"))).collect();
        let is_heading = |character: char| !character.is_control() && !matches!(character, '`' | '[' | ']');
        if lines.is_empty() || !name.chars().all(is_heading) {
            return String::new();
        }
        format!("\n[`{name}`]\n{lines}")
    }
}

impl ConfigSection {
    /// The second `[config]` section and the last line, which end the metadata of a finished dump.
    pub fn tail(&self, finished: &str) -> String {
        let mut text = String::from("\n[config]\n");
        if let Some(size) = self.max_statement_size {
            let _ = writeln!(text, "max-statement-size = {size}");
        }
        let _ = writeln!(text, "num-sequences = {}", self.num_sequences.unwrap_or(0));
        if let Some(files) = self.num_files {
            let _ = writeln!(text, "num-files = {files}");
        }
        if let Some(guarantee) = self.guarantee {
            let _ = writeln!(text, "guarantee = {guarantee}");
        }
        if let Some(by) = &self.guarantee_by {
            let _ = writeln!(text, "guarantee-by = {}", escape(by));
        }
        if let Some(server) = &self.server {
            let _ = writeln!(text, "server = {}", server.key());
        }
        if let Some(hash) = &self.row_hash {
            let _ = writeln!(text, "row-hash = {hash}");
        }
        if let Some(zone) = &self.row_hash_time_zone {
            let _ = writeln!(text, "row-hash-time-zone = {zone}");
        }
        let _ = writeln!(text, "# Finished dump at: {finished}");
        text
    }
}

/// Without the blanks around it. Names may begin and end with other white space, such as U+3000.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r'])
}

/// A name on a line of its own, escaped as GLib's key files are; so are blanks at both ends, which are no part of a value.
fn escape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let last = name.len().saturating_sub(1);
    for (index, character) in name.char_indices() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            ' ' if index == 0 || index == last => out.push_str("\\s"),
            _ => out.push(character),
        }
    }
    out
}

/// Undoes [`escape`]. mydumper does not escape, so a backslash before anything else stays.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match (character, characters.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('t')) => '\t',
            ('\\', Some('s')) => ' ',
            ('\\', Some('\\')) => '\\',
            _ => {
                out.push(character);
                continue;
            }
        };
        characters.next();
        out.push(escaped);
    }
    out
}

#[cfg(test)]
mod tests;
