//! Commands that files go through, and commands that take finished files.

use crate::support::dump::{HELD_ROWS, Held, dump, make, metadata_value, mydumper, only_line, wait_until};
use crate::support::load::{assert_same, dumped_with, failing, forget_checksums, load};
use harness::program::{Program, WorkDir, pipe};
use harness::server::{self, Product, source, target};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const OBJECTS: [&str; 7] = [
    "CREATE TABLE t (id INT PRIMARY KEY, c TEXT, b BLOB)",
    "INSERT INTO t WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 899) \
     SELECT n, REPEAT(SHA2(n, 256), 5), UNHEX(SHA2(n, 256)) FROM r",
    "CREATE TABLE nothing (a INT)",
    "CREATE VIEW v AS SELECT id FROM t",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.c = CONCAT(NEW.c, '')",
    "CREATE PROCEDURE p() SELECT 1",
    "ANALYZE TABLE t",
];

/// Writes and reads files through xz; the quotes hold an argument with a blank.
const WRITE: [&str; 2] = ["--exec-per-thread=xz -0 '--format=xz' -c", "--exec-per-thread-extension=.xz"];
const READ: [&str; 2] = ["--exec-per-thread=xz -dc", "--exec-per-thread-extension=.xz"];

fn names(dir: &WorkDir) -> Vec<String> {
    dir.list().into_iter().filter(|name| name != "metadata").collect()
}

fn with<'a>(options: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [options, more].concat()
}

#[test]
fn what_a_command_has_written_another_reads_in_every_format() {
    for product in Product::ALL {
        for (number, format) in ["INSERT", "LOAD_DATA", "CSV"].into_iter().enumerate() {
            let database = format!("through_xz_{number}");
            let format = format!("--format={format}");
            let dir = dumped_with(product, &database, &OBJECTS, &with(&WRITE, &[&format, "--rows=300", "-F", "64k"]));
            let files = names(&dir);
            assert!(files.len() >= 9 && files.iter().all(|name| name.ends_with(".xz")), "{files:?}");
            let metadata = dir.read_text("metadata");
            assert_eq!(metadata_value(&metadata, "extension").as_deref(), Some(".xz"));
            assert_eq!(metadata_value(&metadata, "num-files").unwrap(), files.len().to_string());
            for name in &files {
                Program::new("xz").arg("-t").arg(dir.path().join(name)).ok();
                assert_eq!(fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
            }
            if number > 0 {
                let name = format!("{database}.t.00000.sql.xz");
                let statement = Program::new("xz").arg("-dc").arg(dir.path().join(&name)).ok().stdout;
                let named = format!("INFILE '{database}.t.00000.dat.xz'");
                assert!(String::from_utf8(statement).unwrap().contains(&named));
            }
            load(product, &dir, &with(&READ, &["--verify"]));
            assert_same(product, &database);
        }
    }
}

#[test]
fn streams_bring_files_of_a_command_and_may_be_unpacked() {
    for product in Product::ALL {
        let database = "through_xz_streamed";
        make(source(product), database, &OBJECTS);
        let dumper = |options: &[&str]| {
            let options = with(options, &["-B", database, "-G", "-R", "-E", "--rows=300"]);
            Program::mydumper().server(source(product)).args(WRITE).args(options)
        };
        for (written, read) in [("--stream", "--stream"), ("--stream=NO_DELETE", "--stream=NO_DELETE")] {
            let work = WorkDir::new();
            let loader = Program::myloader().server(target(product)).args(READ).args([read, "-o", "DROP", "-d", "l"]);
            let (dumped, loaded) =
                pipe(dumper(&[written, "-o", "d"]).current_dir(work.path()), loader.current_dir(work.path()));
            assert_eq!((dumped.code, loaded.code), (Some(0), Some(0)), "{}{}", dumped.stderr, loaded.stderr);
            assert_same(product, database);
            if read == "--stream=NO_DELETE" {
                let kept = WorkDir::copy_of(&work.path().join("l"));
                assert!(names(&kept).iter().all(|name| name.ends_with(".xz")), "{:?}", names(&kept));
                load(product, &kept, &with(&READ, &["-o", "DROP"]));
                assert_same(product, database);
            }
        }

        // Headers only: both have the same directory.
        let work = WorkDir::new();
        let mode = "--stream=NO_STREAM_AND_NO_DELETE";
        let loader = Program::myloader().server(target(product)).args(READ).args([mode, "-o", "DROP", "-d", "d"]);
        let (dumped, loaded) =
            pipe(dumper(&[mode, "-o", "d"]).current_dir(work.path()), loader.current_dir(work.path()));
        assert_eq!((dumped.code, loaded.code), (Some(0), Some(0)), "{}{}", dumped.stderr, loaded.stderr);
        assert_same(product, database);

        let work = WorkDir::new();
        let stream = dumper(&["--stream"]).current_dir(work.path()).ok().stdout;
        let needed = "[ERROR] a command has written the files of the stream, whose names end with .xz: give \
                      --exec-per-thread=COMMAND, the command that undoes it, and --exec-per-thread-extension=.xz";
        let loader = || Program::myloader().server(target(product)).current_dir(work.path()).stdin(stream.clone());
        assert_eq!(only_line(&loader().args(["--stream"]).fails_with(5)), needed);
        assert_eq!(only_line(&loader().args(["--stream=UNPACK", "-d", "u"]).fails_with(5)), needed);
        loader().args(["--stream=UNPACK", "-d", "v"]).args(READ).ok();
        let unpacked = WorkDir::copy_of(&work.path().join("v"));
        load(product, &unpacked, &with(&READ, &["-o", "DROP"]));
        assert_same(product, database);
    }
}

#[test]
fn a_restore_says_which_command_is_missing_or_too_much() {
    for product in Product::ALL {
        let database = "through_which";
        let dir = dumped_with(product, database, &OBJECTS, &WRITE);
        let place = dir.path().display();
        let needed = format!(
            "[ERROR] a command has written the files of {place}, whose names end with .xz: give --exec-per-thread=COMMAND, \
             the command that undoes it, and --exec-per-thread-extension=.xz"
        );
        assert_eq!(failing(5, product, &dir, &[]), needed);
        let other = ["--exec-per-thread=gpg -d", "--exec-per-thread-extension=.gpg"];
        if Program::new("sh").args(["-c", "command -v gpg"]).run().code == Some(0) {
            assert_eq!(failing(5, product, &dir, &other), needed);
        }
        // As mydumper writes it.
        forget_checksums(&dir);
        dir.write("metadata", dir.read_text("metadata").replace("\n[mydumper-rs]\nextension = .xz\n", ""));
        assert_eq!(failing(5, product, &dir, &[]), needed);
        load(product, &dir, &READ);
        assert_same(product, database);

        let plain = dump(source(product), &["-B", database]);
        let line = failing(5, product, &plain, &READ);
        let start = format!("[ERROR] {} has files whose names do not end with .xz ({database}", plain.path().display());
        assert!(line.starts_with(&start) && line.contains(": leave --exec-per-thread and "), "{line}");
    }
}

#[test]
fn files_of_gzip_need_no_command_and_may_have_one() {
    for product in Product::ALL {
        let database = "through_gzip";
        let options = ["--exec-per-thread=gzip -c", "--exec-per-thread-extension=.gz"];
        let dir = dumped_with(product, database, &OBJECTS, &options);
        assert!(names(&dir).iter().all(|name| name.ends_with(".gz")), "{:?}", names(&dir));
        load(product, &dir, &[]);
        assert_same(product, database);
        load(product, &dir, &["--exec-per-thread=gzip -dc", "--exec-per-thread-extension=.gz", "-o", "DROP"]);
        assert_same(product, database);
    }
}

#[test]
fn a_file_that_is_cut_or_changed_and_a_command_that_fails_are_errors() {
    for product in Product::ALL {
        let database = "through_damage";
        let dir = dumped_with(product, database, &OBJECTS, &WRITE);
        let name = format!("{database}.t.00000.sql.xz");
        let bytes = dir.read(&name);
        let place = dir.path().join(&name).display().to_string();
        let fails = |options: &[&str]| {
            target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
            failing(5, product, &dir, options)
        };
        dir.write(&name, &bytes[..bytes.len() / 2]);
        let told = format!("[ERROR] cannot restore {place}: it has {} bytes, but", bytes.len() / 2);
        assert!(fails(&READ).starts_with(&told));
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        dir.write(&name, changed);
        let told = format!("[ERROR] cannot restore {place}: its bytes have changed since it was dumped; ");
        assert!(fails(&READ).starts_with(&told));
        dir.write(&name, &bytes);
        let reader = ["--exec-per-thread=sh -c 'xz -dc; echo no key >&2; exit 3'", READ[1]];
        let line = fails(&reader);
        assert!(line.ends_with(": the command sh ended with status 3: no key"), "{line}");

        // Nothing but the command knows that it is cut.
        forget_checksums(&dir);
        dir.write(&name, &bytes[..bytes.len() / 2]);
        let line = fails(&READ);
        assert!(
            line.starts_with(&format!("[ERROR] cannot restore {place}: the command xz ended with status 1: ")),
            "{line}"
        );
        assert_eq!(target(product).client().scalar(format!("SELECT COUNT(*) FROM {database}.t")), "0");
    }
}

#[test]
fn a_dump_ends_with_its_command_and_leaves_no_half_of_a_file() {
    for product in Product::ALL {
        let server = source(product);
        let database = "command_fails";
        make(server, database, &OBJECTS);
        let fails = |command: &str| {
            let dir = WorkDir::new();
            let option = format!("--exec-per-thread={command}");
            let program = mydumper(server, &dir).args(["-B", database, "-t1", &option, WRITE[1]]);
            (only_line(&program.fails_with(7)), dir)
        };
        let first = format!("{database}-schema-create.sql.xz");
        for (command, told) in [
            ("sh -c 'cat; echo no room >&2; exit 4'", "the command sh ended with status 4: no room"),
            ("sh -c 'cat >/dev/null'", "the command sh has put out nothing"),
            ("sh -c 'kill -9 $$'", "the command sh was ended by signal 9"),
        ] {
            let (line, dir) = fails(command);
            assert_eq!(line, format!("[ERROR] cannot write {}: {told}", dir.path().join(&first).display()));
            assert_eq!(names(&dir), ["metadata.partial", "mydumper.journal"].map(str::to_owned), "{command}");
        }
        for (options, told) in [
            (
                &["--exec-per-thread=xz"][..],
                "--exec-per-thread and --exec-per-thread-extension belong together: give both",
            ),
            (
                &["--exec-per-thread-extension=.xz"],
                "--exec-per-thread and --exec-per-thread-extension belong together: give both",
            ),
            (
                &["--exec-per-thread=no-such-tool -c", WRITE[1]],
                "--exec-per-thread='no-such-tool -c': there is no program no-such-tool: give its path, or one that is on \
                 the PATH (no shell is used)",
            ),
            (&["--exec-per-thread=xz '-c", WRITE[1]], "--exec-per-thread='xz '-c': a quote has no end"),
            (
                &["--exec-per-thread=xz", "--exec-per-thread-extension=a/b"],
                "--exec-per-thread-extension is appended to the files' names: give an extension, .xz say",
            ),
            (
                &["--exec-per-thread=xz", WRITE[1], "--compress"],
                "--exec-per-thread and --compress exclude each other: let the command compress, or leave it out",
            ),
            (
                &["--exec=nowhere/at-all FILENAME"],
                "--exec='nowhere/at-all FILENAME': there is no program nowhere/at-all: give its path, or one that is on the PATH (no shell is used)",
            ),
            (
                &["--exec=rm"],
                "--exec='rm': none of its arguments is the word FILENAME, which stands for the file's path",
            ),
            (
                &["--exec=cp FILENAME /x", "--stream"],
                "--exec takes the files that --stream would send: leave one of them out",
            ),
        ] {
            let dir = WorkDir::new();
            let place = dir.path().join("new");
            let program = Program::mydumper().server(server).arg("-o").arg(&place).args(["-B", database]);
            assert_eq!(program.args(options).fails_with(2), format!("mydumper: {told}\n"));
            assert!(!place.exists());
        }
    }
}

#[test]
fn exec_takes_finished_files_away_and_metadata_knows_them_when_they_are_brought_back() {
    for product in Product::ALL {
        let database = "exec_moves";
        make(source(product), database, &OBJECTS);
        for more in [&["--exec-threads=1", "--rows=300"][..], &["--compress=ZSTD", "--format=CSV"], &WRITE] {
            let elsewhere = WorkDir::new();
            let command = format!("--exec=sh -c 'cp \"$0\" \"$1\"' FILENAME {}", elsewhere.path().display());
            let options = with(&["-B", database, "-G", "-R", "-E", &command], more);
            let dir = dump(source(product), &options);
            assert_eq!(dir.list(), ["metadata"]);
            assert!(elsewhere.list().len() > 7 && !elsewhere.list().contains(&"metadata".to_owned()));
            let read = if more == &WRITE[..] { &READ[..] } else { &[] };
            // They are missed.
            let line = failing(5, product, &dir, read);
            let told = format!("the files in {} are not those that were dumped: ", dir.path().display());
            assert!(line.contains(&told), "{line}");
            elsewhere.write("metadata", dir.read("metadata"));
            load(product, &elsewhere, &with(read, &["-o", "DROP"]));
            assert_same(product, database);
        }
        // A compressor has its own way of taking a file away.
        let dir = dump(source(product), &["-B", database, "-G", "-R", "-E", "--exec=gzip -1 FILENAME"]);
        assert!(names(&dir).iter().all(|name| name.ends_with(".sql.gz")), "{:?}", names(&dir));
        let log = load(product, &dir, &["-o", "DROP"]).stderr;
        assert!(!log.contains("WARNING"), "{log}");
        assert_same(product, database);
    }
}

#[test]
fn a_file_whose_command_fails_stays_and_the_dump_fails() {
    for product in Product::ALL {
        let server = source(product);
        let database = "exec_fails";
        make(server, database, &OBJECTS);
        let dir = WorkDir::new();
        let command = "--exec=sh -c 'echo trying >&2; echo not allowed >&2; exit 9' FILENAME";
        let line = only_line(&mydumper(server, &dir).args(["-B", database, "-t1", command]).fails_with(7));
        let first = format!("{database}-schema-create.sql");
        assert_eq!(
            line,
            format!(
                "[ERROR] --exec on {}: the command sh ended with status 9: trying / not allowed; the file stays",
                dir.path().join(&first).display()
            )
        );
        assert!(dir.list().contains(&first) && !dir.list().contains(&"metadata".to_owned()), "{:?}", dir.list());
        let error = mydumper(server, &WorkDir::new()).args(["--resume", "--exec=true FILENAME"]).fails_with(2);
        let told = "mydumper: --resume needs the files of the interrupted dump, and --exec has taken them away: start a new dump\n";
        assert_eq!(error, told);
    }
}

#[test]
fn an_interrupted_dump_through_a_command_is_resumed_with_the_same_command() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let database = "resumed_through_xz";
        make(server, database, HELD_ROWS).run("ANALYZE TABLE t");
        let lock = format!("LOCK(CONCAT('{database}', LEFT(b, 0))");
        let condition = format!("id < 10000 OR (GET_{lock}, 60) IS NOT NULL AND RELEASE_{lock}) IS NOT NULL)");
        let (dir, held) = (WorkDir::new(), Held::new(server, database));
        let options = ["-B", database, "--rows=1000", "--where", &condition];
        let dump = |command: &[&str]| mydumper(server, &dir).args(options).args(command);
        let chunks = || {
            let journal = fs::read_to_string(dir.path().join("mydumper.journal")).unwrap_or_default();
            journal.lines().filter(|line| line.contains("{\"Rows\":")).count()
        };
        let mut running = dump(&WRITE).spawn();
        running.wait_until("no chunks are done", |_| chunks() >= 4);
        running.signal("KILL");
        running.wait();
        drop(held);
        let other = ["--exec-per-thread=xz -1 -c", WRITE[1], "--resume"];
        let told = "the options differ from those it was started with: --exec-per-thread or its extension";
        assert!(dump(&other).fails_with(1).contains(told));
        assert!(dump(&["--resume"]).fails_with(1).contains(told));
        let done = chunks();
        let log = dump(&with(&WRITE, &["--resume"])).ok().stderr;
        assert!(log.contains(&format!("the data has not changed, {done} chunks with ")), "{log}");
        load(product, &dir, &with(&READ, &["--drop-database", "--verify"]));
        let count = format!("SELECT COUNT(*), SUM(CRC32(CONCAT(id, b))) FROM {database}.t");
        assert_eq!(server.client().query(&count), target(product).client().query(&count));
    }
}

#[test]
fn a_signal_ends_the_commands_too() {
    for product in Product::ALL {
        let server = source(product);
        let database = "command_ended";
        make(server, database, &OBJECTS);
        for option in ["--exec=SCRIPT FILENAME", "--exec-per-thread=SCRIPT"] {
            let work = WorkDir::new();
            let (script, noted) = (work.path().join("script"), work.path().join("pid"));
            let text = format!("#!/bin/sh\nsleep 600 &\necho $! > {0}.new && mv {0}.new {0}\nwait\n", noted.display());
            work.write("script", text);
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
            let option = option.replace("SCRIPT", script.to_str().unwrap());
            let dir = WorkDir::new();
            let mut program = mydumper(server, &dir).args(["-B", database, "-t1", &option]);
            if option.starts_with("--exec-per") {
                program = program.arg(WRITE[1]);
            }
            let mut running = program.spawn();
            running.wait_until("no command runs", |_| noted.exists());
            let sleeper = work.read_text("pid").trim().to_owned();
            assert!(fs::exists(format!("/proc/{sleeper}")).unwrap());
            running.signal("TERM");
            let ended = running.wait();
            assert_eq!(ended.code, Some(143), "{}", ended.stderr);
            let status = || fs::read_to_string(format!("/proc/{sleeper}/status")).unwrap_or_default();
            wait_until("the command's own process runs", || status().is_empty() || status().contains("State:\tZ"));
            assert!(!dir.list().contains(&"metadata".to_owned()));
        }
    }
}
