//! The network between a restore and its server: cut, cut amid an answer, or silent.

use crate::support::interrupted::{GOES_ON, make_objects, reads_rows};
use crate::support::load::{dump_of, journals, myloader};
use harness::compare::differences;
use harness::detour::{Barrier, Detour, Fate, contains, is_statement};
use harness::program::{Output, Program, WorkDir};
use harness::server::{Product, source, target};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Longer than a program may take to end after a signal, and far shorter than any other limit.
const SECONDS: Duration = Duration::from_secs(20);

fn through(detour: &Detour, dir: &WorkDir) -> Program {
    let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "-t2"]);
    let program = program.arg("--optimize-keys=AFTER_IMPORT_PER_TABLE").arg("-d").arg(dir.path());
    program.time_limit(SECONDS * 3)
}

fn assert_same(product: Product, database: &str, output: &Output) {
    let found = differences(source(product), database, target(product), database);
    assert_eq!(found, [""; 0], "{product:?}: {}", output.stderr);
}

#[test]
fn a_restore_whose_network_is_cut_at_any_moment() {
    const MOMENTS: usize = 16;
    let fates = [Fate::IsLost, Fate::AnswerIsLost, Fate::AnswerIsCut, Fate::IsOrphaned];
    for product in Product::ALL {
        let database = "network_cut";
        make_objects(product, database);
        let dir = dump_of(product, database, &[]);
        let run = |moment: usize, fate: Fate| {
            target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
            let requests = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&requests);
            let detour = Detour::with_fates(target(product), move |_| {
                if counted.fetch_add(1, Ordering::SeqCst) == moment { fate } else { Fate::Passes }
            });
            (through(&detour, &dir).run(), requests.load(Ordering::SeqCst))
        };
        let (output, requests) = run(usize::MAX, Fate::Passes);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        let mut survived = 0;
        for number in 0..MOMENTS {
            // The first ones are those of the login, at which a lost connection is an error at once.
            let (fate, moment) = (fates[number % fates.len()], requests * number / MOMENTS);
            let (output, _) = run(moment, fate);
            let case = format!("{product:?} {fate:?} at {moment} of {requests}: {}", output.stderr);
            match output.code {
                Some(0) => survived += 1,
                Some(3) => {
                    let how = if journals(&dir).is_empty() { "--drop-table" } else { "--resume" };
                    assert_eq!(how == "--resume", output.stderr.contains(GOES_ON), "{case}");
                    myloader(target(product), &dir).arg(how).ok();
                }
                _ => panic!("{case}"),
            }
            assert_same(product, database, &output);
            assert!(journals(&dir).is_empty(), "{case}");
        }
        assert!(survived > MOMENTS / 2, "{product:?}: {survived}");
    }
}

/// At which request the server falls silent, the signals that come then, and the exit codes that there may be.
type Moment = (fn(&[u8]) -> bool, &'static [&'static str], &'static [i32]);

#[test]
fn a_restore_whose_server_does_not_answer_ends_by_a_signal_and_is_gone_on_with() {
    let moments: [Moment; 4] = [
        (|request| contains(request, "CREATE TABLE `c`"), &["INT"], &[130]),
        (reads_rows, &["TERM"], &[143]),
        (|request| is_statement(request, "COMMIT"), &["HUP"], &[129]),
        // Of two that come close together, any may be the first.
        (|request| contains(request, "ALTER TABLE `p`"), &["INT", "TERM"], &[130, 143]),
    ];
    for product in Product::ALL {
        let database = "network_stall";
        make_objects(product, database);
        let dir = dump_of(product, database, &[]);
        for (is_meant, signals, codes) in moments {
            target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
            let barrier = Barrier::default();
            let stall = barrier.clone();
            let detour = Detour::to(target(product), move |request| {
                if is_meant(request) {
                    stall.pass();
                }
            });
            let mut running = through(&detour, &dir).time_limit(SECONDS).spawn();
            running.wait_until("nothing stalls", |_| barrier.is_reached());
            signals.iter().for_each(|signal| running.signal(signal));
            let output = running.wait();
            let case = format!("{product:?} {signals:?}: {}", output.stderr);
            assert!(output.code.is_some_and(|code| codes.contains(&code)), "{:?} {case}", output.code);
            if signals.len() == 1 {
                let told = "[ERROR] stopped before the restore was done: it is not complete";
                assert!(output.stderr.contains(told) && output.stderr.contains(GOES_ON), "{case}");
            }
            // What was on the way arrives late, as it does when a network comes back.
            barrier.open();
            myloader(target(product), &dir).arg("--resume").ok();
            assert_same(product, database, &output);
        }
    }
}
