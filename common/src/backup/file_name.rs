//! The names of a dump's files, built and parsed in this one place.
//!
//! The forms are mydumper's (see docs/dev/formats.md). The parts are *file names* of databases and tables, which are
//! their real names only when [`is_plain`](super::table_names::is_plain) says so.

use std::fmt;

use crate::layers::Layers;

const TABLESPACES: &str = "all-schema-create-tablespace.sql";
/// Beside the files of a dump: which tables `--updated-since` has left out.
pub const NOT_UPDATED_TABLES: &str = "not_updated_tables";
const ACCOUNTS: &str = "all-schema-create-users.sql";

/// One file of a dump: what it holds and what that goes through before it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DumpFile {
    /// What the file holds.
    pub content: Content,
    /// Its layers; metadata has none.
    pub layers: Layers,
}

/// A table, view or sequence, by the names that its files carry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableFileName {
    /// File name of the database.
    pub database: String,
    /// File name of the table.
    pub table: String,
}

impl fmt::Display for TableFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

/// What a file of a dump holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    /// `metadata`, which exists only if the dump is complete.
    Metadata,
    /// `metadata.partial`: a directory's metadata while the dump runs.
    MetadataUnfinished,
    /// `metadata.header`: a stream's first member.
    MetadataHeader,
    /// `metadata.partial.N`: in a stream, the metadata known so far.
    MetadataPartial(u32),
    /// `all-schema-create-tablespace.sql`.
    Tablespaces,
    /// `all-schema-create-users.sql`: accounts and their privileges.
    Accounts,
    /// `DB-schema-create.sql`.
    Database(String),
    /// `DB-schema-post.sql`: routines and events.
    Post(String),
    /// `DB-schema-triggers.sql`: the triggers of a whole database.
    DatabaseTriggers(String),
    /// `DB.TABLE-schema.sql`: a table, or the placeholder of a view.
    Table(TableFileName),
    /// `DB.VIEW-schema-view.sql`.
    View(TableFileName),
    /// `DB.SEQ-schema-sequence.sql`.
    Sequence(TableFileName),
    /// `DB.TABLE-schema-triggers.sql`.
    Triggers(TableFileName),
    /// `DB.TABLE.NNNNN[.MMMMM].sql` or `.dat`.
    Rows(RowsFile),
}

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowsFile {
    /// The table.
    pub table: TableFileName,
    /// The chunk's number. Numbers may have gaps and may start at 1. Tables that mydumper 0.10 did not split have none.
    pub chunk: Option<u64>,
    /// The part of a chunk that `--chunk-filesize` split. The first part, 0, has no suffix.
    pub part: u32,
    /// Statements, or the rows that a LOAD DATA statement of the `.sql` file beside it reads.
    pub format: RowsFormat,
}

/// The two kinds of files that hold rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowsFormat {
    /// SQL statements: INSERT, or one LOAD DATA LOCAL INFILE.
    Sql,
    /// Delimited text for LOAD DATA.
    Delimited,
}

impl DumpFile {
    /// A file with these layers; metadata files have none.
    pub fn new(content: Content, layers: impl Into<Layers>) -> DumpFile {
        let layers = if content.is_metadata() { Layers::default() } else { layers.into() };
        DumpFile { content, layers }
    }

    /// Parses a file name; `None` if it is not one of a dump's file. No path is one.
    pub fn from_name(name: &str) -> Option<DumpFile> {
        match name {
            "metadata" => return Some(DumpFile::new(Content::Metadata, Layers::default())),
            "metadata.partial" => return Some(DumpFile::new(Content::MetadataUnfinished, Layers::default())),
            "metadata.header" => return Some(DumpFile::new(Content::MetadataHeader, Layers::default())),
            _ => {}
        }
        if let Some(number) = name.strip_prefix("metadata.partial.") {
            let file = DumpFile::new(Content::MetadataPartial(number.parse().ok()?), Layers::default());
            return (file.to_string() == name).then_some(file);
        }
        if name.contains(['/', '\0']) {
            return None;
        }
        let (rest, layers) = Layers::of_file_name(name);
        let file = DumpFile { content: Content::from_uncompressed_name(rest)?, layers };
        // Two names must not mean the same file, as with fewer digits of a number.
        (file.to_string() == name).then_some(file)
    }
}

impl fmt::Display for DumpFile {
    /// The file's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Metadata => write!(f, "metadata")?,
            Content::MetadataUnfinished => write!(f, "metadata.partial")?,
            Content::MetadataHeader => write!(f, "metadata.header")?,
            Content::MetadataPartial(number) => write!(f, "metadata.partial.{number}")?,
            Content::Tablespaces => write!(f, "{TABLESPACES}")?,
            Content::Accounts => write!(f, "{ACCOUNTS}")?,
            Content::Database(database) => write!(f, "{database}-schema-create.sql")?,
            Content::Post(database) => write!(f, "{database}-schema-post.sql")?,
            Content::DatabaseTriggers(database) => write!(f, "{database}-schema-triggers.sql")?,
            Content::Table(table) => write!(f, "{table}-schema.sql")?,
            Content::View(view) => write!(f, "{view}-schema-view.sql")?,
            Content::Sequence(sequence) => write!(f, "{sequence}-schema-sequence.sql")?,
            Content::Triggers(table) => write!(f, "{table}-schema-triggers.sql")?,
            Content::Rows(rows) => {
                write!(f, "{}", rows.table)?;
                if let Some(chunk) = rows.chunk {
                    write!(f, ".{chunk:05}")?;
                }
                if rows.part > 0 {
                    write!(f, ".{:05}", rows.part)?;
                }
                write!(f, "{}", rows.format.extension())?;
            }
        }
        write!(f, "{}", self.layers)
    }
}

impl Content {
    /// Whether this is one of the metadata files.
    pub fn is_metadata(&self) -> bool {
        matches!(
            self,
            Content::Metadata | Content::MetadataUnfinished | Content::MetadataHeader | Content::MetadataPartial(_)
        )
    }

    /// The file name of the database that the file belongs to.
    pub fn database(&self) -> Option<&str> {
        match self {
            Content::Database(database) | Content::Post(database) | Content::DatabaseTriggers(database) => {
                Some(database)
            }
            _ => self.table().map(|table| table.database.as_str()),
        }
    }

    /// The table, view or sequence that the file belongs to.
    pub fn table(&self) -> Option<&TableFileName> {
        match self {
            Content::Table(table) | Content::View(table) | Content::Sequence(table) | Content::Triggers(table) => {
                Some(table)
            }
            Content::Rows(rows) => Some(&rows.table),
            _ => None,
        }
    }

    fn from_uncompressed_name(name: &str) -> Option<Content> {
        match name {
            TABLESPACES => return Some(Content::Tablespaces),
            ACCOUNTS => return Some(Content::Accounts),
            _ => {}
        }
        if let Some(stem) = name.strip_suffix("-schema.sql") {
            return TableFileName::parse(stem).map(Content::Table);
        }
        if let Some(stem) = name.strip_suffix("-schema-view.sql") {
            return TableFileName::parse(stem).map(Content::View);
        }
        if let Some(stem) = name.strip_suffix("-schema-sequence.sql") {
            return TableFileName::parse(stem).map(Content::Sequence);
        }
        if let Some(stem) = name.strip_suffix("-schema-create.sql") {
            return file_name_part(stem).map(Content::Database);
        }
        if let Some(stem) = name.strip_suffix("-schema-post.sql") {
            return file_name_part(stem).map(Content::Post);
        }
        if let Some(stem) = name.strip_suffix("-schema-triggers.sql") {
            return match TableFileName::parse(stem) {
                Some(table) => Some(Content::Triggers(table)),
                None => file_name_part(stem).map(Content::DatabaseTriggers),
            };
        }
        RowsFile::parse(name).map(Content::Rows)
    }
}

impl TableFileName {
    fn parse(stem: &str) -> Option<TableFileName> {
        let (database, table) = stem.split_once('.')?;
        Some(TableFileName { database: file_name_part(database)?, table: file_name_part(table)? })
    }
}

impl RowsFile {
    fn parse(name: &str) -> Option<RowsFile> {
        let (stem, format) = if let Some(stem) = name.strip_suffix(".sql") {
            (stem, RowsFormat::Sql)
        } else {
            (name.strip_suffix(".dat")?, RowsFormat::Delimited)
        };
        let mut parts = stem.split('.');
        let table = TableFileName { database: file_name_part(parts.next()?)?, table: file_name_part(parts.next()?)? };
        let chunk = parts.next().map(|chunk| number(chunk).ok_or(())).transpose().ok()?;
        let part = parts.next().map_or(Some(0), |part| number(part)?.try_into().ok())?;
        match parts.next() {
            Some(_) => None,
            None => Some(RowsFile { table, chunk, part, format }),
        }
    }

    /// The file with the same rows in another format: a LOAD DATA statement and its data are two files.
    pub fn in_format(&self, format: RowsFormat) -> RowsFile {
        RowsFile { format, ..self.clone() }
    }
}

impl RowsFormat {
    fn extension(self) -> &'static str {
        match self {
            RowsFormat::Sql => ".sql",
            RowsFormat::Delimited => ".dat",
        }
    }
}

/// The name of a database or table in a file name: not empty, without dot and path separator.
fn file_name_part(part: &str) -> Option<String> {
    (!part.is_empty() && !part.contains(['.', '/', '\0'])).then(|| part.to_owned())
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::compression::Compression;
    use proptest::prelude::*;

    fn table(database: &str, table: &str) -> TableFileName {
        TableFileName { database: database.into(), table: table.into() }
    }

    #[test]
    fn names_of_every_kind() {
        let rows =
            |chunk, part, format| Content::Rows(RowsFile { table: table("d", "t"), chunk: Some(chunk), part, format });
        for (name, content) in [
            ("metadata", Content::Metadata),
            ("metadata.partial", Content::MetadataUnfinished),
            ("metadata.header", Content::MetadataHeader),
            ("metadata.partial.17", Content::MetadataPartial(17)),
            ("all-schema-create-tablespace.sql", Content::Tablespaces),
            ("all-schema-create-users.sql", Content::Accounts),
            ("d-schema-create.sql", Content::Database("d".into())),
            ("d-schema-post.sql", Content::Post("d".into())),
            ("d-schema-triggers.sql", Content::DatabaseTriggers("d".into())),
            ("d.t-schema.sql", Content::Table(table("d", "t"))),
            ("d.t-schema-view.sql", Content::View(table("d", "t"))),
            ("d.t-schema-sequence.sql", Content::Sequence(table("d", "t"))),
            ("d.t-schema-triggers.sql", Content::Triggers(table("d", "t"))),
            ("d.t-schema-schema.sql", Content::Table(table("d", "t-schema"))),
            ("d-schema.t.00000.sql", {
                Content::Rows(RowsFile {
                    table: table("d-schema", "t"),
                    chunk: Some(0),
                    part: 0,
                    format: RowsFormat::Sql,
                })
            }),
            ("d.t.00000.sql", rows(0, 0, RowsFormat::Sql)),
            ("d.t.00012.00003.sql", rows(12, 3, RowsFormat::Sql)),
            ("d.t.123456.dat", rows(123_456, 0, RowsFormat::Delimited)),
        ] {
            assert_eq!(DumpFile::from_name(name), Some(DumpFile::new(content.clone(), Compression::None)), "{name}");
            assert_eq!(DumpFile::new(content, Compression::None).to_string(), name);
        }
        let compressed = DumpFile::from_name("d.t.00001.sql.zst").unwrap();
        assert_eq!(compressed, DumpFile::new(rows(1, 0, RowsFormat::Sql), Compression::Zstd));
        assert_eq!(compressed.to_string(), "d.t.00001.sql.zst");
        let unsplit = RowsFile { table: table("d", "t"), chunk: None, part: 0, format: RowsFormat::Sql };
        assert_eq!(DumpFile::from_name("d.t.sql"), Some(DumpFile::new(Content::Rows(unsplit), Compression::None)));
    }

    #[test]
    fn other_names_are_not_files_of_a_dump() {
        for name in [
            "",
            ".",
            "..",
            "t.sql",
            "/d.t.00000.sql",
            "d/../x.t.00000.sql",
            "d.t.00000.sql\0",
            "d..00000.sql",
            ".t-schema.sql",
            "d.t.x.sql",
            "d.t.1.2.3.sql",
            "d.t.99999999999999999999999.sql",
            "metadata.partial.x",
            "metadata.partial.+1",
            "d.t.0000.sql",
            "d.t.00000.00000.sql",
            "metadata.gz",
            "README.md",
        ] {
            assert_eq!(DumpFile::from_name(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_read_without_a_panic_and_written_the_same(name in "([a-z.\\-0-9]{0,24}|all-schema-create-(users|tablespace))(-schema.sql|.sql|.dat|)(.gz|.zst|.lz4|)") {
            if let Some(file) = DumpFile::from_name(&name) {
                prop_assert_eq!(file.to_string(), name);
            }
        }
    }
}
