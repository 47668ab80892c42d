//! Rows for the micro-benchmarks: some shapes of tables, made by a generator, the same in each run.

use std::ops::Range;

use common::sql::{Statement, StatementReader};
use mydumper_modules::rows::cells::{CellKind, Cells};
use mydumper_modules::rows::encoder::RowEncoder;
use mydumper_modules::rows::encoder::insert::{InsertEncoder, Sizes};
use mydumper_modules::rows::options::OnDuplicate;
use mydumper_modules::rows::projection::{ProjectedColumn, Projection};
use myloader_modules::rows::insert_to_load_data::literal::{ColumnFormat, ColumnKind};

/// About how many bytes the rows of a shape have: more than a core's cache, as in a dump.
const SHAPE_LENGTH: usize = 8 << 20;
/// The default of `--statement-size`.
const STATEMENT_SIZE: usize = 1_000_000;

/// A row in one buffer, as a connection has it.
pub struct Row {
    bytes: Vec<u8>,
    cells: Vec<Option<Range<usize>>>,
}

impl Cells for Row {
    #[inline]
    fn cell(&self, column: usize) -> Option<&[u8]> {
        self.bytes.get(self.cells.get(column)?.clone()?)
    }
}

impl Row {
    fn new() -> Row {
        Row { bytes: Vec::new(), cells: Vec::new() }
    }

    fn push(&mut self, cell: impl AsRef<[u8]>) -> &mut Row {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(cell.as_ref());
        self.cells.push(Some(start..self.bytes.len()));
        self
    }

    fn push_null(&mut self) -> &mut Row {
        self.cells.push(None);
        self
    }
}

/// The rows of a table.
pub struct Shape {
    /// What they are like.
    pub name: &'static str,
    /// How mydumper writes each column.
    pub cells: Vec<CellKind>,
    /// What myloader knows of each column.
    pub columns: Vec<ColumnFormat>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Shape {
    /// All shapes.
    pub fn all() -> [Shape; 3] {
        [numbers_and_dates(), short_texts(), long_texts()]
    }

    fn new(name: &'static str, columns: &[(CellKind, ColumnKind)], mut row: impl FnMut(u64) -> Row) -> Shape {
        let mut rows = Vec::new();
        let mut length = 0;
        for number in 1.. {
            let next = row(number);
            length += next.bytes.len();
            rows.push(next);
            if length >= SHAPE_LENGTH {
                break;
            }
        }
        let (cells, kinds): (Vec<_>, Vec<_>) = columns.iter().copied().unzip();
        let columns = kinds.into_iter().map(|kind| ColumnFormat { kind, nullable: true }).collect();
        Shape { name, cells, columns, rows }
    }

    /// The bytes of all cells, without lengths and separators.
    pub fn length(&self) -> u64 {
        self.rows.iter().map(|row| row.bytes.len() as u64).sum()
    }

    /// What is selected of the table.
    pub fn projection(&self) -> Projection {
        let column = |(number, kind): (usize, &CellKind)| ProjectedColumn {
            name: format!("c{number}").into(),
            expression: None,
            kind: *kind,
        };
        Projection { columns: self.cells.iter().enumerate().map(column).collect(), lists_columns: false, generated: None }
    }

    /// An encoder of INSERT statements of the default size.
    pub fn insert_encoder(&self) -> InsertEncoder {
        let sizes = Sizes { statement: STATEMENT_SIZE, packet: 16 << 20, end: b"\n;\n".as_slice().into() };
        InsertEncoder::new(Vec::new(), OnDuplicate::Fail, "t", &self.projection(), sizes)
    }

    /// The file that mydumper writes of the rows.
    pub fn insert_file(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = self.insert_encoder();
        for row in &self.rows {
            encoder.push(row, &mut file).expect("memory takes all");
        }
        encoder.finish(&mut file).expect("memory takes all");
        file
    }
}

/// Calls `each` with the statements of a file.
pub fn for_each_statement(file: &[u8], mut each: impl FnMut(Statement<'_>)) {
    let mut reader = StatementReader::new(file);
    while let Some(statement) = reader.next_statement().expect("mydumper wrote the file") {
        each(statement);
    }
}

/// TPC-H's lineitem: half of the columns are numbers, the others dates and short texts without escapes.
fn numbers_and_dates() -> Shape {
    use CellKind::{Number, Text};
    let number = (Number, ColumnKind::Integer);
    let decimal = (Number, ColumnKind::Decimal);
    let text = (Text, ColumnKind::Text);
    let columns = [[number; 4], [decimal; 4], [text; 4], [text; 4]].concat();
    let mut random = Random(1);
    Shape::new("numbers and dates", &columns, |line| {
        let mut row = Row::new();
        row.push((line / 4).to_string());
        row.push(random.below(200_000).to_string());
        row.push(random.below(10_000).to_string());
        row.push((line % 4).to_string());
        row.push(format!("{}.00", random.below(50)));
        row.push(format!("{}.{:02}", random.below(100_000), random.below(100)));
        row.push(format!("0.{:02}", random.below(11)));
        row.push(format!("0.{:02}", random.below(9)));
        row.push(["A", "N", "R"][random.index(3)]);
        row.push(["F", "O"][random.index(2)]);
        for _ in 0..3 {
            row.push(format!("199{}-{:02}-{:02}", random.below(9), 1 + random.below(12), 1 + random.below(28)));
        }
        row.push(["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"][random.index(4)]);
        row.push(["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"][random.index(7)]);
        row.push(random.text(2, 7));
        row
    })
}

/// Customers: texts of a few words, some of them NULL, some with an apostrophe.
fn short_texts() -> Shape {
    let columns = [
        (CellKind::Counter, ColumnKind::Integer),
        (CellKind::Text, ColumnKind::Text),
        (CellKind::Text, ColumnKind::Text),
        (CellKind::Text, ColumnKind::Text),
        (CellKind::Enum, ColumnKind::Enum),
        (CellKind::Text, ColumnKind::Text),
    ];
    let mut random = Random(2);
    Shape::new("short texts", &columns, |number| {
        let mut row = Row::new();
        row.push(number.to_string());
        row.push(format!("{}{number}@example.com", random.word()));
        row.push(if random.below(8) == 0 { "Aoife O'Brien".to_owned() } else { random.text(2, 3) });
        row.push(["Zürich", "København", "Łódź", "Dublin", "São Paulo"][random.index(5)]);
        row.push(["new", "active", "closed"][random.index(3)]);
        if random.below(3) == 0 {
            row.push_null()
        } else {
            row.push(random.text(1, 8))
        };
        row
    })
}

/// Articles of 1 to 8 KB: a quote, a line break or a backslash about every 40 bytes.
fn long_texts() -> Shape {
    let columns = [(CellKind::Counter, ColumnKind::Integer), (CellKind::Text, ColumnKind::Text)];
    let mut random = Random(3);
    Shape::new("long texts", &columns, |number| {
        let mut text = String::new();
        for _ in 0..random.in_range(25, 200) {
            text.push_str(&random.text(4, 8));
            text.push_str(["\n", "\r\n", " \"quoted\" ", "'s ", "\\n", "\t"][random.index(6)]);
        }
        let mut row = Row::new();
        row.push(number.to_string()).push(text);
        row
    })
}

/// Numbers of a linear congruential generator, with the constants of Knuth's MMIX.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn in_range(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 12] = [
            "a",
            "of",
            "the",
            "book",
            "quick",
            "silent",
            "requests",
            "accounts",
            "carefully",
            "above",
            "regular",
            "über",
        ];
        WORDS[self.index(WORDS.len())]
    }

    /// Some words, at least `from` and at most `to`.
    fn text(&mut self, from: u64, to: u64) -> String {
        let words: Vec<&str> = (0..self.in_range(from, to)).map(|_| self.word()).collect();
        words.join(" ")
    }
}
