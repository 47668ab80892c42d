//! What a dump says of itself: where it is from, and that it is whole.

use common::server::Server;

/// Comments and settings at its beginning and end.
#[derive(Debug, Default)]
pub struct Ending {
    has_head: bool,
    completed: Option<String>,
    saves_notes: bool,
    sets_notes_back: bool,
    pub has_statements: bool,
    /// The database that its head names, if it is of one.
    pub database: Option<String>,
    /// The server that was dumped.
    pub server: Option<Server>,
}

/// Whether a dump is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    Yes,
    /// The line that ends it is missing.
    NoLastLine,
    /// It does not set back what it has set.
    NoLastStatements,
    /// It has nothing but comments.
    NoStatements,
    /// It has neither, as by `--compact`.
    Unknown,
}

impl Ending {
    /// Takes a comment of one line.
    pub fn comment(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let text = text.trim_end();
        if ["-- MySQL dump ", "-- MariaDB dump ", "-- mysqldump "].iter().any(|head| text.starts_with(head)) {
            self.has_head = true;
            self.completed = None;
        } else if let Some(when) = text.strip_prefix("-- Dump completed") {
            self.completed = Some(when.trim_start_matches(" on").trim().to_owned());
        } else if let Some(version) = text.strip_prefix("-- Server version") {
            self.server = server(version.trim());
        } else if text.starts_with("-- Host: ")
            && let Some((_, name)) = text.split_once("Database:")
        {
            self.database = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        }
    }

    /// Takes a SET statement.
    pub fn set(&mut self, sql: &[u8]) {
        let has = |text: &str| memchr::memmem::find(sql, text.as_bytes()).is_some();
        // The second is MariaDB's since 11.
        if has("@OLD_SQL_NOTES=@@SQL_NOTES") || has("@OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY") {
            self.saves_notes = true;
            self.sets_notes_back = false;
        } else if has("SQL_NOTES=@OLD_SQL_NOTES") || has("NOTE_VERBOSITY=@OLD_NOTE_VERBOSITY") {
            self.sets_notes_back = true;
        }
    }

    pub fn whole(&self) -> Whole {
        match () {
            () if self.has_head && self.completed.is_none() => Whole::NoLastLine,
            () if self.saves_notes && !self.sets_notes_back => Whole::NoLastStatements,
            () if self.has_head || self.saves_notes => Whole::Yes,
            () if !self.has_statements => Whole::NoStatements,
            () => Whole::Unknown,
        }
    }

    /// When it was completed, as it says.
    pub fn completed(&self) -> &str {
        self.completed.as_deref().filter(|when| !when.is_empty()).unwrap_or("an unknown time")
    }
}

/// From `9.7.4-2` or `10.11.19-MariaDB-0+deb12u1`.
fn server(version: &str) -> Option<Server> {
    let product = if version.to_ascii_lowercase().contains("mariadb") { "mariadb" } else { "mysql" };
    let version = version.strip_prefix("5.5.5-").filter(|_| product == "mariadb").unwrap_or(version);
    let digits: String = version.chars().take_while(|char| char.is_ascii_digit() || *char == '.').collect();
    format!("{product}-{digits}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(lines: &[&str]) -> Whole {
        let mut ending = Ending::default();
        for line in lines {
            if line.starts_with("--") {
                ending.comment(line.as_bytes());
            } else {
                ending.has_statements = true;
                ending.set(line.as_bytes());
            }
        }
        ending.whole()
    }

    #[test]
    fn a_dump_is_whole_when_it_ends_as_it_begins() {
        const HEAD: &str = "-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)";
        const SAVES: &str = "/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */";
        const BACK: &str = "/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */";
        const END: &str = "-- Dump completed on 2026-12-01 15:17:48";
        assert_eq!(whole(&[HEAD, SAVES, BACK, END]), Whole::Yes);
        assert_eq!(whole(&[HEAD, SAVES, BACK]), Whole::NoLastLine);
        assert_eq!(whole(&[HEAD, END]), Whole::Yes);
        assert_eq!(whole(&[SAVES, BACK]), Whole::Yes);
        assert_eq!(whole(&[SAVES]), Whole::NoLastStatements);
        let of_mariadb_11 = [
            "/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */",
            "/*M!100616 SET NOTE_VERBOSITY=@OLD_NOTE_VERBOSITY */",
        ];
        assert_eq!(whole(&of_mariadb_11), Whole::Yes);
        assert_eq!(whole(&of_mariadb_11[..1]), Whole::NoLastStatements);
        assert_eq!(whole(&["-- x"]), Whole::NoStatements);
        assert_eq!(whole(&["SET a=1"]), Whole::Unknown);
        // Two, one after the other.
        assert_eq!(whole(&[HEAD, SAVES, BACK, END, HEAD, SAVES]), Whole::NoLastLine);
        assert_eq!(whole(&[SAVES, BACK, SAVES]), Whole::NoLastStatements);
    }

    #[test]
    fn the_head_says_where_a_dump_is_from() {
        let mut ending = Ending::default();
        ending.comment(b"-- Host: localhost    Database: a b");
        ending.comment(b"-- Server version\t10.11.19-MariaDB-0+deb12u1");
        ending.comment(b"-- Dump completed");
        assert_eq!(ending.database.as_deref(), Some("a b"));
        assert_eq!(ending.server.map(|server| server.key()).as_deref(), Some("mariadb-10.11.19"));
        assert_eq!(ending.completed(), "an unknown time");
        ending.comment(b"-- Host: localhost    Database: ");
        assert_eq!(ending.database, None);
    }
}
