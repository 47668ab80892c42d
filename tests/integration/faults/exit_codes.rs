//! The exit codes, each with what leads to it, as docs/user/exit-codes.md has them. Those of signals, of servers that die and
//! of full disks are tested where these happen.

use crate::support::dump::{dump, make};
use crate::support::load::{forget_checksums, myloader};
use harness::program::{Output, Program, WorkDir};
use harness::server::{Product, Server, source, target};

const TABLE: &[&str] =
    &["CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(99))", "INSERT INTO t VALUES (1, 'one'), (2, 'two')"];

#[track_caller]
fn assert_exits(product: Product, code: i32, output: &Output, says: &str) {
    assert_eq!(output.code, Some(code), "{product:?}: {}", output.stderr);
    assert!(output.stderr.contains(says), "{product:?}, {code}: {}", output.stderr);
}

#[test]
fn of_mydumper() {
    for product in Product::ALL {
        let server = source(product);
        make(server, "codes_dump", TABLE);
        let run = |args: &[&str]| {
            let dir = WorkDir::new();
            Program::mydumper().server(server).args(["-B", "codes_dump", "-o"]).arg(dir.path()).args(args).run()
        };
        assert_exits(product, 0, &run(&[]), "");
        assert_exits(product, 1, &run(&["-B", "nosuch"]), "the server has no database nosuch");
        assert_exits(product, 2, &run(&["--threads=none"]), "--threads");
        assert_exits(product, 3, &run(&["-u", "nobody", "-pwrong"]), "cannot connect to");
        assert_exits(product, 3, &run(&["--socket=/no/such"]), "cannot connect to socket /no/such");
        assert_exits(product, 4, &run(&["--where=no_such"]), "Unknown column 'no_such'");
        let used = WorkDir::new();
        used.write("mine", "");
        assert_exits(product, 7, &run(&["-o", used.path().to_str().unwrap()]), "is not empty");
        assert_exits(product, 7, &run(&["-o", "/dev/null/dump"]), "Not a directory");
    }
}

#[test]
fn of_myloader() {
    for product in Product::ALL {
        make(source(product), "codes_load", TABLE);
        let dir = dump(source(product), &["-B", "codes_load"]);
        let load = |dir: &WorkDir, args: &[&str]| myloader(target(product), dir).args(args).run();
        // A copy of the dump with one thing changed.
        let damaged = |damage: &dyn Fn(&WorkDir)| {
            let copy = WorkDir::new();
            dir.list().iter().for_each(|name| copy.write(name, dir.read(name)));
            forget_checksums(&copy);
            damage(&copy);
            load(&copy, &["--drop-table"])
        };
        let rows = "codes_load.t.00000.sql";
        assert_exits(product, 0, &load(&dir, &[]), "");
        assert_exits(product, 1, &load(&dir, &["-T", "codes_load.nosuch"]), "the dump has no table codes_load.nosuch");
        assert_exits(product, 2, &load(&dir, &["--threads=none"]), "--threads");
        assert_exits(product, 3, &load(&dir, &["-u", "nobody", "-pwrong"]), "cannot connect to");
        assert_exits(product, 4, &load(&dir, &[]), "already on the server: codes_load.t");
        let cut = damaged(&|dir| dir.write(rows, &dir.read(rows)[..dir.read(rows).len() - 5]));
        assert_exits(product, 5, &cut, "it was cut short");
        let gone = damaged(&|dir| std::fs::remove_file(dir.path().join(rows)).unwrap());
        assert_exits(product, 5, &gone, "the dump has 3 files, 2 found");
        let unfinished = damaged(&|dir| std::fs::remove_file(dir.path().join("metadata")).unwrap());
        assert_exits(product, 5, &unfinished, "is not a finished dump");
        let fewer =
            damaged(&|dir| dir.write(rows, dir.read_text(rows).replace(",(2,'two')", "").replace("\n,(2,'two')", "")));
        assert_exits(product, 6, &fewer, "table codes_load.t has 1 row, the dump has 2");
        let other = WorkDir::copy_of(dir.path());
        other.write(rows, other.read_text(rows).replace("'two'", "'Two'"));
        assert_exits(product, 5, &load(&other, &["--drop-table"]), "its bytes have changed since it was dumped");
        dir.write("file", "");
        let no_directory = Program::myloader().server(target(product)).arg("-d").arg(dir.path().join("file")).run();
        assert_exits(product, 7, &no_directory, "is not a directory but an empty file");
    }
}

#[test]
fn of_a_stream() {
    for product in Product::ALL {
        make(source(product), "codes_stream", TABLE);
        let work = WorkDir::new();
        let dumper = Program::mydumper().server(source(product)).args(["-B", "codes_stream", "--stream"]);
        let stream = dumper.current_dir(work.path()).ok().stdout;
        let load = |args: &[&str], stream: &[u8]| {
            let loader = Program::myloader().server(target(product)).args(["--stream", "--drop-table"]).args(args);
            loader.stdin(stream).current_dir(work.path()).run()
        };
        assert_exits(product, 0, &load(&[], &stream), "");
        assert_exits(product, 5, &load(&[], &stream[..stream.len() - 1]), "the stream was cut short at byte ");
        assert_exits(product, 5, &load(&[], b""), "the stream is empty");
        assert_exits(product, 7, &load(&["-d", "/dev/null/d"], &stream), "cannot use the directory");
    }
}

#[test]
fn data_that_cannot_be_read_is_told_from_a_connection_that_is_lost() {
    for product in Product::ALL {
        make(source(product), "codes_data", TABLE);
        let dir = dump(source(product), &["-B", "codes_data", "--format=CSV", "--compress=gzip"]);
        let data = "codes_data.t.00000.dat.gz";
        let half = dir.read(data).len() / 2;
        dir.write(data, &dir.read(data)[..half]);
        forget_checksums(&dir);
        // The driver speaks the compressed protocol.
        for protocol in [&[][..], &["--compress-protocol"]] {
            let output = myloader(target(product), &dir).arg("--drop-table").args(protocol).run();
            assert_exits(product, 5, &output, "codes_data.t.00000.dat.gz: ");
            assert_exits(product, 5, &output, "; the file is missing or damaged");
        }
    }
}

#[test]
fn a_server_that_lets_nobody_in() {
    for product in Product::ALL {
        let server = Server::start(product, &["--max-connections=10"]);
        make(&server, "codes_full", TABLE);
        let output = Program::mydumper().server(&server).args(["-B", "codes_full", "--threads=20", "-o"]);
        let dir = WorkDir::new();
        assert_exits(product, 3, &output.arg(dir.path()).run(), "Too many connections (use fewer --threads");
        let dir = dump(&server, &["-B", "codes_full", "--threads=1"]);
        let output = myloader(&server, &dir).args(["--threads=20", "--drop-table"]).run();
        assert_exits(product, 3, &output, "Too many connections (use fewer --threads");
    }
}
