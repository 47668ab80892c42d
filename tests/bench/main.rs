//! The benchmark: these programs against Debian's mydumper 0.10.1, the stock client and the servers alone, in turns, on
//! private servers. `tests/bench.sh` installs what it needs; `--help` and docs/dev/testing.md list its options.
//!
//! A dump of mydumper-rs ends when its files are on the disk, the peer's while they are still in the page cache. With
//! `--dumps` in a tmpfs the disk is out of the comparison. On a machine that is not idle, only CPU times compare well;
//! the column of others' CPU time tells.

// Part of the test harness: what cannot go on ends with a panic's message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs, reason = "a program")]

mod bench;
mod cases;
mod data;
mod floor;
mod measure;
mod options;
mod report;
mod selects;
mod source;
mod targets;
mod wire;

use clap::Parser;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "floor") {
        floor::main(&args[1..]);
    } else {
        bench::run(&options::Options::parse());
    }
}
