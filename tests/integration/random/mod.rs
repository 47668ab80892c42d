//! Random databases, dumped with random options, restored and compared: docs/dev/testing.md, "Random round trips".

mod case;
mod extras;
mod found;
mod objects;
mod options;
mod prng;
mod run;
mod schema;
mod text;
mod types;
mod values;

use harness::server::Product;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Seeds that are run where the environment asks for nothing else: the same in each run, so that a failure is of the
/// change that is tested.
const SEEDS: std::ops::Range<u64> = 1..41;

#[test]
fn databases_of_mariadb_come_back() {
    come_back(Product::MariaDb);
}

#[test]
fn databases_of_mysql_come_back() {
    come_back(Product::MySql);
}

fn come_back(product: Product) {
    found::has_archive(product);
    let seed = setting::<u64>("RANDOM_SEED");
    let (cases, seconds) = (setting::<usize>("RANDOM_CASES"), setting::<u64>("RANDOM_SECONDS"));
    if setting::<String>("RANDOM_PRODUCT").is_some_and(|only| !only.eq_ignore_ascii_case(&format!("{product:?}"))) {
        return;
    }
    if seed.is_some() || cases.is_some() || seconds.is_some() {
        let first = seed.unwrap_or_else(new_seed);
        let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let cases = cases.unwrap_or(if end.is_some() { usize::MAX } else { 1 });
        run::run(product, (first..).take(cases).take_while(|_| end.is_none_or(|end| Instant::now() < end)));
        return;
    }
    let tally = run::run(product, SEEDS);
    // Generators that make what no server takes would test nothing.
    assert!(tally.refused * 4 < tally.taken, "{} statements refused, {} taken", tally.refused, tally.taken);
}

/// A seed of the moment.
fn new_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_nanos() as u64 % 1_000_000_007 * 1000
}

/// A setting from the environment.
fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} cannot be read")))
}
