//! Compressed files hold the same bytes as plain ones.

use crate::support::dump::{dump, make, mydumper, tool};
use crate::support::load::forget_checksums;
use harness::program::WorkDir;
use harness::server::{self, Product};

const TABLES: &[&str] = &[
    "CREATE TABLE t (id INT PRIMARY KEY, b TEXT)",
    "INSERT INTO t WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 999) \
     SELECT n, REPEAT(SHA2(n, 256), 10) FROM r",
    "ANALYZE TABLE t",
    "CREATE TABLE nothing (a INT)",
    "CREATE VIEW v AS SELECT id FROM t",
];

/// Compares a compressed dump with a plain one, and returns how many bytes its rows take.
#[track_caller]
fn assert_same(plain: &WorkDir, compressed: &WorkDir, extension: &str, unpack: &str) -> usize {
    let without: Vec<String> = compressed
        .list()
        .into_iter()
        .map(|name| match name.as_str() {
            "metadata" => name,
            _ => name.strip_suffix(extension).unwrap_or_else(|| panic!("{name} is not compressed")).to_owned(),
        })
        .collect();
    assert_eq!(without, plain.list());
    let mut size = 0;
    for name in without.iter().filter(|name| *name != "metadata") {
        let path = compressed.path().join(format!("{name}{extension}"));
        tool(unpack, &["-q", "-t"], &path);
        let content = tool(unpack, &["-q", "-d", "-c"], &path);
        assert_eq!(String::from_utf8_lossy(&content), String::from_utf8_lossy(&plain.read(name)), "{name}");
        size += std::fs::metadata(&path).unwrap().len() as usize;
    }
    // Files are others; times and positions of the binary log are in comments.
    [compressed, plain].into_iter().for_each(forget_checksums);
    let entries = |dir: &WorkDir| {
        let text = dir.read_text("metadata");
        text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(entries(compressed), entries(plain));
    size
}

#[test]
fn gzip_and_zstd_files_hold_what_plain_ones_hold() {
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "packed", TABLES);
        let dump = |args: &[&str]| dump(server, &[&["-B", "packed", "-e", "-F", "128k", "-s", "9999"], args].concat());
        let plain = dump(&[]);
        assert!(plain.list().contains(&"packed.t.00000.00001.sql".to_owned()), "{:?}", plain.list());
        let zstd = assert_same(&plain, &dump(&["--compress"]), ".zst", "zstd");
        assert_eq!(assert_same(&plain, &dump(&["-c", "zstd", "--compress-level=1"]), ".zst", "zstd"), zstd);
        let best = assert_same(&plain, &dump(&["--compress=ZSTD", "--compress-level", "19"]), ".zst", "zstd");
        assert!(best < zstd, "{best} {zstd}");
        let gzip = assert_same(&plain, &dump(&["-c", "GZIP"]), ".gz", "gzip");
        let fast = assert_same(&plain, &dump(&["--compress=gzip", "--compress-level=1"]), ".gz", "gzip");
        assert!(gzip < fast, "{gzip} {fast}");
    }
}

#[test]
fn bad_methods_and_levels_are_refused() {
    let server = server::source(Product::MariaDb);
    let refused = |args: &[&str]| mydumper(server, &WorkDir::new()).args(args).fails_with(2);
    let level = "use a whole number from 1 to 22 (gzip: 1 to 9)";
    for bad in ["0", "23", "-1", "x"] {
        assert_eq!(
            refused(&["-c", &format!("--compress-level={bad}")]),
            format!("mydumper: invalid value '{bad}' for --compress-level: {level}\n")
        );
    }
    assert_eq!(refused(&["--compress=gzip", "--compress-level=10"]), "mydumper: gzip has no level 10 (only 1 to 9)\n");
    let stderr = refused(&["--compress=bzip2"]);
    assert!(stderr.starts_with("mydumper: invalid value 'bzip2' for --compress: use ZSTD"), "{stderr}");
}
