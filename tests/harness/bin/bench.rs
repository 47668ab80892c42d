//! The benchmark: these programs against Debian's mydumper 0.10.1, in turns, on private servers.
//!
//! `bench MEGABYTES PAIRS`; `tests/bench.sh` installs what it needs. Every contestant of a case runs once without
//! being counted, then all run in turns, so that a machine that grows slower or faster does so for all.
//!
//! A dump of mydumper-rs ends when its files are on the disk, the peer's while they are still in the page cache. With
//! `TMPDIR` in a tmpfs the disk is out of the comparison. On a machine that is not idle, only CPU times compare well;
//! the column of others' CPU time tells.

// Part of the test harness: what cannot go on ends with a panic's message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "bench_data.rs"]
mod data;
#[path = "bench_measure.rs"]
mod measure;
#[path = "bench_report.rs"]
mod report;

use data::DATABASE;
use harness::compare;
use harness::program::WorkDir;
use harness::server::{Product, Server};
use measure::{Invocation, Measurement};
use report::Outcome;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const THREADS: &str = "4";
const PEER: [&str; 2] = ["/usr/bin/mydumper", "/usr/bin/myloader"];

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|arg| arg.parse().expect("a number")).collect();
    let [megabytes, pairs] = numbers[..] else { panic!("usage: bench MEGABYTES PAIRS") };
    for product in Product::ALL {
        Bench::new(product, megabytes, pairs).run();
    }
}

/// The benchmark on one product.
struct Bench {
    source: Server,
    target: Server,
    ours: [PathBuf; 2],
    pairs: u64,
    /// The dumps, a folder for each contestant.
    dumps: WorkDir,
}

/// Somebody who runs in turns with others.
struct Contestant<'a> {
    name: &'a str,
    pipeline: Vec<Invocation>,
    servers: Vec<&'a Server>,
    /// What has to be gone before each run.
    before: Before,
}

/// What has to be gone before a run.
enum Before {
    Directory(PathBuf),
    TargetDatabase,
}

impl Bench {
    fn new(product: Product, megabytes: u64, pairs: u64) -> Bench {
        eprintln!("== {product:?}: two servers, the first with {megabytes} MB");
        // The rows with their indexes take less than twice as much as their text.
        let pool = format!("--innodb-buffer-pool-size={}M", 256 + 2 * megabytes);
        let log = match product {
            Product::MariaDb => "--innodb-log-file-size=1G",
            Product::MySql => "--innodb-redo-log-capacity=1G",
        };
        let [source, target] = [(); 2].map(|()| Server::start(product, &[&pool, log]));
        data::fill(&source, megabytes);
        let ours = ["mydumper", "myloader"].map(built);
        Bench { source, target, ours, pairs, dumps: WorkDir::new() }
    }

    fn run(&self) {
        let version = self.source.client().scalar("SELECT VERSION()");
        println!("\n{version}, {THREADS} threads, medians of {} runs; peer: {}\n", self.pairs, peer_version());
        print!("{}", report::head());
        let dumped = self.case("dump", self.pairs, vec![self.dump("mydumper-rs", &[]), self.peer_dump("peer", &[])]);
        self.case(
            "dump, compressed",
            self.pairs,
            vec![
                self.dump("mydumper-rs zstd", &["--compress"]),
                self.dump("mydumper-rs gzip", &["--compress=gzip"]),
                self.peer_dump("peer gzip", &["--compress"]),
            ],
        );
        let loaded = self.case("load", self.pairs, vec![self.load("mydumper-rs"), self.peer_load("peer")]);
        self.case("load, compressed", 1, vec![self.load("mydumper-rs zstd"), self.load("mydumper-rs gzip")]);
        let mut streamed = self.case("stream", self.pairs, vec![self.stream()]);
        streamed.extend([dumped, loaded].into_iter().filter_map(|outcomes| outcomes.into_iter().next()));
        compare_stream(&streamed);
        for name in ["mydumper-rs", "mydumper-rs zstd", "mydumper-rs gzip", "peer", "peer gzip"] {
            println!("{name}: {:.0} MB of dump", size_of(&self.directory(name)) as f64 / 1e6);
        }
    }

    /// Measures the contestants in turns and prints their lines.
    fn case(&self, case: &str, pairs: u64, contestants: Vec<Contestant<'_>>) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = contestants
            .iter()
            .map(|contestant| Outcome {
                name: contestant.name.to_owned(),
                is_peer: contestant.name.starts_with("peer"),
                runs: Ok(Vec::new()),
            })
            .collect();
        for turn in 0..=pairs {
            for (contestant, outcome) in contestants.iter().zip(&mut outcomes) {
                let Ok(runs) = &mut outcome.runs else { continue };
                eprintln!("== {case}: {}, run {turn} of {pairs}", contestant.name);
                match self.run_once(contestant) {
                    Ok(_) if turn == 0 => self.check_counts(contestant),
                    Ok(run) => runs.push(run),
                    Err(error) => outcome.runs = Err(error),
                }
            }
        }
        print!("{}", report::lines(case, &outcomes));
        std::io::stdout().flush().unwrap();
        outcomes
    }

    fn run_once(&self, contestant: &Contestant<'_>) -> Result<Measurement, String> {
        match &contestant.before {
            Before::Directory(directory) if directory.exists() => fs::remove_dir_all(directory).unwrap(),
            Before::Directory(_) => {}
            Before::TargetDatabase => data::drop_database(&self.target),
        }
        measure::run(&contestant.pipeline, &contestant.servers)
    }

    /// After a load, both servers must have the same numbers of rows.
    fn check_counts(&self, contestant: &Contestant<'_>) {
        if matches!(contestant.before, Before::TargetDatabase) {
            let [source, target] = [&self.source, &self.target].map(|server| compare::row_counts(server, DATABASE));
            if source != target {
                let wrong = source.iter().filter(|table| !target.contains(table)).count();
                println!("{}: the restored tables differ in their numbers of rows: {wrong} tables", contestant.name);
            }
        }
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.dumps.path().join(name.replace(' ', "-"))
    }

    fn dump<'a>(&'a self, name: &'a str, args: &[&str]) -> Contestant<'a> {
        self.dump_with(&self.ours[0], name, args)
    }

    /// Without `--rows` the peer would give each table to one thread.
    fn peer_dump<'a>(&'a self, name: &'a str, args: &[&str]) -> Contestant<'a> {
        self.dump_with(Path::new(PEER[0]), name, &[args, &["--rows", "500000"]].concat())
    }

    fn dump_with<'a>(&'a self, program: &Path, name: &'a str, args: &[&str]) -> Contestant<'a> {
        let directory = self.directory(name);
        let invocation = Invocation::new(program, &self.source).args(["--threads", THREADS, "--database", DATABASE]);
        let pipeline = vec![invocation.arg("--outputdir").arg(&directory).args(args)];
        Contestant { name, pipeline, servers: vec![&self.source], before: Before::Directory(directory) }
    }

    fn load<'a>(&'a self, name: &'a str) -> Contestant<'a> {
        self.load_with(&self.ours[1], name)
    }

    fn peer_load<'a>(&'a self, name: &'a str) -> Contestant<'a> {
        self.load_with(Path::new(PEER[1]), name)
    }

    /// Loads the dump that the contestant of the same name made.
    fn load_with<'a>(&'a self, program: &Path, name: &'a str) -> Contestant<'a> {
        let invocation = Invocation::new(program, &self.target).args(["--threads", THREADS]);
        let pipeline = vec![invocation.arg("--directory").arg(self.directory(name))];
        Contestant { name, pipeline, servers: vec![&self.target], before: Before::TargetDatabase }
    }

    fn stream(&self) -> Contestant<'_> {
        let dumper = Invocation::new(&self.ours[0], &self.source).args(["--database", DATABASE, "--stream"]);
        let loader = Invocation::new(&self.ours[1], &self.target).arg("--stream");
        let pipeline = [dumper, loader].map(|program| program.args(["--threads", THREADS])).to_vec();
        let servers = vec![&self.source, &self.target];
        Contestant { name: "mydumper-rs", pipeline, servers, before: Before::TargetDatabase }
    }
}

/// A stream should take little longer than the longer of its halves alone.
fn compare_stream(outcomes: &[Outcome]) {
    let walls: Option<Vec<f64>> = outcomes.iter().map(|outcome| Some(outcome.median()?.wall)).collect();
    if let Some([stream, dump, load]) = walls.as_deref() {
        let longer = dump.max(*load);
        println!("\nstream: {stream:.2} s, {:.2} of the longer of dump and load ({longer:.2} s)", stream / longer);
    }
}

/// The program beside this one, or in `$MYDUMPER_RS_BIN`.
fn built(name: &str) -> PathBuf {
    let beside = || std::env::current_exe().unwrap().parent().unwrap().to_owned();
    std::env::var_os("MYDUMPER_RS_BIN").map_or_else(beside, PathBuf::from).join(name)
}

fn peer_version() -> String {
    let output = Command::new(PEER[0]).arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; tests/bench.sh installs it", PEER[0]));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn size_of(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}
