//! Every pair of stream modes that makes sense: what arrives, and what each side leaves in its directory.

use harness::compare::differences;
use harness::program::{Program, WorkDir, pipe};
use harness::server::{Product, source, target};
use harness::shop;

/// What a directory has in the end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Left {
    /// It was made for the stream, and is gone.
    NoDirectory,
    /// It is there, and empty.
    Nothing,
    /// A whole dump, with its metadata.
    Dump,
}

fn left(work: &WorkDir, directory: &str) -> Left {
    if !work.path().join(directory).exists() {
        return Left::NoDirectory;
    }
    let mut names = std::fs::read_dir(work.path().join(directory)).unwrap().map(|entry| entry.unwrap().file_name());
    match names.by_ref().next() {
        None => Left::Nothing,
        Some(_) => {
            assert!(work.path().join(directory).join("metadata").exists());
            Left::Dump
        }
    }
}

fn run(product: Product, database: &str, dumper: &[&str], loader: &[&str]) -> WorkDir {
    let work = WorkDir::new();
    let (dumped, loaded) = pipe(
        Program::mydumper()
            .server(source(product))
            .args(["-B", database, "-G", "-E", "-R", "-r", "4000"])
            .args(dumper)
            .current_dir(work.path()),
        Program::myloader().server(target(product)).args(loader).current_dir(work.path()),
    );
    assert_eq!((dumped.code, loaded.code), (Some(0), Some(0)), "{}{}", dumped.stderr, loaded.stderr);
    work
}

#[test]
fn content_modes() {
    for product in Product::ALL {
        let database = "stream_content";
        shop::load_with_branches(source(product), database, 6);
        for (dumper, loader, at_dumper, at_loader) in [
            ("--stream", "--stream", Left::NoDirectory, Left::NoDirectory),
            ("--stream=traditional", "--stream=NO_DELETE", Left::NoDirectory, Left::Dump),
            ("--stream=NO_DELETE", "--stream=0", Left::Dump, Left::NoDirectory),
            ("--stream=2", "--stream=no_delete", Left::Dump, Left::Dump),
        ] {
            for compression in ["--compress=zstd", "--compress=lz4"] {
                let work =
                    run(product, database, &[dumper, "-o", "d", compression], &[loader, "-d", "l", "-o", "DROP"]);
                assert_eq!(differences(source(product), database, target(product), database), [""; 0]);
                assert_eq!((left(&work, "d"), left(&work, "l")), (at_dumper, at_loader));
            }
        }
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn a_shared_directory() {
    for product in Product::ALL {
        let database = "stream_shared";
        shop::load_with_branches(source(product), database, 6);
        for (loader, expected) in [("--stream=NO_STREAM", Left::Nothing), ("--stream=6", Left::Dump)] {
            let work = run(
                product,
                database,
                &["--stream=NO_STREAM_AND_NO_DELETE", "-o", "shared", "-c", "gzip"],
                &[loader, "-d", "shared", "--drop-table"],
            );
            assert_eq!(differences(source(product), database, target(product), database), [""; 0]);
            assert_eq!(left(&work, "shared"), expected);
        }
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn a_mode_that_keeps_nothing_says_so() {
    let database = "stream_nothing";
    let server = source(Product::MariaDb);
    server.client().run(format!("CREATE DATABASE {database}"));
    let work = WorkDir::new();
    let output =
        Program::mydumper().server(server).args(["-B", database, "--stream=NO_STREAM"]).current_dir(work.path()).ok();
    assert!(
        output.stderr.contains(
            "[WARNING] --stream=NO_STREAM removes each file once it is announced: nothing of this dump is kept"
        ),
        "{}",
        output.stderr
    );
    assert_eq!(work.list(), [""; 0]);
    server.client().run(format!("DROP DATABASE {database}"));
}

#[test]
fn streams_and_modes_that_do_not_go_together() {
    let database = "stream_mismatch";
    let server = source(Product::MariaDb);
    server.client().run(format!("CREATE DATABASE {database}"));
    let dump = |options: &[&str]| {
        let work = WorkDir::new();
        let output = Program::mydumper()
            .server(server)
            .args(["-B", database, "-o", "d"])
            .args(options)
            .current_dir(work.path())
            .ok();
        (work, output.stdout)
    };
    let load = |work: &WorkDir, stream: Vec<u8>, options: &[&str], code: i32| {
        let loader = Program::myloader().server(target(Product::MariaDb)).args(options);
        loader.stdin(stream).current_dir(work.path()).fails_with(code)
    };
    let (work, headers) = dump(&["--stream=NO_STREAM_AND_NO_DELETE"]);
    let stderr = load(&work, headers, &["--stream"], 5);
    assert!(stderr.contains("the stream has headers only, at metadata.header"), "{stderr}");
    let (work, content) = dump(&["--stream=NO_DELETE"]);
    let stderr = load(&work, content.clone(), &["--stream=NO_STREAM", "-d", "d"], 5);
    assert!(stderr.contains("the stream brings the content of metadata.header"), "{stderr}");
    assert!(work.path().join("d/metadata").exists(), "the files are still there");
    let stderr = load(&work, content, &["--stream", "-d", "d"], 7);
    assert!(stderr.contains("d is not empty ("), "{stderr}");
    assert!(work.path().join("d/metadata").exists(), "the files are still there");
    server.client().run(format!("DROP DATABASE {database}"));
}

#[test]
fn little_may_wait_and_all_arrives() {
    for product in Product::ALL {
        let database = "stream_bounded";
        shop::load_with_branches(source(product), database, 6);
        run(
            product,
            database,
            &["--stream", "--stream-max-files=1", "-r", "500"],
            &["--stream", "--stream-max-waiting=1", "--threads=1"],
        );
        assert_eq!(differences(source(product), database, target(product), database), [""; 0]);
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn without_checksums() {
    let database = "stream_unchecked";
    let server = source(Product::MySql);
    server.client().run(format!("CREATE DATABASE {database}"));
    let stream = |options: &[&str]| {
        let work = WorkDir::new();
        let program = Program::mydumper().server(server).args(["-B", database, "--stream"]).args(options);
        String::from_utf8(program.current_dir(work.path()).ok().stdout).unwrap()
    };
    let headers =
        |text: &str| text.lines().filter(|line| line.starts_with("-- ")).map(str::to_owned).collect::<Vec<_>>();
    assert!(headers(&stream(&[])).iter().all(|header| header.contains(" crc32c=")));
    assert!(headers(&stream(&["--stream-checksum=none"])).iter().all(|header| header.split(' ').count() == 3));
    server.client().run(format!("DROP DATABASE {database}"));
}

#[test]
fn a_database_without_tables() {
    let database = "stream_no_tables";
    for product in Product::ALL {
        let mut client = source(product).client();
        client.run(format!("CREATE DATABASE {database}"));
        client.run(format!("CREATE FUNCTION {database}.one() RETURNS INT DETERMINISTIC RETURN 1"));
        for checksum in ["CRC32C", "NONE"] {
            run(product, database, &["--stream", "--stream-checksum", checksum], &["--stream"]);
            assert_eq!(differences(source(product), database, target(product), database), [""; 0], "{checksum}");
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
        client.run(format!("DROP DATABASE {database}"));
    }
}
