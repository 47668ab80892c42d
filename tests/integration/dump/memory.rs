//! Memory does not grow with what is dumped.

use crate::support::dump::{make, mydumper};
use harness::program::WorkDir;
use harness::server::{self, Product, is_alive};
use std::fs;
use std::time::Duration;

/// For a dump with four workers, in KiB.
const LIMIT: u64 = 64 << 10;

/// The highest resident set of a process so far, in KiB; 0 when it has ended.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[test]
fn a_large_table_takes_no_more_memory_than_a_small_one() {
    for product in Product::ALL {
        let server = server::source(product);
        // 300 MB; MyISAM is filled soonest.
        make(
            server,
            "memory",
            &[
                "SET sql_log_bin = 0",
                "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(1000), c VARCHAR(500)) ENGINE=MyISAM",
                "INSERT INTO t WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 446) \
                 SELECT a.n * 447 + b.n, REPEAT(SHA2(a.n * 447 + b.n, 512), 7), REPEAT('\\'', 500) FROM r a JOIN r b",
            ],
        );
        for compress in [&[][..], &["--compress"]] {
            let dir = WorkDir::new();
            let running = mydumper(server, &dir).args(["-B", "memory", "-t", "4"]).args(compress).spawn();
            let mut highest = 0;
            // The mark never falls, so that only what the last moment adds to it can be missed.
            while is_alive(running.pid()) {
                highest = peak(running.pid()).max(highest);
                std::thread::sleep(Duration::from_millis(5));
            }
            let output = running.wait();
            assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
            assert!(dir.read_text("metadata").contains("rows = 199809\n"), "{product:?}");
            assert!(dir.list().len() > 8, "several chunks at a time: {:?}", dir.list());
            assert!((1024..LIMIT).contains(&highest), "{product:?} {compress:?}: {highest} KiB");
        }
    }
}
