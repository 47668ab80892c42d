//! What is no whole dump of mysqldump.

use crate::support::dump::{make, only_line};
use crate::support::load::assert_same;
use crate::support::mysqldump::{drop, file, gtid, mysqldump, of_file, of_pipe, whole};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

fn exists(product: Product, database: &str) -> bool {
    let query = format!("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'");
    target(product).client().scalar(query) == "1"
}

/// The error line without the time.
fn error(stderr: &str) -> String {
    let line = only_line(stderr);
    line.split_once("[ERROR] ").map(|(_, text)| text.to_owned()).unwrap_or(line)
}

fn small(product: Product, database: &str) -> Vec<u8> {
    let statements = ["CREATE TABLE t (a INT PRIMARY KEY, b TEXT)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')"];
    make(source(product), database, &statements);
    whole(product, database, &[])
}

#[test]
fn a_file_that_is_cut_anywhere_changes_nothing() {
    for product in Product::ALL {
        let dump = small(product, "msd_cut");
        let end = dump.len() - b"-- Dump completed on 2026-12-01 15:17:48\n".len();
        for length in (200..end).step_by(end / 9) {
            let text = error(&of_file(target(product), &file(&dump[..length])).fails_with(5));
            assert!(text.contains("it was cut short"), "cut at {length}: {text}");
            assert!(!exists(product, "msd_cut"), "cut at {length}: {text}");
            let dir = WorkDir::new();
            let text = error(&of_pipe(target(product), &dump[..length], &dir).fails_with(5));
            assert!(text.contains("it was cut short"), "cut at {length}: {text}");
            assert_eq!(dir.list(), [""; 0]);
            drop(product, "msd_cut");
        }
        let packed = Program::new("gzip").arg("-c").stdin(dump.clone()).ok().stdout;
        let text = error(&of_file(target(product), &file(&packed[..packed.len() / 2])).fails_with(5));
        assert!(text.starts_with("cannot read the stream at byte "), "{text}");
        assert!(!exists(product, "msd_cut"));
    }
}

#[test]
fn what_is_something_else_is_named() {
    let product = Product::MariaDb;
    let dump = small(product, "msd_else");
    let xml = mysqldump(product, &["--xml", "msd_else"]);
    // As the tool begins; on a server like ours, of whose accounts one has no entry, it fails later.
    let users = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for Linux (x86_64)\n\
        /*!40101 SET NAMES utf8mb4 */;\nCREATE USER `mariadb.sys`@`localhost` ACCOUNT LOCK PASSWORD EXPIRE;\n";
    let stream = Program::mydumper().server(source(product)).args(["-B", "msd_else", "--stream"]);
    let stream = stream.current_dir(WorkDir::new().path()).ok().stdout;
    for (bytes, message) in [
        (xml, "this is an XML dump of mysqldump --xml, which has no SQL to restore: dump again without --xml"),
        (stream, "this is a stream of mydumper, not a dump of mysqldump: leave --mysqldump out"),
        (
            vec![0xfe, 0, 0, 1],
            "this is not a dump of mysqldump or mariadb-dump: it does not begin with SQL or a comment",
        ),
        (Vec::new(), "there is no dump: mysqldump has written nothing, look at its messages"),
        (
            b"XBSTCK01\0P\x03\0\0\0abc".to_vec(),
            "this is not a dump of mysqldump or mariadb-dump but an xbstream: unpack it with `mbstream -x` or `xbstream -x`; a \
             physical backup in it is for mariadb-backup or xtrabackup",
        ),
    ] {
        assert_eq!(error(&of_file(target(product), &file(&bytes)).fails_with(5)), message);
        assert_eq!(error(&of_pipe(target(product), bytes, &WorkDir::new()).fails_with(5)), message);
    }
    let text = error(&of_file(target(product), &file(users)).fails_with(5));
    assert!(
        text.starts_with(
            "line 4: CREATE USER is about accounts, plugins or servers, as mariadb-dump --system writes it: "
        ),
        "{text}"
    );
    let with_secret = [&b"USE msd_else;\nDELETE FROM t WHERE b = 'secret';\n"[..], &dump].concat();
    let text = error(&of_file(target(product), &file(with_secret)).fails_with(5));
    assert_eq!(
        text,
        "line 2: a statement that begins with DELETE FROM is none that mysqldump writes: remove it, or restore the dump with \
         the mysql or mariadb client"
    );
    let dir = file(&dump);
    let text = Program::myloader().server(target(product)).arg("-d").arg(dir.path().join("dump.sql")).fails_with(7);
    assert!(
        text.contains(
            "is not a directory but a dump of mysqldump or mariadb-dump: restore it with `myloader --mysqldump`"
        ),
        "{text}"
    );
    let directory = WorkDir::new();
    Program::mydumper().server(source(product)).args(["-B", "msd_else", "-o"]).arg(directory.path()).ok();
    let program = Program::myloader().server(target(product)).args(["--mysqldump", "-d"]).arg(directory.path());
    let text = error(&program.fails_with(7));
    assert!(text.ends_with(" is a directory: it is a dump of mydumper, restore it without --mysqldump"), "{text}");
}

#[test]
fn options_that_do_not_go_with_it_are_usage_errors() {
    for (args, message) in [
        (&[][..], "--mysqldump: where is the dump? Give its file with --directory, or --stream for standard input"),
        (
            &["--stream=NO_STREAM", "-d", "x"],
            "--mysqldump reads the dump itself: use --stream=TRADITIONAL or NO_DELETE",
        ),
        (
            &["-d", "x", "--verify-only"],
            "--verify-only compares with the metadata of mydumper, which a dump of mysqldump has not: use --verify=ROWS",
        ),
        (
            &["-d", "x", "--resume"],
            "--resume does not go with --mysqldump: keep the files that the dump is split into with --stream=NO_DELETE, and \
             resume with their --directory",
        ),
    ] {
        let text = Program::myloader().arg("--mysqldump").args(args).fails_with(2);
        assert_eq!(text, format!("myloader: {message}\n"));
    }
}

#[test]
fn a_dump_becomes_one_of_mydumper_that_is_verified_and_restored() {
    for product in Product::ALL {
        let dump = small(product, "msd_becomes");
        let dir = WorkDir::new();
        let place = dir.path().join("dump");
        let unpack = Program::myloader().args(["--mysqldump", "--stream=UNPACK", "-d"]).arg(&place).stdin(dump.clone());
        unpack.ok();
        Program::myloader().server(target(product)).arg("-d").arg(&place).ok();
        assert_same(product, "msd_becomes");
        Program::myloader().server(target(product)).args(["--verify-only", "-d"]).arg(&place).ok();
        let rows = place.join("msd_becomes.t.00000.sql");
        let text = std::fs::read_to_string(&rows).unwrap();
        std::fs::write(&rows, text.replace("'x'", "'z'")).unwrap();
        let program = Program::myloader().server(target(product)).args(["--drop-table", "-d"]).arg(&place);
        assert!(program.fails_with(5).contains("msd_becomes.t.00000.sql"));
        // Kept while it is restored, too.
        drop(product, "msd_becomes");
        let kept = dir.path().join("kept");
        let program = Program::myloader().server(target(product)).args(["--mysqldump", "--stream=NO_DELETE", "-d"]);
        program.arg(&kept).stdin(dump).ok();
        assert_same(product, "msd_becomes");
        assert!(kept.join("metadata").is_file());
    }
}

#[test]
fn filters_choose_tables_of_a_dump() {
    for product in Product::ALL {
        let statements = [
            "CREATE TABLE t (a INT)",
            "INSERT INTO t VALUES (1)",
            "CREATE TABLE `u v` (a INT)",
            "INSERT INTO `u v` VALUES (2)",
            "CREATE PROCEDURE p() SELECT 1",
        ];
        make(source(product), "msd_filter", &statements);
        let dump = whole(product, "msd_filter", &[]);
        of_file(target(product), &file(&dump)).args(["-T", "msd_filter.u v"]).ok();
        let tables = "SELECT GROUP_CONCAT(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'msd_filter'";
        assert_eq!(target(product).client().scalar(tables), "u v");
        let text = error(&of_file(target(product), &file(&dump)).args(["-T", "msd_filter.none"]).fails_with(None));
        assert!(text.contains("table msd_filter.none"), "{text}");
        // The tool's options may leave out the database's definition.
        let bare = mysqldump(product, &[gtid(product), &["--no-create-db", "--databases", "msd_filter"]].concat());
        drop(product, "msd_filter");
        let text = of_file(target(product), &file(&bare)).arg("--skip-create-database").fails_with(8);
        assert!(text.contains("database msd_filter: it is not on the server and is not created"), "{text}");
        of_file(target(product), &file(&bare)).ok();
        assert_eq!(target(product).client().scalar("SELECT a FROM msd_filter.`u v`"), "2");
    }
}
