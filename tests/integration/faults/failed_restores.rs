//! Restores that cannot begin, and restores that end before they are done.

use crate::support::dump::{HELD_ROWS, Held, make, only_line};
use crate::support::load::{dumped, failing, load, myloader};
use harness::program::{Program, Running, WorkDir};
use harness::server::{Product, Server, source, target};
use harness::sql::Client;
use std::fs;
use std::path::Path;
use std::time::Duration;

const TABLE: [&str; 2] = ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)"];

/// A restore whose worker waits for a table that the returned client has locked.
fn waiting(server: &Server, dir: &WorkDir, database: &str) -> (Running, Client) {
    let mut client = make(server, database, &TABLE[..1]);
    client.run("LOCK TABLES t WRITE");
    let program = myloader(server, dir).args(["--no-schemas", "--retry-count=2"]);
    let mut running = program.time_limit(Duration::from_secs(20)).spawn();
    let mut observer = server.client();
    let waits = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{database}' AND STATE LIKE 'Waiting for%'"
    );
    running.wait_until("it does not wait for the table", |_| observer.scalar(&waits) != "0");
    (running, client)
}

#[test]
fn signals_end_a_restore_within_seconds() {
    for product in Product::ALL {
        for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let database = format!("stopped_by_{signal}");
            let dir = dumped(product, &database, &TABLE);
            let (running, mut client) = waiting(target(product), &dir, &database);
            running.signal(signal);
            let output = running.wait();
            assert_eq!(output.code, Some(code), "{}", output.stderr);
            assert!(
                output.stderr.contains("[ERROR] stopped before the restore was done: it is not complete"),
                "{}",
                output.stderr
            );
            client.run("UNLOCK TABLES");
            assert_eq!(client.scalar("SELECT COUNT(*) FROM t"), "0");
        }
    }
}

#[test]
fn a_server_that_dies_is_a_failure() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let dir = dumped(product, "server_died", &TABLE);
        let (running, _client) = waiting(&server, &dir, "server_died");
        let killed = std::process::Command::new("kill").arg("-KILL").arg(server.pid().to_string()).status();
        assert!(killed.unwrap().success());
        let output = running.wait();
        assert_eq!(output.code, Some(3), "{}", output.stderr);
        let lost = "the connection was lost, reconnecting: server_died.t.00000.sql, line 5: ";
        assert!(output.stderr.contains(lost), "{}", output.stderr);
        let error = output.stderr.lines().last().unwrap();
        assert!(error.contains("[ERROR] server_died.t.00000.sql, line 5: "), "{error}");
        assert!(error.contains("check the server's error log: it may have crashed"), "{error}");
        assert!(error.contains("; reconnecting failed: cannot connect to socket "), "{error}");
    }
}

#[test]
fn a_wrong_password() {
    for product in Product::ALL {
        let dir = dumped(product, "wrong_password", &TABLE);
        target(product).client().run("CREATE USER has_password@localhost IDENTIFIED BY 'right'");
        let program = myloader(target(product), &dir).args(["--user", "has_password", "--password", "wrong"]);
        let line = only_line(&program.fails_with(3));
        assert!(line.contains("as user 'has_password': server error 1045 (28000): "), "{line}");
        assert!(line.ends_with("(check --user and --password)"), "{line}");
    }
}

#[test]
fn a_directory_that_is_none_or_has_no_dump() {
    let product = Product::MariaDb;
    let dir = WorkDir::new();
    let said = |path: &Path, code: i32| {
        let program = Program::myloader().server(target(product)).arg("-d").arg(path);
        only_line(&program.fails_with(code)).replace(dir.path().to_str().unwrap(), "DIR")
    };
    let gone = "[ERROR] cannot read DIR/gone: No such file or directory (os error 2); give the directory of a dump with \
                --directory";
    assert_eq!(said(&dir.path().join("gone"), 5), gone);
    for (files, what) in [
        (&[][..], "it is empty"),
        (&["notes"], "none of its files is one of a dump"),
        (
            &["shop.t-schema.sql"],
            "the dump was not finished, or not all of it was copied: copy it again, or dump again",
        ),
        (&["@.json", "shop@t@@0.tsv.zst"], "it is a dump of MySQL Shell: restore it with `util.loadDump()`"),
        (
            &["xtrabackup_checkpoints", "ibdata1"],
            "it is a physical backup: restore it with mariadb-backup or xtrabackup",
        ),
        (&["ibdata1", "ib_logfile0"], "it is the data directory of a server"),
        (
            &["t.sql", "t.txt"],
            "it may be a directory of mysqldump --tab: restore it with the mysql or mariadb client and mysqlimport",
        ),
        (
            &["mydumper.journal", "metadata.partial"],
            "mydumper was interrupted: `mydumper --resume` continues it, with the options it was started with",
        ),
    ] {
        let place = dir.path().join("place");
        fs::create_dir(&place).unwrap();
        files.iter().for_each(|file| fs::write(place.join(file), "").unwrap());
        let expected = format!("[ERROR] DIR/place is not a finished dump: it has no file `metadata`; {what}");
        assert_eq!(said(&place, 5), expected);
        fs::remove_dir_all(&place).unwrap();
    }
}

/// What people pipe in or name by mistake, what it is called, and what to do.
fn foreign() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let text = b"\n-- metadata.header 3\nabc".to_vec();
    let through = |command: &[&str]| Program::new(command[0]).args(&command[1..]).stdin(text.clone()).ok().stdout;
    let encrypt = ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:a"];
    let place = WorkDir::new();
    place.write("metadata", &text);
    let tar = Program::new("tar").args(["-c", "-C"]).arg(place.path()).arg("metadata").ok().stdout;
    vec![
        (through(&["gzip", "-c"]), "gzip data", "pipe it through `gzip -dc` first"),
        (through(&["zstd", "-c"]), "zstd data", "pipe it through `zstd -dc` first"),
        (through(&["xz", "-c"]), "xz data", "pipe it through `xz -dc` first"),
        (through(&["bzip2", "-c"]), "bzip2 data", "pipe it through `bzip2 -dc` first"),
        (through(&["lz4", "-c"]), "lz4 data", "pipe it through `lz4 -dc` first"),
        (
            through(&encrypt),
            "data encrypted by openssl enc",
            "pipe it through `openssl enc -d …` first, with the options that it was encrypted with",
        ),
        (tar, "a tar archive", "unpack it with `tar -x`, and give the directory with --directory"),
        (
            b"XBSTCK01\0P\x03\0\0\0abc".to_vec(),
            "an xbstream",
            "unpack it with `mbstream -x` or `xbstream -x`; a physical backup in it is for mariadb-backup or xtrabackup",
        ),
        (
            b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n".to_vec(),
            "a dump of mysqldump or mariadb-dump",
            "restore it with `myloader --mysqldump`",
        ),
        (
            b"CREATE TABLE t (id INT);\n".to_vec(),
            "a file of SQL statements",
            "restore it with the mysql or mariadb client, or `myloader --mysqldump` if mysqldump wrote it",
        ),
        (
            b"<html><body>404 Not Found</body></html>\n".to_vec(),
            "an HTML page",
            "look at what the server of the download says",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
            "text that begins with \"SSH-2.0-OpenSSH_9.2\"",
            "a program that writes to the same pipe, as a login banner, has to be silent",
        ),
    ]
}

#[test]
fn what_is_something_else_is_named() {
    let product = Product::MariaDb;
    let place = WorkDir::new();
    for (bytes, what, advice) in foreign() {
        let program = Program::myloader().server(target(product)).arg("--stream").stdin(bytes.clone());
        let line = only_line(&program.current_dir(place.path()).fails_with(5));
        assert_eq!(line, format!("[ERROR] this is not a stream of mydumper but {what}: {advice}"));
        assert_eq!(place.list(), [""; 0]);
        // A file where a directory should be.
        let file = WorkDir::new();
        file.write("f", &bytes);
        let program = Program::myloader().server(target(product)).arg("-d").arg(file.path().join("f"));
        let line = only_line(&program.fails_with(7));
        let start = format!("[ERROR] {} is not a directory but {what}", file.path().join("f").display());
        assert!(line.starts_with(&start) && (what.starts_with("text") || line.contains(advice)), "{line}");
    }
    for (bytes, what) in [(&b""[..], "an empty file"), (b"\n-- metadata.header 3\nabc", "a stream of mydumper: ")] {
        place.write("f", bytes);
        let program = Program::myloader().server(target(product)).arg("-d").arg(place.path().join("f"));
        let line = only_line(&program.fails_with(7));
        assert!(line.contains(&format!(" is not a directory but {what}")), "{line}");
    }
}

#[test]
fn a_directory_that_mydumper_is_still_writing_is_not_restored() {
    let product = Product::MariaDb;
    let database = "restored_early";
    make(source(product), database, HELD_ROWS);
    let (dir, held) = (WorkDir::new(), Held::new(source(product), database));
    let running = held.spawn(source(product), &dir, &[]);
    let line = failing(5, product, &dir, &[]);
    assert!(line.ends_with("it has no file `metadata`; mydumper is still writing it: wait for its end"), "{line}");
    drop(held);
    assert_eq!(running.wait().code, Some(0));
    load(product, &dir, &[]);
}
