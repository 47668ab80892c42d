//! The demo: `mydumper --stream | myloader --stream` between two private MariaDB servers, and a comparison of both.

// Part of the test harness: what cannot go on ends with a panic's message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use harness::compare;
use harness::program::{self, Program};
use harness::server::{Product, Server};
use harness::shop;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    println!("== starting two private MariaDB servers");
    let source = Server::start(Product::MariaDb, &[]);
    let target = Server::start(Product::MariaDb, &[]);

    println!("== filling the first with a bookshop");
    shop::load_with_branches(&source, "shop", 30);
    // MySQL, where the scripts run too, has no sequences.
    let mut client = source.client();
    client.run("CREATE SEQUENCE shop.invoice_numbers START WITH 2024001 CACHE 20");
    client.run("SELECT NEXTVAL(shop.invoice_numbers)");

    println!("== mydumper --stream | myloader --stream");
    let dumper = Program::mydumper().server(&source);
    let dumper = dumper.args(["-B", "shop", "--triggers", "--events", "--routines", "--stream"]);
    let loader = Program::myloader().server(&target).args(["--stream", "--threads", "4"]);
    let started = Instant::now();
    let (dumper, loader) = program::pipe(dumper.show_stderr(), loader.show_stderr());
    println!("== copied in {:.1} seconds", started.elapsed().as_secs_f64());

    let mut equal = true;
    for (name, output) in [("mydumper", dumper), ("myloader", loader)] {
        if output.code != Some(0) {
            println!("{name} failed with exit code {:?}", output.code);
            equal = false;
        }
    }
    print_row_counts(&source, &target);
    for difference in compare::differences(&source, "shop", &target, "shop") {
        println!("different: {difference}");
        equal = false;
    }
    if !equal {
        return ExitCode::FAILURE;
    }
    println!("equal: every table, row, view, trigger and routine is the same on both servers");
    ExitCode::SUCCESS
}

/// A line for each table of either server with its numbers of rows; `-` where there is no such table.
fn print_row_counts(source: &Server, target: &Server) {
    let counts = |server| -> BTreeMap<String, u64> { compare::row_counts(server, "shop").into_iter().collect() };
    let (left, right) = (counts(source), counts(target));
    let shown = |count: Option<&u64>| count.map_or_else(|| "-".to_owned(), u64::to_string);
    println!("{:<20} {:>12} {:>12}", "table", "source rows", "target rows");
    for table in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
        println!("{table:<20} {:>12} {:>12}", shown(left.get(table)), shown(right.get(table)));
    }
    let total = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
    println!("{:<20} {:>12} {:>12}", "total", total(&left), total(&right));
}
