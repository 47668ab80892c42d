//! The files that are there against those that the dump's metadata lists: pure.

use std::collections::HashSet;

use common::backup::file_name::{Content, DumpFile};
use common::backup::metadata::Metadata;
use common::backup::selection::Filter;
use common::backup::stored_files::StoredFiles;
use common::observe::wording::count;
use common::sql::name::QualifiedName;

/// How many files a message names.
const NAMED: usize = 10;

/// Which of a dump's files a restore needs.
pub struct Needed<'a> {
    /// Whose.
    pub filter: &'a Filter,
    /// Those with definitions.
    pub schemas: bool,
    /// Those with rows.
    pub data: bool,
}

/// What differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Listed, and not there.
    pub missing: Vec<String>,
    /// There, and not listed.
    pub added: Vec<String>,
    /// Compressed or decompressed by somebody, so that their checksums say nothing any more.
    pub recompressed: usize,
}

impl Differences {
    /// Of files that are needed. Metadata that lists none says nothing.
    pub fn find(files: &[(DumpFile, u64)], metadata: &Metadata, needed: &Needed<'_>) -> Differences {
        let listed = &metadata.files;
        if listed.is_empty() {
            return Differences::default();
        }
        let there: HashSet<String> = files.iter().map(|(file, _)| file.to_string()).collect();
        let missing = listed.iter().filter(|(name, _)| !there.contains(*name));
        let missing: Vec<DumpFile> = missing.filter_map(|(name, _)| DumpFile::from_name(name)).collect();
        let added = || files.iter().map(|(file, _)| file).filter(move |file| !is_listed(listed, file));
        let missing_content: HashSet<&Content> = missing.iter().map(|file| &file.content).collect();
        let recompressed: HashSet<&Content> =
            added().map(|file| &file.content).filter(|content| missing_content.contains(content)).collect();
        let is_wanted = |file: &&DumpFile| !recompressed.contains(&file.content) && needed.has(file, metadata);
        Differences {
            missing: missing.iter().filter(is_wanted).map(ToString::to_string).collect(),
            added: added().filter(is_wanted).map(ToString::to_string).collect(),
            recompressed: recompressed.len(),
        }
    }

    /// One line for each kind.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.missing.is_empty() {
            lines.push(format!("{} missing: {}", are(self.missing.len()), list(&self.missing)));
        }
        if !self.added.is_empty() {
            lines.push(format!("{} not of this dump: {}", are(self.added.len()), list(&self.added)));
        }
        lines
    }
}

fn is_listed(listed: &StoredFiles, file: &DumpFile) -> bool {
    listed.get(&file.to_string()).is_some()
}

fn are(files: usize) -> String {
    format!("{} {}", count(files as u64, "file"), if files == 1 { "is" } else { "are" })
}

fn list(names: &[String]) -> String {
    let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{named} and {} more", names.len() - NAMED) } else { named }
}

impl Needed<'_> {
    /// With a filter, only files of tables that certainly pass: whoever chooses tables may have copied only their files.
    fn has(&self, file: &DumpFile, metadata: &Metadata) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let is_numbered = |name: &str| name.starts_with("mydumper_");
        let is_of_kind = if matches!(file.content, Content::Rows(_)) { self.data } else { self.schemas };
        let Some(table) = file.content.table().filter(|table| is_of_kind && !is_numbered(&table.database)) else {
            return false;
        };
        let real_name = metadata.tables.get(table).and_then(|entry| entry.real_name.as_ref());
        match real_name.or(Some(&table.table).filter(|name| !is_numbered(name))) {
            Some(name) => {
                self.filter.passes_table(&QualifiedName::new(table.database.clone(), name.clone())).unwrap_or_default()
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::backup::tables_list::TablesList;
    use common::store::Stored;

    fn find(there: &[&str], listed: &[&str], tables: &str) -> Differences {
        let files: Vec<_> = there.iter().map(|name| (DumpFile::from_name(name).unwrap(), 0)).collect();
        let mut metadata = Metadata::default();
        listed.iter().for_each(|name| metadata.files.insert(*name, Stored::default()));
        let filter = Filter { tables: TablesList::new(Filter::names(tables.split(',')).unwrap()), ..Filter::default() };
        Differences::find(&files, &metadata, &Needed { filter: &filter, schemas: true, data: true })
    }

    #[test]
    fn files_that_are_missing_added_or_compressed_by_somebody_are_told_apart() {
        let listed = ["d-schema-create.sql", "d.t-schema.sql", "d.t.00000.sql", "d.t.00001.sql"];
        assert_eq!(find(&listed, &listed, ""), Differences::default());
        assert_eq!(find(&["d.t.00007.sql"], &[], ""), Differences::default());
        let there = ["d-schema-create.sql", "d.t-schema.sql.gz", "d.t.00001.sql", "d.t.00001.sql.zst", "e.t.00000.sql"];
        let found = find(&there, &listed, "");
        assert_eq!((found.recompressed, found.missing.as_slice()), (1, &["d.t.00000.sql".to_owned()][..]));
        assert_eq!(found.added, ["d.t.00001.sql.zst", "e.t.00000.sql"]);
        assert_eq!(
            found.describe(),
            ["1 file is missing: d.t.00000.sql", "2 files are not of this dump: d.t.00001.sql.zst, e.t.00000.sql"]
        );
    }

    #[test]
    fn with_a_filter_only_files_of_tables_that_pass_are_needed() {
        let listed = ["d-schema-create.sql", "d.t.00000.sql", "d.u-schema.sql", "mydumper_0.t.00000.sql"];
        let found = find(&["d.t.00001.sql", "d.u.00001.sql"], &listed, "d.t");
        assert_eq!(
            (found.missing.as_slice(), found.added.as_slice()),
            (&["d.t.00000.sql".to_owned()][..], &["d.t.00001.sql".to_owned()][..])
        );
        assert_eq!(find(&[], &listed, "d.v"), Differences::default());
    }

    #[test]
    fn a_message_names_some_of_many() {
        let missing = (0..12).map(|number| format!("d.t.{number:05}.sql")).collect();
        let text = Differences { missing, ..Differences::default() }.describe().concat();
        assert!(
            text.starts_with("12 files are missing: d.t.00000.sql, ") && text.ends_with("d.t.00009.sql and 2 more"),
            "{text}"
        );
    }
}
