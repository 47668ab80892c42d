//! What the tests of dumps of mysqldump and mariadb-dump share.

use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};
use std::time::Duration;

/// A hang is a failure: far longer than any of these takes.
const TIME_LIMIT: Duration = Duration::from_secs(100);

/// What the product's own tool writes of its source server.
#[track_caller]
pub fn mysqldump(product: Product, args: &[&str]) -> Vec<u8> {
    Program::mysqldump(source(product)).args(args).time_limit(TIME_LIMIT).ok().stdout
}

/// All objects of a database of the product's source server, which the dump names.
#[track_caller]
pub fn whole(product: Product, database: &str, options: &[&str]) -> Vec<u8> {
    let all = [&["--routines", "--events", "--triggers"], options, &["--databases", database]].concat();
    mysqldump(product, &[gtid(product), &all].concat())
}

/// MySQL's tool writes the position of its binary log unless told otherwise.
pub fn gtid(product: Product) -> &'static [&'static str] {
    if product == Product::MySql { &["--set-gtid-purged=OFF"] } else { &[] }
}

/// Where a dump is, as a file.
pub fn file(dump: impl AsRef<[u8]>) -> WorkDir {
    let dir = WorkDir::new();
    dir.write("dump.sql", dump);
    dir
}

/// myloader of a dump's file, in a directory of its own.
pub fn of_file(server: &Server, dir: &WorkDir) -> Program {
    let program = Program::myloader().server(server).arg("--optimize-keys=AFTER_IMPORT_PER_TABLE").arg("--mysqldump");
    program.arg("-d").arg(dir.path().join("dump.sql")).current_dir(dir.path()).time_limit(TIME_LIMIT)
}

/// myloader of a dump that comes through a pipe.
pub fn of_pipe(server: &Server, dump: impl Into<Vec<u8>>, dir: &WorkDir) -> Program {
    let program = Program::myloader().server(server).args(["--mysqldump", "--stream"]).stdin(dump);
    program.current_dir(dir.path()).time_limit(TIME_LIMIT)
}

/// Restores a dump into the product's target server, from a file, and from a pipe where that is asked for; nothing of the
/// files that it is split into stays.
#[track_caller]
pub fn restore(product: Product, dump: &[u8], args: &[&str]) {
    let dir = file(dump);
    of_file(target(product), &dir).args(args).ok();
    assert_eq!(dir.list(), ["dump.sql"]);
}

/// Drops a database of the product's target server.
pub fn drop(product: Product, database: &str) {
    target(product).client().run(format!("DROP DATABASE IF EXISTS {}", harness::quote_name(database)));
}
