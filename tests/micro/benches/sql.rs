//! common: files cut into statements, and statements into tokens. Throughput is in bytes of SQL.

use std::hint::black_box;

use common::sql::token::{SqlDialect, Tokens};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mydumper_rs_micro::{Shape, for_each_statement};

/// Tables, views and stored programs with comments.
const DEFINITIONS: &[u8] = include_bytes!("../../fixtures/shop.sql");

fn benches(criterion: &mut Criterion) {
    let mut files = vec![("definitions", DEFINITIONS.to_vec())];
    files.extend(Shape::all().iter().map(|shape| (shape.name, shape.insert_file())));

    let mut group = criterion.benchmark_group("statements");
    for (name, file) in &files {
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                for_each_statement(file, |statement| {
                    black_box(statement.text);
                });
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("tokens");
    for (name, file) in &files {
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                for token in Tokens::new(file, SqlDialect::default()) {
                    black_box(token);
                }
            });
        });
    }
}

criterion_group!(sql, benches);
criterion_main!(sql);
