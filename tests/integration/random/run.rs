//! Runs of cases: made on one server, dumped, restored into another, compared.

use super::case::{Case, Script};
use harness::compare;
use harness::program::{Output, Program, WorkDir, pipe};
use harness::quote_name;
use harness::server::{Product, Server, source, target};
use harness::sql::Client;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A hang is a failure: far longer than any of these takes.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// So many differences are shown, each of at most so many characters.
const SHOWN: (usize, usize) = (12, 1200);
/// A long run gives up after so many failures.
const MOST_FAILURES: usize = 25;

/// How many statements servers took and refused, over all cases of a run.
#[derive(Default)]
pub struct Tally {
    pub cases: usize,
    pub taken: usize,
    pub refused: usize,
}

/// Runs the cases of these seeds. Panics at the end, with all that failed.
pub fn run(product: Product, seeds: impl Iterator<Item = u64>) -> Tally {
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for seed in seeds {
        tally.cases += 1;
        match catch_unwind(AssertUnwindSafe(|| run_case(product, seed, &mut tally))) {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push(failure),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                failures.push(format!("{}\n{text}", headline(product, seed)));
            }
        }
        if let Some(failure) = failures.last().filter(|failure| failure.contains(&headline(product, seed))) {
            eprintln!("{failure}\n");
        }
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    println!("{product:?}: {} cases, {} statements, {} refused", tally.cases, tally.taken, tally.refused);
    assert!(failures.is_empty(), "{} of {} cases failed:\n\n{}", failures.len(), tally.cases, failures.join("\n\n"));
    tally
}

fn headline(product: Product, seed: u64) -> String {
    format!("FAILED: RANDOM_SEED={seed} RANDOM_PRODUCT={product:?}")
}

fn run_case(product: Product, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let case = Case::new(seed, product);
    let dir = WorkDir::new();
    let began = Instant::now();
    let _removed = Removed(&case);
    let script = case.build(source(product));
    tally.taken += script.taken;
    tally.refused += script.refused.len();
    let built = began.elapsed();
    let copy = copy_name(&case);
    let carried = carry(&case, &dir, &copy);
    let moved = began.elapsed() - built;
    let result =
        carried.and_then(|()| match compare::differences(source(product), &case.database, target(product), &copy) {
            differences if differences.is_empty() => Ok(()),
            differences => Err(shortened(&differences)),
        });
    if std::env::var_os("RANDOM_VERBOSE").is_some() {
        eprintln!("{product:?} {seed}: made in {built:?}, moved in {moved:?}, all in {:?}", began.elapsed());
        script.refused.iter().for_each(|refused| eprintln!("refused: {refused}"));
    }
    result.map_err(|what| {
        let kept = keep(&case, &script, &dir);
        let (dump, load) = commands(&case, &dir, &copy);
        let what = format!("{}\n{what}\n{dump:?}\n{load:?}", headline(product, seed));
        format!("{what}\nthe case, its SQL and its dump: {}", kept.display())
    })
}

/// The database's name on the target.
fn copy_name(case: &Case) -> String {
    if case.options.renamed { format!("{}_copy", case.database) } else { case.database.clone() }
}

/// Drops a case's databases, also after a failure: the cases that follow share the servers.
struct Removed<'a>(&'a Case);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        for (server, name) in [(source(self.0.product), &self.0.database), (target(self.0.product), &copy_name(self.0))]
        {
            // A server that does not answer any more has failed the case already.
            if let Ok(mut client) = Client::connect_as(server, "root", "") {
                let _ = client.try_run(format!("DROP DATABASE IF EXISTS {}", quote_name(name)));
            }
        }
    }
}

/// The two programs.
fn commands(case: &Case, dir: &WorkDir, copy: &str) -> (Program, Program) {
    let connected =
        |program: Program, server: &Server| program.server(server).time_limit(TIME_LIMIT).current_dir(dir.path());
    let dump = connected(Program::mydumper(), source(case.product))
        .args(["-G", "-R", "-E", "-M"])
        .arg("-B")
        .arg(&case.database);
    let load = connected(Program::myloader(), target(case.product)).arg("--verify");
    let load = if case.options.renamed { load.arg("-B").arg(copy) } else { load };
    let (dump, load) = (dump.args(&case.options.dump), load.args(&case.options.load));
    let files = dir.path().join("dump");
    match case.options.stream {
        true => {
            (dump.arg("--stream").arg("-o").arg(files), load.arg("--stream").arg("-d").arg(dir.path().join("load")))
        }
        false => (dump.arg("-o").arg(&files), load.arg("-d").arg(files)),
    }
}

fn carry(case: &Case, dir: &WorkDir, copy: &str) -> Result<(), String> {
    for again in [false, true] {
        let (dump, load) = commands(case, dir, copy);
        let load = if again { load.arg("--drop-table") } else { load };
        match case.options.stream {
            true => {
                let (dumped, loaded) = pipe(dump, load);
                succeeded("mydumper", &dumped)
                    .and(succeeded("myloader", &loaded))
                    .map_err(|error| format!("{error}\nmydumper:\n{}\nmyloader:\n{}", dumped.stderr, loaded.stderr))?;
            }
            false => {
                if !again {
                    succeeded("mydumper", &dump.run())?;
                }
                succeeded("myloader", &load.run())?;
            }
        }
        if !case.options.twice {
            break;
        }
    }
    Ok(())
}

fn succeeded(program: &str, output: &Output) -> Result<(), String> {
    match output.code {
        Some(0) => Ok(()),
        code => Err(format!("{program} ended with {code:?}:\n{}", cut(&output.stderr))),
    }
}

fn shortened(differences: &[String]) -> String {
    let shown: Vec<String> = differences.iter().take(SHOWN.0).map(|line| cut(line)).collect();
    format!("{} differences:\n{}", differences.len(), shown.join("\n"))
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN.1).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}

/// Puts what is needed to understand a failure where it stays.
fn keep(case: &Case, script: &Script, dir: &WorkDir) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("random-{:?}-{}", case.product, case.seed));
    // Of an earlier run of the same seed.
    let _ = std::fs::remove_dir_all(&kept);
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("case.txt"), format!("{case:#?}\nrefused:\n{}\n", script.refused.join("\n"))).unwrap();
    std::fs::write(kept.join("make.sql"), &script.text).unwrap();
    let copied = std::process::Command::new("cp").arg("-r").arg(dir.path()).arg(kept.join("files")).status();
    assert!(copied.unwrap().success(), "{} cannot be kept", dir.path().display());
    kept
}
