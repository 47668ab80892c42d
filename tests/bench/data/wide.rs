//! Long texts, bytes, and a table of many columns.

use super::random::write_escaped;
use super::{Random, Table};
use std::io::{self, Write};

/// Bytes of a file, about.
const PIECE_BYTES: u64 = 10_000_000;
/// Columns of `profile` beside its key.
const PROFILE_COLUMNS: u64 = 60;

/// A table's columns, average bytes of a row, share of the database in percent, and writer of a row.
struct Kind {
    name: &'static str,
    columns: String,
    last_column: &'static str,
    keys: &'static str,
    row_bytes: u64,
    percent: u64,
    write_row: fn(u64, &mut Random, &mut dyn Write) -> io::Result<()>,
}

pub(super) fn tables(megabytes: u64) -> Vec<Table> {
    let kinds = [
        Kind {
            name: "document",
            columns: "id BIGINT UNSIGNED NOT NULL PRIMARY KEY, title VARCHAR(200) NOT NULL, tags VARCHAR(200), \
                      body MEDIUMTEXT NOT NULL"
                .to_owned(),
            last_column: "body",
            keys: "ADD KEY by_title (title)",
            row_bytes: 4_200,
            percent: 45,
            write_row: write_document,
        },
        Kind {
            name: "attachment",
            columns: "id INT UNSIGNED NOT NULL PRIMARY KEY, document BIGINT UNSIGNED NOT NULL, \
                      checksum VARBINARY(32), content MEDIUMBLOB NOT NULL"
                .to_owned(),
            last_column: "content",
            keys: "ADD KEY by_document (document)",
            row_bytes: 16_500,
            percent: 45,
            write_row: write_attachment,
        },
        Kind {
            name: "profile",
            columns: profile_columns(),
            last_column: "c59",
            keys: "ADD KEY by_c0 (c0)",
            row_bytes: 700,
            percent: 10,
            write_row: write_profile,
        },
    ];
    kinds.into_iter().map(|kind| table(kind, megabytes)).collect()
}

fn table(kind: Kind, megabytes: u64) -> Table {
    let rows = (megabytes * 10_000 * kind.percent / kind.row_bytes).max(1);
    let rows_per_piece = PIECE_BYTES / kind.row_bytes;
    let write_row = kind.write_row;
    Table {
        name: kind.name.to_owned(),
        columns: kind.columns,
        last_column: kind.last_column,
        keys: Some(kind.keys),
        pieces: rows.div_ceil(rows_per_piece),
        write: Box::new(move |piece, random, output| {
            for id in piece * rows_per_piece + 1..=((piece + 1) * rows_per_piece).min(rows) {
                write_row(id, random, output)?;
            }
            Ok(())
        }),
    }
}

fn write_document(id: u64, random: &mut Random, output: &mut dyn Write) -> io::Result<()> {
    write!(output, "{id}\t{}\t", random.comment(20, 100))?;
    if id.is_multiple_of(10) {
        output.write_all(b"\\N")?;
    } else {
        output.write_all(random.comment(0, 100).as_bytes())?;
    }
    output.write_all(b"\t")?;
    write_escaped(output, random.prose(50, 8_000).as_bytes())?;
    output.write_all(b"\n")
}

fn write_attachment(id: u64, random: &mut Random, output: &mut dyn Write) -> io::Result<()> {
    write!(output, "{id}\t{}\t", random.within(1, id))?;
    write_escaped(output, &random.bytes(32))?;
    output.write_all(b"\t")?;
    // One in a hundred is large.
    let length = if id.is_multiple_of(100) { 400_000 } else { random.within(0, 25_000) };
    write_escaped(output, &random.bytes(length as usize))?;
    output.write_all(b"\n")
}

fn profile_columns() -> String {
    let column = |number: u64| {
        let kind = ["INT NOT NULL", "DECIMAL(12,4)", "VARCHAR(40)", "DATETIME(3)", "DOUBLE"][number as usize % 5];
        format!("c{number} {kind}")
    };
    let columns: Vec<String> = (0..PROFILE_COLUMNS).map(column).collect();
    format!("id INT NOT NULL PRIMARY KEY, {}", columns.join(", "))
}

fn write_profile(id: u64, random: &mut Random, output: &mut dyn Write) -> io::Result<()> {
    write!(output, "{id}")?;
    for number in 0..PROFILE_COLUMNS {
        output.write_all(b"\t")?;
        match number % 5 {
            0 => write!(output, "{}", random.below(1 << 31))?,
            // A tenth of the others is NULL.
            _ if random.below(10) == 0 => output.write_all(b"\\N")?,
            1 => write!(output, "-{}.{:04}", random.below(1 << 26), random.below(10_000))?,
            2 => output.write_all(random.comment(0, 40).as_bytes())?,
            3 => write!(output, "2023-06-{:02} 08:30:00.{:03}", random.within(1, 30), random.below(1_000))?,
            _ => write!(output, "{}e-3", random.below(1 << 30))?,
        }
    }
    output.write_all(b"\n")
}
