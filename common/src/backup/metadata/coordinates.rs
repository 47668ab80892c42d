//! Coordinates of the binary log, the section `[source]`.

use std::fmt::Write as _;

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

impl Coordinates {
    /// The section `[source]`. Its values are comments, as mydumper writes them.
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
