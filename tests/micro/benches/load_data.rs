//! myloader: INSERT statements as lines of LOAD DATA. Throughput is in bytes of SQL.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mydumper_rs_micro::{Shape, for_each_statement};
use myloader_modules::rows::insert_to_load_data::convert::{append, head};
use myloader_modules::rows::insert_to_load_data::literal::{Literals, NotExact};
use myloader_modules::rows::insert_to_load_data::output::Output;

/// Converts each statement, and returns the number of rows.
fn convert(statements: &[Vec<u8>], shape: &Shape, literals: Literals, out: &mut Output) -> Result<u64, NotExact> {
    let mut rows = 0;
    for statement in statements {
        out.clear();
        let head = head(statement)?;
        rows += append(&statement[head.length..], &shape.columns, literals, out)?;
        black_box(out.as_bytes());
    }
    Ok(rows)
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("INSERT to LOAD DATA");
    for shape in Shape::all() {
        let mut statements = Vec::new();
        for_each_statement(&shape.insert_file(), |statement| statements.push(statement.text.to_vec()));
        group.throughput(Throughput::Bytes(statements.iter().map(|statement| statement.len() as u64).sum()));
        for (names, binary) in [("binary", true), ("utf8mb4", false)] {
            let literals = Literals { binary, ansi_quotes: false };
            let mut out = Output::default();
            // Otherwise the time would be that of finding out that a statement stays an INSERT.
            assert_eq!(convert(&statements, &shape, literals, &mut out), Ok(shape.rows.len() as u64));
            group.bench_function(BenchmarkId::new(names, shape.name), |bencher| {
                bencher.iter(|| convert(black_box(&statements), &shape, literals, &mut out));
            });
        }
    }
}

criterion_group!(load_data, benches);
criterion_main!(load_data);
