//! What the tests of restores share: a database dumped whole, a restore of it, and looks at what came of it.

use crate::support::dump::{dump, make, only_line};
use harness::compare::differences;
use harness::program::{Output, Program, WorkDir};
use harness::server::{Product, Server, source, target};
use harness::sql::{Client, text};
use std::path::PathBuf;
use std::time::Duration;

/// A hang is a failure: far longer than any of these restores takes.
const TIME_LIMIT: Duration = Duration::from_secs(100);

/// The dump of a database, with all its objects, that these statements make on the product's source server.
#[track_caller]
pub fn dumped(product: Product, database: &str, statements: &[&str]) -> WorkDir {
    dumped_with(product, database, statements, &[])
}

/// The same with further options of mydumper.
#[track_caller]
pub fn dumped_with(product: Product, database: &str, statements: &[&str], options: &[&str]) -> WorkDir {
    make(source(product), database, statements);
    dump_of(product, database, options)
}

/// The dump of a database that the source server has.
#[track_caller]
pub fn dump_of(product: Product, database: &str, options: &[&str]) -> WorkDir {
    dump(source(product), &[&["-B", database, "-G", "-R", "-E"], options].concat())
}

/// The same as a stream.
#[track_caller]
pub fn streamed(product: Product, database: &str) -> Vec<u8> {
    streamed_from(source(product), database)
}

/// The same from any server.
#[track_caller]
pub fn streamed_from(server: &Server, database: &str) -> Vec<u8> {
    let place = WorkDir::new();
    let program = Program::mydumper().server(server).args(["-B", database, "-G", "-R", "-E", "--stream"]);
    program.current_dir(place.path()).ok().stdout
}

/// myloader as root over the server's socket, from `dir`. It adds keys later even to the small tables of tests, unless
/// another option follows.
pub fn myloader(server: &Server, dir: &WorkDir) -> Program {
    let program = Program::myloader().server(server).arg("--optimize-keys=AFTER_IMPORT_PER_TABLE");
    program.arg("-d").arg(dir.path()).time_limit(TIME_LIMIT)
}

/// A restore into the product's target server that succeeds.
#[track_caller]
pub fn load(product: Product, dir: &WorkDir, options: &[&str]) -> Output {
    myloader(target(product), dir).args(options).ok()
}

/// A restore that fails with this exit code (with `None`, any) and one line: that line.
#[track_caller]
pub fn failing(code: impl Into<Option<i32>>, product: Product, dir: &WorkDir, options: &[&str]) -> String {
    only_line(&myloader(target(product), dir).args(options).fails_with(code))
}

/// A restore that fails since the server refuses something.
#[track_caller]
pub fn refused(product: Product, dir: &WorkDir, options: &[&str]) -> String {
    failing(4, product, dir, options)
}

/// Makes a database on the source server, dumps it, restores it, and compares all of both.
#[track_caller]
pub fn round_trip(product: Product, database: &str, statements: &[&str]) {
    let dir = dumped(product, database, statements);
    load(product, &dir, &[]);
    assert_same(product, database);
}

/// Makes a dump one of an earlier version, whose metadata has no lengths and checksums of the files: these may be changed.
pub fn forget_checksums(dir: &WorkDir) {
    let mut in_files = false;
    let metadata = dir.read_text("metadata").replace("\n\n[mydumper-rs-files]", "\n[mydumper-rs-files]");
    let kept = metadata.split_inclusive('\n').filter(|line| {
        in_files = if line.starts_with('[') { *line == "[mydumper-rs-files]\n" } else { in_files };
        let is_last = line.starts_with("# Finished");
        is_last || !(in_files || line.starts_with("file.") || line.starts_with("file-"))
    });
    let kept: String = kept.collect();
    dir.write("metadata", kept);
}

/// The journals of restores of a dump that were not finished.
pub fn journals(dir: &WorkDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("myloader-journal.")).collect()
}

/// The database is the same on both servers.
#[track_caller]
pub fn assert_same(product: Product, database: &str) {
    assert_eq!(differences(source(product), database, target(product), database), [""; 0], "{product:?}");
}

/// The first column of what a statement returns.
#[track_caller]
pub fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql).iter().map(|row| text(&row[0])).collect()
}

/// The names of a database's tables and views on the target server.
#[track_caller]
pub fn tables(product: Product, database: &str) -> Vec<String> {
    let mut names =
        column(&mut target(product).client(), &format!("SHOW TABLES FROM {}", harness::quote_name(database)));
    names.sort();
    names
}
