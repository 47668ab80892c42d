//! Reading a metadata file.

use super::escape::unescape;
use super::model::{Guarantee, Metadata, OWN_SECTION};
use super::seal::{FILES_SECTION, SEAL, is_sealed, seal};
use crate::backup::file_name::{DumpFile, TableFileName};
use crate::backup::mydumper_checksum::MydumperChecksum;
use crate::backup::row_hash::{ChunkRows, RowHash};
use crate::store::Stored;

/// A line of a metadata file that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the metadata cannot be read: {text:?}")]
pub struct MetadataError {
    /// The line, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

enum Section {
    /// `[config]`, or `[mydumper-rs]`.
    Config,
    SessionVariables,
    Table(TableFileName),
    Database(String),
    Files,
    Other,
}

impl Metadata {
    /// Parses a metadata file. Repeated sections are merged; unknown sections and keys are ignored.
    ///
    /// # Errors
    /// [`MetadataError`] for a line that is neither a section nor a key, and for an invalid number.
    pub fn parse(text: &str) -> Result<Metadata, MetadataError> {
        let mut metadata = Metadata::default();
        metadata.merge(text)?;
        Ok(metadata)
    }

    /// Parses a further metadata file of the same dump. Its values replace earlier ones.
    ///
    /// # Errors
    /// As [`Metadata::parse`].
    pub fn merge(&mut self, text: &str) -> Result<(), MetadataError> {
        // Before 0.12 it was not a key file: lines about the binary log, and nothing about the tables.
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

    fn set(&mut self, section: &Section, key: &str, value: &str) -> Option<()> {
        match section {
            Section::Config => match key {
                "max-statement-size" => self.config.max_statement_size = Some(value.parse().ok()?),
                "num-sequences" => self.config.num_sequences = Some(value.parse().ok()?),
                "num-files" => self.config.num_files = Some(value.parse().ok()?),
                "guarantee" => self.config.guarantee = Guarantee::parse(value),
                "guarantee-by" => self.config.guarantee_by = Some(unescape(value)),
                "server" => self.config.server = value.parse().ok(),
                "row-hash" => self.config.row_hash = Some(value.to_owned()),
                "row-hash-time-zone" => self.config.row_hash_time_zone = Some(value.to_owned()),
                "extension" => self.extension = Some(unescape(value)),
                "format" => self.config.format = Some(unescape(value)),
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
                    "real_database_name" => entry.real_database = Some(unescape(value)),
                    "rows" => entry.rows = Some(value.parse().ok()?),
                    "is_view" => entry.is_view = boolean(value),
                    "is_sequence" => entry.is_sequence = boolean(value),
                    "estimated_bytes" => entry.estimated_bytes = Some(value.parse().ok()?),
                    "rows_sent" => entry.rows_sent = boolean(value),
                    "columns" => entry.columns = Some(unescape(value).into()),
                    "columns_named" => entry.columns_named = boolean(value),
                    "data_checksum" => entry.data_checksum = Some(value.parse().ok()?),
                    "schema_checksum" => entry.schema_checksum = Some(MydumperChecksum::parse(value)?),
                    "indexes_checksum" => entry.indexes_checksum = Some(MydumperChecksum::parse(value)?),
                    "hashed_history" => entry.hashed_history = boolean(value),
                    "generated_columns" => entry.generated.get_or_insert_default().columns = unescape(value).into(),
                    "generated_hash" => entry.generated.get_or_insert_default().hash = RowHash::parse(value)?,
                    "hashed_columns" => entry.hashed_columns = Some(unescape(value).into()),
                    _ => {
                        if let Some(number) = key.strip_prefix("chunk_") {
                            entry.chunks.push(ChunkRows::parse(number.parse().ok()?, &unescape(value))?);
                        } else if let Some(rest) = key.strip_prefix("file") {
                            self.add_file(format!("{table}{rest}"), value)?;
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
            Section::Files if key == SEAL => {}
            Section::Files => self.add_file(key.to_owned(), value)?,
            Section::Other => {}
        }
        Some(())
    }

    /// Names that no file of a dump has are those of a later version.
    fn add_file(&mut self, name: String, value: &str) -> Option<()> {
        if DumpFile::from_name(&name).is_some() {
            self.files.insert(name, Stored::parse(value)?);
        }
        Some(())
    }
}

impl Section {
    fn parse(name: &str) -> Section {
        match name {
            "config" | OWN_SECTION => Section::Config,
            "myloader_session_variables" => Section::SessionVariables,
            FILES_SECTION => Section::Files,
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

/// The text of a metadata file with only the sections of those tables that `keep` accepts and those other files that
/// `has_file` does, and without `num-files`, which would be wrong then.
pub fn without_tables(text: &str, keep: impl Fn(&TableFileName) -> bool, has_file: impl Fn(&str) -> bool) -> String {
    let is_sealed = is_sealed(text);
    let mut kept = String::with_capacity(text.len());
    let (mut keeping, mut in_files) = (true, false);
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let section = Section::parse(name);
            in_files = matches!(section, Section::Files);
            keeping = match section {
                Section::Table(table) => keep(&table),
                _ => true,
            };
        }
        // The last line is a comment, and may follow a section that is left out.
        let is_last = line.starts_with("# Finished");
        if is_last && is_sealed {
            kept.push_str(&seal(&kept));
        }
        let is_left_out = line.starts_with("num-files")
            || (in_files && line.split_once(" = ").is_some_and(|(name, _)| name == SEAL || !has_file(name)));
        if (keeping && !is_left_out) || is_last {
            kept.push_str(line);
        }
    }
    kept
}

fn boolean(value: &str) -> bool {
    !matches!(value, "0" | "false" | "FALSE" | "")
}

/// Only blanks, tabs and CR: names may begin and end with other white space, such as U+3000.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r'])
}
