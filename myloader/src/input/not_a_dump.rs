//! What a place is that has no finished dump, as far as its files tell.

use std::path::Path;

use common::backup::file_name::{Content, DumpFile};
use common::container::foreign::{Foreign, MAGIC_BYTES};
use common::io::read_full;
use common::journal::{DUMP_JOURNAL, JournalError, check_free};
use common::store::{Entry, Store};

/// What a directory without `metadata` is, and what to do, as the end of a sentence.
pub fn directory(store: &dyn Store, entries: &[Entry]) -> String {
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    let is_any = |test: &dyn Fn(&str) -> bool| entries.iter().any(|entry| test(&entry.name));
    let unfinished =
        is_any(&|name| DumpFile::from_name(name).is_some_and(|file| file.content == Content::MetadataUnfinished));
    let journal = store.local_path().map(|path| path.join(DUMP_JOURNAL)).filter(|path| path.exists());
    let what = if let Some(journal) = journal {
        match check_free(&journal) {
            Err(JournalError::InUse { .. }) => "mydumper is still writing it: wait for its end",
            _ => "mydumper was interrupted: `mydumper --resume` continues it, with the options it was started with",
        }
    } else if unfinished {
        "only `metadata.partial` is there: mydumper was interrupted or is still at work; dump again"
    } else if entries.is_empty() {
        "it is empty"
    } else if has("@.json") || has("@.done.json") {
        "it is a dump of MySQL Shell: restore it with `util.loadDump()`"
    } else if ["xtrabackup_checkpoints", "mariadb_backup_checkpoints", "xtrabackup_info", "mariadb_backup_info"]
        .into_iter()
        .any(has)
    {
        "it is a physical backup: restore it with mariadb-backup or xtrabackup"
    } else if ["ibdata1", "mysql.ibd", "aria_log_control"].into_iter().any(has) {
        "it is the data directory of a server"
    } else if is_any(&|name| DumpFile::from_name(name).is_some_and(|file| !file.content.is_metadata())) {
        "the dump was not finished, or not all of it was copied: copy it again, or dump again"
    } else if is_any(&|name| name.ends_with(".txt")) && is_any(&|name| name.ends_with(".sql")) {
        "it may be a directory of mysqldump --tab: restore it with the mysql or mariadb client and mysqlimport"
    } else {
        "none of its files is one of a dump"
    };
    what.to_owned()
}

/// What a file is that was given instead of a directory, and what to do.
pub fn file(path: &Path) -> Option<String> {
    // Not a pipe, which nobody may write to.
    let is_file = std::fs::metadata(path).is_ok_and(|file| file.is_file());
    let mut file = std::fs::File::open(path).ok().filter(|_| is_file)?;
    let mut start = vec![0; MAGIC_BYTES];
    let length = read_full(&mut file, &mut start).ok()?;
    let start = &start[..length];
    let shown = path.display();
    Some(if start.is_empty() {
        "an empty file".to_owned()
    } else if start.starts_with(b"\n-- ") {
        format!("a stream of mydumper: restore it with `myloader --stream < {shown}`")
    } else {
        match Foreign::recognise(start) {
            Some(foreign @ (Foreign::Compressed(_) | Foreign::Encrypted(_))) => {
                format!(
                    "{foreign}: if a stream of mydumper is in it, {} and into `myloader --stream`",
                    foreign.advice()
                )
            }
            Some(foreign @ Foreign::Text(_)) => foreign.to_string(),
            Some(foreign) => format!("{foreign}: {}", foreign.advice()),
            None => "a file".to_owned(),
        }
    })
}
