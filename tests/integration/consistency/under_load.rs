//! Proof under load: while writers are at work on the bank (`support::bank`), it is dumped and restored. The copy is
//! of one moment, and the source's binary log from the position in metadata makes it what the source is.
//!
//! `MYDUMPER_RS_PROOF_ROUNDS=N` runs each case N times, with another seed each time.

use crate::support::bank::{self as bank, ACCOUNTS, Tables};
use crate::support::dump::{metadata_value, only_line};
use harness::compare::differences;
use harness::detour::{Barrier, Detour, contains};
use harness::program::{Output, Program, Running, WorkDir, start_pipe};
use harness::replica::{self, Start};
use harness::server::{Product, Server};
use harness::writers::{Watch, Writers};
use std::sync::Mutex;
use std::time::Duration;

/// What a request takes on its way: so the workers' snapshots are opened one after the other, with time between them.
const DISTANCE: Duration = Duration::from_millis(3);
/// A hang is a failure.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// Commits of each writer that a moment of the dump is waited out for.
const COMMITS: u64 = 5;

/// Accounts with fewer privileges than `root`, who all may see the position of the binary log.
const USERS: [(&str, &str); 3] =
    [("flusher", "SELECT, RELOAD, LOCK TABLES"), ("locker", "SELECT, LOCK TABLES"), ("reader", "SELECT")];

/// The way from source to target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Directory,
    Stream,
}

/// What is metadata's position of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    File,
    GtidSet,
}

/// One dump under load.
#[derive(Clone, Copy, Debug)]
struct Case {
    user: &'static str,
    options: &'static [&'static str],
    way: Way,
    tables: Tables,
    at_snapshot: AtSnapshot,
}

/// What the writers do while the workers' snapshots are opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AtSnapshot {
    /// They write, if no lock stops them.
    Write,
    /// They wait until the snapshots stand.
    Pause,
    /// Each commits between any two snapshots. Under a lock this would never end.
    CommitBetween,
}

/// Two servers of one product.
struct Lab {
    source: Server,
    target: Server,
}

/// A dump that has been made, and how far the writers were.
struct Dumped {
    dir: WorkDir,
    /// Commits of each writer when the dump began, when its rows were being read, and when it had ended.
    before: Vec<u64>,
    meanwhile: Vec<u64>,
    after: Vec<u64>,
    /// The end of the source's binary log when the dump had ended.
    end: (String, String, String),
}

fn rounds() -> u64 {
    std::env::var("MYDUMPER_RS_PROOF_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

impl Lab {
    fn new(product: Product) -> Lab {
        // Small files: the binary log goes on to the next while a dump runs.
        let source = Server::start(product, &["--max-binlog-size=100K"]);
        replica::create_copier(&source);
        let mut client = source.client();
        let monitor = if product == Product::MariaDb { "BINLOG MONITOR" } else { "REPLICATION CLIENT" };
        for (user, privileges) in USERS {
            client.run(format!("CREATE USER {user}@localhost"));
            client.run(format!("GRANT {privileges}, {monitor} ON *.* TO {user}@localhost"));
            if product == Product::MariaDb {
                // Without it, writers could not lock a table that was read before the dump ends.
                client.run(format!("GRANT BINLOG ADMIN ON *.* TO {user}@localhost"));
            }
        }
        Lab { source, target: Server::start(product, &[]) }
    }

    /// Empty, as for a restore.
    fn clear_target(&self) {
        replica::reset(&self.target);
        self.target.client().run(format!("DROP DATABASE IF EXISTS {}", bank::NAME));
    }

    fn mydumper(case: &Case, detour: &Detour, dir: &WorkDir) -> Program {
        let program = Program::mydumper().arg("--socket").arg(detour.socket()).args(["--user", case.user, "-o"]);
        program
            .arg(dir.path())
            .args(case.options)
            .args(["-B", bank::NAME, "-t", "6", "--rows", "300"])
            .time_limit(TIME_LIMIT)
    }

    fn myloader(&self) -> Program {
        Program::myloader().server(&self.target).args(["-t", "4"]).time_limit(TIME_LIMIT)
    }

    /// The way that the dump takes. Who reads accounts first waits at the barrier.
    fn detour(&self, at_snapshot: AtSnapshot, watch: &Watch, reading: &Barrier) -> Detour {
        let (watch, reading) = (watch.clone(), reading.clone());
        // The snapshots are opened at the same time: here they pass one by one.
        let one_by_one = Mutex::new(());
        Detour::to(&self.source, move |request| {
            let is_start = contains(request, "START TRANSACTION");
            let _turn = is_start.then(|| one_by_one.lock().unwrap());
            std::thread::sleep(DISTANCE);
            if at_snapshot == AtSnapshot::CommitBetween && is_start {
                watch.wait_for_more_of(bank::TELLERS, 1);
            }
            if reads_accounts(request) {
                reading.pass();
            }
        })
    }

    /// Dumps the bank while the writers write, and restores it if it goes by a stream.
    fn dump(&self, case: &Case, seed: u64) -> Dumped {
        bank::create(&self.source, case.tables);
        self.clear_target();
        let dir = WorkDir::new();
        let writers = Writers::start(bank::writers(&self.source, case.tables, seed));
        let watch = writers.watch();
        let reading = Barrier::default();
        let detour = self.detour(case.at_snapshot, watch, &reading);
        watch.wait_for_more(COMMITS);
        if case.at_snapshot == AtSnapshot::Pause {
            watch.pause();
        }
        let before = watch.committed();

        let dumper = Lab::mydumper(case, &detour, &dir);
        let (mut dumper, loader) = match case.way {
            Way::Directory => (dumper.spawn(), None),
            Way::Stream => {
                let (dumper, loader) = start_pipe(dumper.arg("--stream=NO_DELETE"), self.myloader().arg("--stream"));
                (dumper, Some(loader))
            }
        };
        dumper.wait_until("it reads no accounts", |_| reading.is_reached());
        watch.resume();
        // The snapshot stands, and no row of the held table is read: all that is written from now on is not to be seen.
        let meanwhile = watch.committed();
        watch.wait_for_more_of(bank::TELLERS, COMMITS);
        reading.open();
        // The loader first: see `pipe`.
        let loaded = loader.map(Running::wait);
        let output = dumper.wait();
        let end = replica::position(&self.source);
        let after = watch.committed();
        watch.wait_for_more(COMMITS);
        writers.stop();
        bank::close(&self.source, case.tables);
        for Output { code, stderr, .. } in [Some(&output), loaded.as_ref()].into_iter().flatten() {
            assert_eq!(*code, Some(0), "{stderr}");
        }
        Dumped { dir, before, meanwhile, after, end }
    }

    fn restore(&self, dumped: &Dumped) {
        self.clear_target();
        self.myloader().arg("-d").arg(dumped.dir.path()).ok();
    }

    /// The target, which holds the copy, becomes what the source is.
    fn roll_forward(&self, start: &Start) {
        replica::follow(&self.source, &self.target, start);
        replica::catch_up(&self.source, &self.target, start).unwrap_or_else(|error| panic!("{start:?}: {error}"));
        assert_eq!(differences(&self.source, bank::NAME, &self.target, bank::NAME), [""; 0], "{start:?}");
    }

    fn prove(&self, case: &Case, seed: u64) {
        let product = self.source.product();
        println!("{product:?}, seed {seed}: {case:?}");
        let dumped = self.dump(case, seed);
        if case.way == Way::Directory {
            self.restore(&dumped);
        }
        assert_eq!(bank::violations(&self.target, case.tables), [""; 0]);
        dumped.assert_at_work(&bank::progress(&self.target, case.tables));
        let file = dumped.start(Kind::File);
        let Start::Position(name, position) = &file else { unreachable!() };
        assert_ne!((name, position), (&dumped.end.0, &dumped.end.1), "nothing was written during the dump");
        self.roll_forward(&file);
        self.restore(&dumped);
        self.roll_forward(&dumped.start(Kind::GtidSet));
    }
}

impl Dumped {
    /// The copy's moment is one of the dump, and every writer has written before and after it while the dump ran.
    fn assert_at_work(&self, copied: &[u64]) {
        let all = format!("{:?} {copied:?} {:?} {:?}", self.before, self.meanwhile, self.after);
        for (writer, copied) in copied.iter().enumerate() {
            // One commit may not have been counted yet.
            assert!(self.before[writer] <= *copied && *copied <= self.meanwhile[writer] + 1, "{all}");
            assert!(writer >= bank::TELLERS || self.after[writer] >= self.meanwhile[writer] + COMMITS, "{all}");
        }
    }

    fn start(&self, kind: Kind) -> Start {
        let metadata = self.dir.read_text("metadata");
        let value = |key| metadata_value(&metadata, key).unwrap_or_else(|| panic!("no {key} in {metadata}"));
        match kind {
            Kind::File => Start::Position(value("SOURCE_LOG_FILE"), value("SOURCE_LOG_POS")),
            Kind::GtidSet => Start::GtidSet(value("executed_gtid_set")),
        }
    }
}

/// Whether a worker (or the planning of its work) reads a table of accounts, and does not only open it under the lock.
fn reads_accounts(request: &[u8]) -> bool {
    contains(request, "SELECT")
        && !contains(request, "LIMIT 0")
        && ACCOUNTS.iter().any(|table| contains(request, &format!("FROM `bank`.`{table}`")))
}

/// A dump by a directory, of tables of all engines, with writers that never pause.
const USUAL: Case =
    Case { user: "root", options: &[], way: Way::Directory, tables: Tables::All, at_snapshot: AtSnapshot::Write };

#[test]
fn a_copy_made_under_writes_is_of_one_moment_and_the_binary_log_makes_it_the_source() {
    // Without a lock, only tables with transactions are of one moment.
    let quiet = Case { tables: Tables::Transactional, at_snapshot: AtSnapshot::Pause, ..USUAL };
    let cases = [
        USUAL,
        Case { options: &["--sync-thread-lock-mode=FTWRL"], way: Way::Stream, ..USUAL },
        Case { options: &["--sync-thread-lock-mode=LOCK_ALL"], user: "locker", ..quiet },
        Case { user: "flusher", way: Way::Stream, ..USUAL },
        Case { user: "locker", ..quiet },
        Case { user: "reader", ..quiet },
        Case { options: &["--sync-thread-lock-mode=SAFE_NO_LOCK"], way: Way::Stream, ..quiet },
        Case { options: &["--sync-thread-lock-mode=GTID"], user: "reader", ..quiet },
    ];
    for product in Product::ALL {
        let lab = Lab::new(product);
        for seed in 1..=rounds() {
            cases.iter().for_each(|case| lab.prove(case, seed));
        }
    }
}

/// The proof itself is put to the proof: it finds a dump whose snapshots are of different moments.
#[test]
fn snapshots_of_different_moments_are_found() {
    for product in Product::ALL {
        let lab = Lab::new(product);
        for seed in 1..=rounds() {
            let case = Case {
                options: &["--sync-thread-lock-mode=NO_LOCK"],
                tables: Tables::Transactional,
                at_snapshot: AtSnapshot::CommitBetween,
                ..USUAL
            };
            let dumped = lab.dump(&case, seed);
            lab.restore(&dumped);
            let violations = bank::violations(&lab.target, case.tables);
            assert!(!violations.is_empty(), "{product:?}, seed {seed}");
            println!("{product:?}, seed {seed}: found {violations:#?}");
        }

        let writers = Writers::start(bank::writers(&lab.source, Tables::Transactional, 0));
        let detour = lab.detour(AtSnapshot::CommitBetween, writers.watch(), &Barrier::default());
        let dir = WorkDir::new();
        let case = Case { options: &["--sync-thread-lock-mode=SAFE_NO_LOCK"], ..USUAL };
        let stderr = Lab::mydumper(&case, &detour, &dir).fails_with(1);
        let start = "[ERROR] the snapshots are not proved to be from one point in time: transactions were committed during every";
        assert!(only_line(&stderr).starts_with(start), "{product:?}: {stderr}");
        assert_eq!(dir.list(), [""; 0], "{product:?}");
    }
}
