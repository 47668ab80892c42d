//! Reading a metadata file.

use super::escape::unescape;
use super::model::{Guarantee, Metadata};
use crate::backup::file_name::TableFileName;
use crate::backup::mydumper_checksum::MydumperChecksum;
use crate::backup::row_hash::{ChunkRows, RowHash};

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
    Config,
    SessionVariables,
    Table(TableFileName),
    Database(String),
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
                    "generated_columns" => entry.generated.get_or_insert_default().columns = unescape(value).into(),
                    "generated_hash" => entry.generated.get_or_insert_default().hash = RowHash::parse(value)?,
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
            "config" => Section::Config,
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

/// The text of a metadata file with only the sections of those tables that `keep` accepts, and without `num-files`, which
/// would be wrong then.
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
        // The last line is a comment, and may follow a section that is left out.
        if (keeping || line.starts_with("# Finished")) && !line.starts_with("num-files") {
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
