//! Writing a metadata file.

use std::fmt::Write as _;

use super::escape::escape;
use super::model::{ConfigSection, DatabaseEntry, OWN_SECTION, TableEntry};
use super::seal::{FILES_SECTION, seal};
use crate::backup::file_name::TableFileName;
use crate::backup::stored_files::StoredFiles;
use crate::server::Server;

/// The head of a metadata file, which is also the first member of a stream. `local_infile`: rows are written for LOAD DATA;
/// `own`: keys of the section that mydumper lacks.
pub fn head(started: &str, sql_mode: &str, local_infile: bool, own: &[(&str, &str)]) -> String {
    // mydumper leaves the comment open, and its loader completes the statement.
    let keys: String = own.iter().map(|(key, value)| format!("{key} = {}\n", escape(value))).collect();
    let own = if keys.is_empty() { keys } else { format!("\n[{OWN_SECTION}]\n{keys}") };
    format!(
        "# Started dump at: {started}\n[config]\nquote-character = BACKTICK\n{}\n\
         [myloader_session_variables]\nSQL_MODE='{sql_mode}' /*!40101\n{own}",
        if local_infile { "local-infile = 1\n" } else { "" }
    )
}

/// A comment that names a table which `--updated-since` leaves out.
pub fn not_updated(name: &str) -> String {
    format!("# not updated: {}\n", escape(name))
}

/// The section of the files that belong to no table, and of the metadata itself.
pub fn files_of_no_table(files: &StoredFiles) -> String {
    let lines: String = files.of_no_table().map(|(name, stored)| format!("{name} = {}\n", stored.to_text())).collect();
    format!("\n[{FILES_SECTION}]\n{lines}")
}

/// Ends a metadata file, whose last section is that of [`files_of_no_table`].
pub fn end(mut text: String, finished: &str) -> String {
    text.push_str(&seal(&text));
    let _ = writeln!(text, "# Finished dump at: {finished}");
    text
}

impl TableEntry {
    /// The section of a table, view or sequence, with its files.
    pub fn to_text(&self, table: &TableFileName, files: &StoredFiles) -> String {
        let mut text = format!("\n[`{}`.`{}`]\n", table.database, table.table);
        if let Some(name) = &self.real_name {
            let _ = writeln!(text, "real_table_name={}", escape(name));
        }
        if let Some(name) = &self.real_database {
            let _ = writeln!(text, "real_database_name={}", escape(name));
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
        if let Some(columns) = &self.columns {
            let _ = writeln!(text, "columns = {}", escape(columns));
        }
        if self.columns_named {
            text.push_str("columns_named = 1\n");
        }
        if let Some(checksum) = self.data_checksum {
            let _ = writeln!(text, "data_checksum = {checksum}");
        }
        // In the case that mydumper writes, for tools that compare the text.
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
        if let Some(generated) = &self.generated {
            let _ = writeln!(text, "generated_columns = {}", escape(&generated.columns));
            let _ = writeln!(text, "generated_hash = {}", generated.hash);
        }
        for chunk in &self.chunks {
            let _ = writeln!(text, "chunk_{:05} = {}", chunk.number, escape(&chunk.to_text()));
        }
        for (rest, stored) in files.of_table(table) {
            let _ = writeln!(text, "file{rest} = {}", stored.to_text());
        }
        text
    }
}

impl DatabaseEntry {
    /// The section of a database; empty without checksums, and for a name that no section can have.
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
    /// The second `[config]` section of a finished dump's metadata, and that of the keys which only we have: mydumper 1.0.1
    /// takes each key of `[config]` for one of its options, and ends at one that it lacks.
    pub fn tail(&self) -> String {
        let mut text = String::from("\n[config]\n");
        if let Some(size) = self.max_statement_size {
            let _ = writeln!(text, "max-statement-size = {size}");
        }
        let _ = writeln!(text, "num-sequences = {}", self.num_sequences.unwrap_or(0));
        let own = [
            ("num-files", self.num_files.map(|files| files.to_string())),
            ("guarantee", self.guarantee.map(|guarantee| guarantee.to_string())),
            ("guarantee-by", self.guarantee_by.as_deref().map(escape)),
            ("server", self.server.as_ref().map(Server::key)),
            ("row-hash", self.row_hash.clone()),
            ("row-hash-time-zone", self.row_hash_time_zone.clone()),
        ];
        let lines: String = own.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}\n", value?))).collect();
        if !lines.is_empty() {
            let _ = write!(text, "\n[{OWN_SECTION}]\n{lines}");
        }
        text
    }
}
