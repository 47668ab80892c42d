//! The ways to use a stream of docs/user/streaming.md, each as a shell runs it.

use harness::compare::differences;
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use harness::shop;

/// Runs a script with `$MYDUMPER` and `$MYLOADER` as commands for the two servers, and compares.
fn run(product: Product, database: &str, script: &str) -> WorkDir {
    let work = WorkDir::new();
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    let command = |program: Program, socket: std::path::PathBuf| {
        format!("{} --socket {} --user root", program.path().display(), socket.display())
    };
    Program::new("bash")
        .args(["-c", &format!("set -euo pipefail\n{script}")])
        .env("MYDUMPER", format!("{} -B {database} -G -E -R", command(Program::mydumper(), source(product).socket())))
        .env("MYLOADER", command(Program::myloader(), target(product).socket()))
        .current_dir(work.path())
        .ok();
    work
}

/// Scripts that restore the whole database.
const WAYS: [(&str, &str); 9] = [
    ("one file and back", "$MYDUMPER --stream > backup.stream; $MYLOADER --stream < backup.stream"),
    ("gzip", "$MYDUMPER --stream | gzip > backup.gz; gzip -dc backup.gz | $MYLOADER --stream"),
    ("zstd", "$MYDUMPER --stream | zstd -q > backup.zst; zstd -dc backup.zst | $MYLOADER --stream"),
    (
        "encrypted",
        "echo secret > key; $MYDUMPER --stream -c | openssl enc -aes-256-ctr -pbkdf2 -pass file:key > backup.enc; \
         openssl enc -d -aes-256-ctr -pbkdf2 -pass file:key -in backup.enc | $MYLOADER --stream",
    ),
    ("throttled", "$MYDUMPER --stream | pv -q -L 20m | $MYLOADER --stream"),
    (
        "sums on both ends",
        "$MYDUMPER --stream | tee >(sha256sum > sent) | cat | tee >(sha256sum > received) | $MYLOADER --stream; \
         until [ -s sent ] && [ -s received ]; do :; done; cmp sent received",
    ),
    (
        "a shared directory",
        "$MYDUMPER --stream=NO_STREAM_AND_NO_DELETE -o shared | $MYLOADER --stream=NO_STREAM -d shared; [ -z \"$(ls shared)\" ]",
    ),
    (
        "unpacked without a server, and restored later",
        "$MYDUMPER --stream -c > backup.stream; $MYLOADER --stream=UNPACK -d unpacked < backup.stream; $MYLOADER -d unpacked",
    ),
    (
        "a lost connection is not success",
        "$MYDUMPER --stream | $MYLOADER --stream; ! head -c 99 /dev/zero | $MYLOADER --stream",
    ),
];

#[test]
fn the_whole_database_arrives() {
    for product in Product::ALL {
        let database = "stream_ways";
        shop::load_with_branches(source(product), database, 6);
        for (way, script) in WAYS {
            run(product, database, script);
            assert_eq!(differences(source(product), database, target(product), database), [""; 0], "{way}");
        }
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE {database}"));
    }
}

/// What ssh does is to carry bytes to a process on another host; a listener on the loopback interface does the same.
#[test]
fn to_another_host() {
    use std::io::{Read, Write};
    for product in Product::ALL {
        let database = "stream_host";
        shop::load_with_branches(source(product), database, 6);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiving = std::thread::spawn(move || {
            let mut stream = Vec::new();
            listener.accept().unwrap().0.read_to_end(&mut stream).unwrap();
            stream
        });
        run(product, database, &format!("$MYDUMPER --stream -c > /dev/tcp/127.0.0.1/{port}"));
        let stream = receiving.join().unwrap();
        let work = WorkDir::new();
        let sending = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = sending.local_addr().unwrap().port();
        let sender = std::thread::spawn(move || sending.accept().unwrap().0.write_all(&stream).unwrap());
        Program::myloader()
            .server(target(product))
            .arg("--stream")
            .current_dir(work.path())
            .under(&["bash", "-c", &format!("\"$@\" < /dev/tcp/127.0.0.1/{port}"), "bash"])
            .ok();
        sender.join().unwrap();
        assert_eq!(differences(source(product), database, target(product), database), [""; 0]);
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn one_table_out_of_a_backup() {
    for product in Product::ALL {
        let (database, odd) = ("stream_one", "stream one");
        let mut client = source(product).client();
        for name in [database, odd] {
            client.run(format!("CREATE DATABASE `{name}`"));
            client.run(format!("CREATE TABLE `{name}`.`a.b` (id INT PRIMARY KEY)"));
            client.run(format!("CREATE TABLE `{name}`.c (id INT PRIMARY KEY)"));
            client.run(format!("INSERT INTO `{name}`.`a.b` VALUES (1), (2)"));
            client.run(format!("INSERT INTO `{name}`.c VALUES (3)"));
        }
        let work = run(
            product,
            database,
            "$MYDUMPER -B 'stream_one,stream one' --stream > both.stream; \
             $MYLOADER --stream=UNPACK -T stream_one.c -d plain < both.stream; \
             $MYLOADER --stream=UNPACK -T 'stream one.a.b' -d odd < both.stream; \
             $MYLOADER --stream=UNPACK -B stream_one -x 'a\\.b' -d pattern < both.stream; \
             $MYLOADER -d plain; $MYLOADER -d odd; $MYLOADER -d pattern",
        );
        let list = |directory: &str| {
            let entries = std::fs::read_dir(work.path().join(directory)).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(
            list("plain"),
            ["metadata", "stream_one-schema-create.sql", "stream_one.c-schema.sql", "stream_one.c.00000.sql"]
        );
        assert_eq!(list("odd").len(), 4, "{:?}", list("odd"));
        assert_eq!(list("pattern").len(), 4, "{:?}", list("pattern"));
        let unpack = |directory: &str, args: &[&str]| {
            let program = Program::myloader().arg("--stream=UNPACK").args(args);
            program.arg("-d").arg(work.path().join(directory)).stdin(work.read("both.stream"))
        };
        let check = "check the name (with --allow-empty, nothing has to match)";
        for (args, expected) in [
            (["-B", "stream_two"], format!("[ERROR] the stream has no database stream_two: {check}")),
            (["-T", "stream_one.c,stream_one.d"], format!("[ERROR] the stream has no table stream_one.d: {check}")),
            (
                ["-x", r"^stream_one\.d$"],
                "[ERROR] nothing in the stream matches: check --database, --source-db, --tables-list, --omit-from-file and \
                 --regex (with --allow-empty, nothing has to match)"
                    .to_owned(),
            ),
        ] {
            let log = unpack("none", &args).fails_with(1);
            assert!(log.contains(&expected), "{log}");
            assert!(!work.path().join("none").exists());
        }
        unpack("none", &["-B", "stream_two", "--allow-empty"]).ok();
        assert_eq!(list("none"), ["metadata"]);
        let mut restored = target(product).client();
        assert_eq!(restored.scalar("SELECT COUNT(*) FROM stream_one.c"), "1");
        assert_eq!(restored.scalar("SELECT COUNT(*) FROM stream_one.`a.b`"), "2");
        assert_eq!(restored.scalar("SELECT COUNT(*) FROM `stream one`.`a.b`"), "2");
        assert!(restored.try_run("SELECT * FROM `stream one`.c").is_err());
        for name in [database, odd] {
            client.run(format!("DROP DATABASE `{name}`"));
            restored.run(format!("DROP DATABASE `{name}`"));
        }
    }
}
