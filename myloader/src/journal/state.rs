//! How far the restore is, added up from the records of a journal.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::names::{TRIGGERS, TableName};
use super::record::{AccountOutcome, Commit, Record, SkippedStatement};

/// How far the restore is.
#[derive(Debug, Default)]
pub struct RestoreProgress {
    pub server: String,
    pub options: BTreeMap<String, String>,
    /// Checksum and length of the dump's metadata, once it was there.
    pub dump: Option<(u32, u64)>,
    pub runs: Vec<Run>,
    /// Global variables that were changed, and what they were.
    pub global_variables: Vec<(String, String)>,
    /// Whether the redo log was turned off.
    pub redo_log_off: bool,
    pub databases: BTreeMap<String, DatabaseBefore>,
    pub done: BTreeSet<String>,
    pub tables: HashMap<TableName, TableProgress>,
    /// Files of rows that are begun.
    pub files: HashMap<String, FileProgress>,
    /// Statements of the accounts' file, by line.
    pub accounts: BTreeMap<u64, AccountOutcome>,
}

/// A run of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the names of its user locks begin with.
    pub locks: String,
    pub workers: usize,
    /// When the server had been started.
    pub server_started: u64,
    /// The highest of the numbers that the server gave its sessions.
    pub connection: u32,
}

/// What a database had before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseBefore {
    /// Whether it was there.
    pub exists: bool,
    /// Tables, views and sequences.
    pub names: Vec<String>,
    /// Those with triggers.
    pub with_triggers: Vec<String>,
}

/// How far a table is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableProgress {
    /// Whether it was there before; `None` as long as nothing is known but its rows.
    pub kept: Option<bool>,
    /// Whether its keys are added later.
    pub keys_later: bool,
    /// Whether it was emptied.
    pub emptied: bool,
    /// Rows before the first was loaded.
    pub before: Option<u64>,
    /// By how many it has grown.
    pub grown: i64,
    /// A COMMIT whose outcome is not known.
    pub in_doubt: Option<Commit>,
    /// Whether all rows are in.
    pub complete: bool,
    /// Statements done that add keys.
    pub keys_done: usize,
    /// Whether the foreign keys are there.
    pub foreign_keys: bool,
    /// Whether it may have rows of a damaged file.
    pub damaged: bool,
    /// Whether it is being dropped and created again; how far that is, is unknown.
    pub restarting: bool,
}

/// How far a file of rows is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileProgress {
    /// Statements that are committed.
    pub statements: u64,
    pub rows: u64,
    /// Statements that were skipped, by number.
    pub skipped: BTreeMap<u64, SkippedStatement>,
    /// Whether these are all.
    pub complete: bool,
    table: TableName,
}

impl TableProgress {
    /// How many rows it has, but for the COMMIT in doubt.
    pub fn known(&self) -> Option<u64> {
        self.before?.checked_add_signed(self.grown)
    }
}

impl RestoreProgress {
    /// Adds one record.
    pub fn add(&mut self, record: Record) {
        match record {
            Record::Begin { version: _, server, options } => (self.server, self.options) = (server, options),
            Record::Run { locks, workers, server_started, connection } => {
                self.runs.push(Run { locks, workers, server_started, connection });
            }
            Record::Dump { crc32c, length } => self.dump = Some((crc32c, length)),
            Record::GlobalVariable { name, old } => self.global_variables.push((name, old)),
            Record::RedoLogOff => self.redo_log_off = true,
            Record::Database { name, exists, names, with_triggers } => {
                self.databases.insert(name, DatabaseBefore { exists, names, with_triggers });
            }
            Record::Done { job } => drop(self.done.insert(job)),
            Record::Table { table, kept, keys_later } => {
                let state = self.tables.entry(table).or_default();
                (state.kept, state.keys_later, state.restarting) = (Some(kept), keys_later, false);
                if !kept {
                    state.before = Some(0);
                }
            }
            Record::Emptied { table } => {
                let state = self.forget(&table);
                state.emptied = true;
                state.before = Some(0);
            }
            Record::Counted { table, rows } => {
                let state = self.tables.entry(table).or_default();
                (state.before, state.grown, state.in_doubt) = (Some(rows), 0, None);
            }
            Record::Skipped { file, table, statement } => {
                let file = self.files.entry(file).or_default();
                file.table = table;
                file.skipped.insert(statement.statement, statement);
            }
            // One that was announced before was rolled back: there is never more than one of a table.
            Record::Commit(commit) => {
                let table = commit.table.clone();
                self.tables.entry(table).or_default().in_doubt = Some(commit);
            }
            Record::Committed(commit) => self.committed(commit),
            Record::File { file } => self.files.entry(file).or_default().complete = true,
            Record::Complete { table } => self.tables.entry(table).or_default().complete = true,
            Record::Keys { table, done } => self.tables.entry(table).or_default().keys_done += done,
            Record::ForeignKeys { table } => self.tables.entry(table).or_default().foreign_keys = true,
            Record::TriggersDropped { table: _ } => self.forget_triggers(),
            Record::Damaged { table } => {
                let state = self.tables.entry(table).or_default();
                (state.before, state.complete, state.damaged) = (None, false, true);
            }
            Record::Restart { table } => {
                let state = self.forget(&table);
                (state.kept, state.restarting) = (Some(false), true);
            }
            Record::Account { line, outcome } => drop(self.accounts.insert(line, outcome)),
        }
    }

    fn committed(&mut self, commit: Commit) {
        let table = self.tables.entry(commit.table.clone()).or_default();
        table.in_doubt = None;
        table.grown += commit.net;
        let file = self.files.entry(commit.file).or_default();
        (file.statements, file.rows, file.table) = (commit.statements, commit.rows, commit.table);
    }

    /// All triggers are created again: which job made those of one table is unknown.
    fn forget_triggers(&mut self) {
        self.done.retain(|job| !job.starts_with(TRIGGERS));
    }

    /// Forgets a table's rows and triggers.
    fn forget(&mut self, table: &TableName) -> &mut TableProgress {
        self.forget_triggers();
        self.files.retain(|_, file| file.table != *table);
        let state = self.tables.entry(table.clone()).or_default();
        *state = TableProgress { kept: state.kept, keys_later: state.keys_later, ..TableProgress::default() };
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TableName {
        ("d".to_owned(), "t".to_owned())
    }

    fn commit(file: &str, statements: u64, net: i64) -> Commit {
        Commit { file: file.to_owned(), table: table(), statements, rows: net.unsigned_abs(), net }
    }

    fn state(records: impl IntoIterator<Item = Record>) -> RestoreProgress {
        let mut state = RestoreProgress::default();
        records.into_iter().for_each(|record| state.add(record));
        state
    }

    fn made() -> Record {
        Record::Table { table: table(), kept: false, keys_later: true }
    }

    #[test]
    fn a_commit_is_in_doubt_until_it_is_answered_or_another_follows() {
        let records = [
            made(),
            Record::Commit(commit("a", 3, 30)),
            Record::Commit(commit("b", 2, 20)),
            Record::Committed(commit("b", 2, 20)),
        ];
        let so_far = state(records.clone());
        let of_table = &so_far.tables[&table()];
        assert_eq!((of_table.known(), &of_table.in_doubt), (Some(20), &None));
        assert_eq!(so_far.files["b"].statements, 2);
        assert!(!so_far.files.contains_key("a"));
        let further = state(records.into_iter().chain([Record::Commit(commit("a", 3, 30))]));
        assert_eq!(further.tables[&table()].in_doubt, Some(commit("a", 3, 30)));
    }

    #[test]
    fn a_table_that_is_loaded_anew_has_nothing() {
        let records = [
            made(),
            Record::Committed(commit("a", 3, 30)),
            Record::File { file: "a".to_owned() },
            Record::Keys { table: table(), done: 1 },
            Record::Done { job: "triggers d.u-schema-triggers.sql".to_owned() },
            Record::Restart { table: table() },
        ];
        let ours = TableProgress { kept: Some(false), keys_later: true, ..TableProgress::default() };
        let anew = state(records.clone());
        assert_eq!(anew.tables[&table()], TableProgress { restarting: true, ..ours.clone() });
        assert!(anew.files.is_empty() && anew.done.is_empty());
        let made_again = state(records.into_iter().chain([made()]));
        assert_eq!(made_again.tables[&table()], TableProgress { before: Some(0), ..ours });
    }

    #[test]
    fn a_table_that_was_kept_is_counted_from_what_it_had() {
        let kept = Record::Table { table: table(), kept: true, keys_later: false };
        let rows = [Record::Counted { table: table(), rows: 7 }, Record::Committed(commit("a", 1, -2))];
        let with_rows = state([kept.clone()].into_iter().chain(rows));
        assert_eq!(with_rows.tables[&table()].known(), Some(5));
        let emptied = state([kept, Record::Emptied { table: table() }]);
        assert_eq!(emptied.tables[&table()].known(), Some(0));
    }
}
