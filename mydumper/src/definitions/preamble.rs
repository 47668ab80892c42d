//! The first lines of a file, which set the session for what follows.

use common::backup::file_session::{FILE_SQL_MODE, UTC};
use common::backup::user_variables::INEXACT;
use common::sql::{BodyFormat, PADDED, StatementWriter, needs_padding, quote_string};

use crate::catalog::{Computation, OF_ALL_FILES, Table};

/// The first lines of a file.
#[derive(Debug, Clone, Copy)]
pub struct Preamble {
    /// Whether TIMESTAMP values are in UTC, `--tz-utc`.
    pub utc: bool,
    /// How statements with a `;` at a line's end are written, `--body-format`.
    pub bodies: BodyFormat,
    /// Whether the line of `sql_mode` is left out where it is that of all files, `--compact`.
    pub compact: bool,
}

impl Preamble {
    /// For files with rows: bytes are passed on unchanged.
    pub fn for_rows(self, table: &Table) -> Vec<u8> {
        let computation = table.computation.as_deref().unwrap_or(&OF_ALL_FILES);
        let mut head = self.with("binary", computation.sql_mode.as_deref(), computation.time_zone.as_deref());
        // Only names can have line ends in statements with rows, and cannot be written in another way.
        let mut names = table.columns.iter().map(|column| &*column.name).chain([table.name.name.as_str()]);
        if names.any(|name| needs_padding(name.as_bytes())) {
            head.extend_from_slice(PADDED);
            head.extend_from_slice(b";\n");
        }
        let mut text = StatementWriter::new(self.bodies, head);
        append_variables(&mut text, computation);
        if table.history {
            text.add(b"/*!101100 SET SESSION system_versioning_insert_history=1*/");
        }
        text.finish()
    }

    /// For files with definitions, which are in utf8mb4.
    pub fn for_definitions(self) -> StatementWriter {
        StatementWriter::new(self.bodies, self.with("utf8mb4", None, None))
    }

    /// For the file with the definition of a table.
    pub(super) fn for_table(self, table: &Table) -> StatementWriter {
        let computation = table.computation.as_deref().unwrap_or(&OF_ALL_FILES);
        // Defaults of TIMESTAMP columns are in UTC.
        let head = self.with("utf8mb4", computation.sql_mode.as_deref(), None);
        let mut text = StatementWriter::new(self.bodies, head);
        append_variables(&mut text, computation);
        if !computation.inexact.is_empty() {
            let objects = quote_string(&computation.inexact.join(", "));
            text.add(format!("SET @{INEXACT} = {objects}").as_bytes());
        }
        text
    }

    fn with(self, charset: &str, sql_mode: Option<&str>, time_zone: Option<&str>) -> Vec<u8> {
        let mut lines =
            vec![format!("/*!40101 SET NAMES {charset}*/"), "/*!40014 SET FOREIGN_KEY_CHECKS=0*/".to_owned()];
        if !self.compact || sql_mode.is_some() {
            lines.push(set_sql_mode(sql_mode));
        }
        lines.extend(self.utc.then(|| set_time_zone(time_zone.unwrap_or(UTC))));
        lines.iter().flat_map(|line| [line.as_str(), ";\n"]).collect::<String>().into_bytes()
    }
}

pub(super) fn set_sql_mode(sql_mode: Option<&str>) -> String {
    format!("/*!40101 SET SQL_MODE='{}'*/", sql_mode.unwrap_or(FILE_SQL_MODE))
}

pub(super) fn set_time_zone(zone: &str) -> String {
    format!("/*!40103 SET TIME_ZONE={} */", quote_string(zone))
}

/// What else the session of a table's rows is set to.
fn append_variables(text: &mut StatementWriter, computation: &Computation) {
    for (variable, value) in &computation.variables {
        text.add(format!("SET SESSION {variable} = {value}").as_bytes());
    }
}
