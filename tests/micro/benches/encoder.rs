//! mydumper: rows as the bytes of a file. Throughput is in bytes of cells.

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mydumper_modules::rows::delimited_format::{DelimitedFormat, Separators};
use mydumper_modules::rows::encoder::RowEncoder;
use mydumper_modules::rows::encoder::delimited::DelimitedEncoder;
use mydumper_modules::rows::options::OnDuplicate;
use mydumper_rs_micro::{Row, Shape};

fn encode(mut encoder: impl RowEncoder, rows: &[Row]) -> usize {
    let mut out = io::sink();
    let written: usize = rows.iter().map(|row| encoder.push(black_box(row), &mut out).expect("a sink")).sum();
    written + encoder.finish(&mut out).expect("a sink")
}

fn delimited(shape: &Shape, format: &Arc<DelimitedFormat>) -> DelimitedEncoder {
    DelimitedEncoder::new(format.clone(), Vec::new(), OnDuplicate::Fail, "t", &shape.projection())
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encoder");
    let load_data = Arc::new(DelimitedFormat::load_data(&Separators::default(), false).expect("the default"));
    let csv = Arc::new(DelimitedFormat::csv(&Separators::default(), false).expect("the default"));
    for shape in Shape::all() {
        group.throughput(Throughput::Bytes(shape.length()));
        group.bench_function(BenchmarkId::new("INSERT", shape.name), |bencher| {
            bencher.iter(|| encode(shape.insert_encoder(), &shape.rows));
        });
        group.bench_function(BenchmarkId::new("LOAD DATA", shape.name), |bencher| {
            bencher.iter(|| encode(delimited(&shape, &load_data), &shape.rows));
        });
        group.bench_function(BenchmarkId::new("CSV", shape.name), |bencher| {
            bencher.iter(|| encode(delimited(&shape, &csv), &shape.rows));
        });
    }
}

criterion_group!(encoder, benches);
criterion_main!(encoder);
