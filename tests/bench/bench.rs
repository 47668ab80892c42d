//! The run: servers, turns, tables.

use crate::cases::{Before, Contestant, PEER, Scene, Uses};
use crate::data::Dataset;
use crate::measure::{self, Measurement};
use crate::options::{CaseName, Options, Who};
use crate::report::{self, Outcome};
use crate::selects;
use crate::source::{self, Store};
use crate::targets::{self, Results};
use harness::compare;
use harness::server::{Product, Server};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Measures all that was chosen.
pub fn run(options: &Options) {
    for product in options.products() {
        eprintln!("== {product:?}: two servers");
        // The rows with their indexes take about 320 bytes each; double that, so that nothing is ever evicted.
        let megabytes = 512 + options.rows * 640 / 1_000_000 + 3 * options.wide + options.tables / 5;
        let pool = format!("--innodb-buffer-pool-size={megabytes}M");
        let log = match product {
            Product::MariaDb => "--innodb-log-file-size=1G",
            Product::MySql => "--innodb-redo-log-capacity=1G",
        };
        let mut datasets: Vec<Dataset> = options.cases().into_iter().map(CaseName::dataset).collect();
        datasets.dedup();
        // myloader 0.10.1's threads wait for each other's rows for more than 50 seconds on a machine that is not idle.
        let args = [pool.as_str(), log, "--innodb-lock-wait-timeout=600"];
        let target = Server::start(product, &args);
        let store = Store::open(options, &target);
        let source = source::start(product, options, &store, &datasets, &args);
        // A server's folder goes with it, also when this run is killed.
        let parent = options.dumps.clone().unwrap_or_else(|| target.dir().to_owned());
        let work = tempfile::Builder::new().prefix("mydumper-rs-bench-").tempdir_in(&parent);
        let work = work.unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
        let own = std::env::current_exe().unwrap();
        let ours = ["mydumper", "myloader"].map(built);
        let scene = Scene { source: &source, target: &target, threads: options.threads, ours, own, work: work.path() };
        print_head(options, &source, &parent, megabytes);
        let bench = Bench { options, store: &store, scene };
        let results: Results = options.cases().into_iter().map(|case| (case, bench.case(case))).collect();
        println!("\n{}", targets::table(&results));
    }
}

/// The benchmark on one product.
struct Bench<'a> {
    options: &'a Options,
    store: &'a Store,
    scene: Scene<'a>,
}

impl Bench<'_> {
    /// Measures the contestants of a case in turns and prints their lines.
    fn case(&self, case: CaseName) -> Vec<Outcome> {
        let runs = |contestant: &Contestant| self.options.runs_for(contestant.who);
        let mut contestants = self.scene.contestants(case);
        contestants.retain(|contestant| runs(contestant) > 0);
        let mut outcomes: Vec<Outcome> = contestants.iter().map(|contestant| self.prepare(case, contestant)).collect();
        for turn in 0..self.options.runs {
            // Nobody runs always first.
            for place in 0..contestants.len() {
                let index = (place + turn as usize) % contestants.len();
                let (contestant, outcome) = (&contestants[index], &mut outcomes[index]);
                let Ok(done) = &mut outcome.runs else { continue };
                if turn >= runs(contestant) {
                    continue;
                }
                eprintln!("== {}: {}, run {} of {}", case.name(), contestant.name, turn + 1, runs(contestant));
                match self.run_once(case, contestant) {
                    Ok(run) => done.push(run),
                    Err(error) => outcome.runs = Err(error),
                }
                if turn == 0 && outcome.runs.is_ok() {
                    self.check_counts(case, contestant);
                }
            }
        }
        print!("{}{}", report::head(), report::lines(&case.name(), &outcomes));
        println!();
        std::io::stdout().flush().unwrap();
        outcomes
    }

    /// Makes what the contestant reads: a dump or a plan. The error is its outcome.
    fn prepare(&self, case: CaseName, contestant: &Contestant) -> Outcome {
        let data = case.dataset();
        let mut runs = Ok(Vec::new());
        if let Some(directory) = contestant.needs.as_ref().filter(|directory| !directory.exists()) {
            let dump = self.scene.dump_for(data, contestant.who);
            eprintln!("== {}: {} makes a dump", case.name(), dump.name);
            runs = self.run_once(case, &dump).map(|_| Vec::new()).map_err(|error| format!("no dump: {error}"));
            if runs.is_err() {
                let _ = fs::remove_dir_all(directory);
            }
        }
        if contestant.who == Who::Floor {
            runs = match contestant.uses {
                Uses::Source => self.plan_dump_floor(data),
                _ => self.plan_load_floor(data),
            }
            .map(|()| Vec::new());
        }
        Outcome { who: contestant.who, name: contestant.name.clone(), runs }
    }

    /// The floor of a dump sends the SELECTs that our dump sent.
    fn plan_dump_floor(&self, data: Dataset) -> Result<(), String> {
        let scene = &self.scene;
        let mut dumped = Ok(Measurement::default());
        let tables = data.tables(self.options);
        let plan = selects::record(scene.source, data.database(), &tables, || {
            dumped = self.run_dump(&scene.dump_for(data, Who::Ours));
        });
        dumped?;
        let read = plan.run(&scene.source.socket(), scene.threads)?.rows;
        let expected: u64 = compare::row_counts(scene.source, data.database()).iter().map(|(_, rows)| rows).sum();
        if read != expected {
            return Err(format!("the SELECTs of our dump give {read} rows, not {expected}"));
        }
        plan.write(&scene.dump_plan(data));
        Ok(())
    }

    fn plan_load_floor(&self, data: Dataset) -> Result<(), String> {
        let files = data.files(self.options, &self.store.files());
        // Into the page cache.
        for path in files.iter().flat_map(|(_, paths)| paths) {
            fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        source::load_plan(data, &files).write(&self.scene.load_plan(data));
        Ok(())
    }

    fn run_once(&self, case: CaseName, contestant: &Contestant) -> Result<Measurement, String> {
        if let Before::TargetDatabase = contestant.before {
            let mut client = self.scene.target.client();
            client.run("SET sql_log_bin = 0");
            client.run(format!("DROP DATABASE IF EXISTS {}", case.dataset().database()));
        }
        self.run_dump(contestant)
    }

    fn run_dump(&self, contestant: &Contestant) -> Result<Measurement, String> {
        if let Before::Directory(directory) = &contestant.before
            && directory.exists()
        {
            put_away(directory);
        }
        let (source, target) = (self.scene.source, self.scene.target);
        let servers = match contestant.uses {
            Uses::Source => vec![source],
            Uses::Target => vec![target],
            Uses::Both => vec![source, target],
        };
        measure::run(&contestant.pipeline, &servers, Duration::from_secs(self.options.patience))
    }

    /// After a load, both servers must have the same numbers of rows.
    fn check_counts(&self, case: CaseName, contestant: &Contestant) {
        if contestant.uses == Uses::Source {
            return;
        }
        let counts = |server| -> BTreeMap<String, u64> {
            compare::row_counts(server, case.dataset().database()).into_iter().collect()
        };
        let (source, target) = (counts(self.scene.source), counts(self.scene.target));
        if source != target {
            let wrong = source.iter().filter(|(table, rows)| target.get(*table) != Some(rows)).count();
            println!("{}: {} tables have other numbers of rows than the source's\n", contestant.name, wrong);
        }
    }
}

fn print_head(options: &Options, source: &Server, dumps: &Path, megabytes: u64) {
    println!("\n## {}\n", source.client().scalar("SELECT VERSION()"));
    println!(
        "{} rows of lineitem, {} small tables, {} MB wide; {} threads, medians of {} runs in turns (mariadb-dump and \
         mariadb: {}); peer: {}, as Debian's 0.10.1 calls itself.",
        options.rows,
        options.tables,
        options.wide,
        options.threads,
        options.runs,
        options.runs_for(Who::Stock),
        peer_version(),
    );
    println!(
        "Both servers: unix socket, buffer pool {megabytes} MB with the source's data in it, redo log 1 GB, \
         innodb_flush_log_at_trx_commit=0, innodb_lock_wait_timeout=600, local_infile=ON (MySQL's default is \
         OFF), binary log on; every loader writes past it with sql_log_bin=0. Dumps are in {}.\n",
        dumps.display()
    );
}

/// The program beside this one, or in `$MYDUMPER_RS_BIN`.
fn built(name: &str) -> PathBuf {
    let beside = || std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let path = std::env::var_os("MYDUMPER_RS_BIN").map_or_else(beside, PathBuf::from).join(name);
    assert!(path.is_file(), "{} is not there: build it, or set MYDUMPER_RS_BIN", path.display());
    path
}

fn peer_version() -> String {
    let output = Command::new(PEER[0]).arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; tests/bench.sh installs it", PEER[0]));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Takes a dump out of the way. ext4 does not use a freed inode again for a minute or more, and searches past all such
/// ones for a free one: who makes thousands of files meanwhile pays for it with seconds of system time, whoever it is. So
/// a dump of many files stays until the end.
fn put_away(directory: &Path) {
    const MANY: usize = 200;
    if fs::read_dir(directory).unwrap().count() <= MANY {
        fs::remove_dir_all(directory).unwrap();
        return;
    }
    let away = |number: u32| PathBuf::from(format!("{}.{number}", directory.display()));
    let free = (1..).map(away).find(|path| !path.exists()).unwrap();
    fs::rename(directory, free).unwrap();
}
