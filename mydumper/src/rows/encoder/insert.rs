//! Rows as INSERT statements: `INSERT INTO t VALUES(…)`, one row a line.

use std::io::{self, Write};

use common::backup::file_name::RowsFormat;
use common::sql::{pad, quote_identifier};

use super::literal::append_cell;
use super::{RowEncoder, oversized};
use crate::rows::cells::{CellKind, Cells};
use crate::rows::options::OnDuplicate;
use crate::rows::projection::Projection;

fn verb(on_duplicate: OnDuplicate) -> &'static str {
    match on_duplicate {
        OnDuplicate::Fail => "INSERT INTO",
        OnDuplicate::Ignore => "INSERT IGNORE INTO",
        OnDuplicate::Replace => "REPLACE INTO",
    }
}

const ROW_SEPARATOR: &[u8] = b"\n,";

/// How long statements may be, in bytes, and how they end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// `--statement-size`: with several rows.
    pub statement: usize,
    /// The server's `max_allowed_packet`: with one row.
    pub packet: usize,
    /// `--statement-terminated-by`.
    pub end: Box<[u8]>,
}

/// A statement is written in blocks of about so many bytes: few enough to be in the processor's cache still when they are
/// copied into the file.
const BLOCK: usize = 64 * 1024;

/// Collects rows into statements; holds one block, or one row.
pub struct InsertEncoder {
    file_head: Vec<u8>,
    cells: Vec<CellKind>,
    sizes: Sizes,
    /// `INSERT INTO t VALUES`.
    statement_head: Vec<u8>,
    /// The part of the current statement that is not written yet.
    block: Vec<u8>,
    /// The length of the current statement without its end; 0 between statements.
    length: usize,
    longest: usize,
}

impl InsertEncoder {
    /// Files begin with `file_head`. A row that exceeds `sizes.packet` takes several statements.
    pub fn new(
        file_head: Vec<u8>,
        on_duplicate: OnDuplicate,
        table: &str,
        projection: &Projection,
        sizes: Sizes,
    ) -> InsertEncoder {
        let mut head = format!("{} {}", verb(on_duplicate), quote_identifier(table));
        if projection.lists_columns {
            let names: Vec<String> = projection.columns.iter().map(|column| quote_identifier(&column.name)).collect();
            head.push_str(&format!(" ({})", names.join(",")));
        }
        head.push_str(" VALUES");
        InsertEncoder {
            file_head,
            cells: projection.kinds(),
            sizes,
            statement_head: pad(head.as_bytes()).into_owned(),
            block: Vec::new(),
            length: 0,
            longest: 0,
        }
    }

    /// The length of the longest statement so far, in bytes.
    pub fn longest_statement(&self) -> usize {
        self.longest
    }

    fn append_row(&mut self, row: &impl Cells) {
        self.block.push(b'(');
        for (column, kind) in self.cells.iter().enumerate() {
            if column > 0 {
                self.block.push(b',');
            }
            append_cell(&mut self.block, *kind, row.cell(column));
        }
        self.block.push(b')');
    }
}

impl RowEncoder for InsertEncoder {
    const FORMAT: RowsFormat = RowsFormat::Sql;

    fn head(&self) -> &[u8] {
        &self.file_head
    }

    /// A statement ends before the first row that does not fit in it.
    fn push(&mut self, row: &impl Cells, out: &mut impl Write) -> io::Result<usize> {
        let before = self.block.len();
        self.block.extend_from_slice(if self.length > 0 { ROW_SEPARATOR } else { &self.statement_head });
        let start = self.block.len();
        self.append_row(row);
        let row_length = self.block.len() - start;
        if self.statement_head.len() + row_length + self.sizes.end.len() > self.sizes.packet {
            self.block.truncate(before);
            let earlier = self.finish(out)?;
            let (written, longest) = oversized::write(&self.statement_head, &self.cells, row, &self.sizes, out)?;
            self.longest = self.longest.max(longest);
            return Ok(earlier + written);
        }
        let length = self.length + (self.block.len() - before);
        if self.length > 0 && length + self.sizes.end.len() > self.sizes.statement {
            let row = self.block.split_off(start);
            self.block.truncate(before);
            let written = self.finish(out)?;
            self.block.extend_from_slice(&self.statement_head);
            self.block.extend_from_slice(&row);
            self.length = self.block.len();
            return Ok(written);
        }
        self.length = length;
        if self.block.len() >= BLOCK {
            out.write_all(&self.block)?;
            self.block.clear();
            self.block.shrink_to(2 * BLOCK);
        }
        Ok(0)
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<usize> {
        if self.length == 0 {
            return Ok(0);
        }
        self.block.extend_from_slice(&self.sizes.end);
        out.write_all(&self.block)?;
        self.block.clear();
        self.block.shrink_to(2 * BLOCK);
        let length = self.length + self.sizes.end.len();
        self.longest = self.longest.max(length);
        self.length = 0;
        Ok(length)
    }

    fn loading_statement(&mut self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::literal::STATEMENT_END;
    use super::super::test_rows::{FakeRow, named, unnamed};
    use super::*;
    use proptest::prelude::*;

    fn row(cells: &[Option<&str>]) -> FakeRow {
        FakeRow(cells.iter().map(|cell| cell.map(|text| text.as_bytes().to_vec())).collect())
    }

    fn sizes(statement: usize) -> Sizes {
        Sizes { statement, packet: usize::MAX, end: STATEMENT_END.into() }
    }

    #[test]
    fn a_row_that_no_packet_takes_is_put_together_in_variables() {
        use CellKind::{Hex, Number, Text, Utf8};
        let sizes = Sizes { statement: 1000, packet: 100, end: STATEMENT_END.into() };
        let mut encoder =
            InsertEncoder::new(Vec::new(), OnDuplicate::Fail, "t", &unnamed(&[Number, Text, Utf8, Hex]), sizes);
        let mut out = Vec::new();
        encoder.push(&row(&[Some("1"), Some("a"), Some("b"), None]), &mut out).unwrap();
        let (quotes, letters) = ("'".repeat(26), "é".repeat(13));
        let written =
            encoder.push(&row(&[Some("2"), Some(&quotes), Some(&letters), Some("hexahexa")]), &mut out).unwrap();
        assert_eq!(written, out.len());
        encoder.push(&row(&[Some("3"), None, None, None]), &mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        let expected = "INSERT INTO `t` VALUES(1,'a',_utf8mb4'b',NULL)\n;\n\
                        SET @mydumper_0='QUOTES'\n;\n\
                        SET @mydumper_0=CONCAT(@mydumper_0,'\\'')\n;\n\
                        SET @mydumper_0=IF(LENGTH(@mydumper_0)=26,@mydumper_0,~0+1)\n;\n\
                        SET @mydumper_1='éééééééééééé\u{fffd}'\n;\n\
                        SET @mydumper_1=CONCAT(@mydumper_1,'\u{fffd}')\n;\n\
                        SET @mydumper_1=IF(LENGTH(@mydumper_1)=26,@mydumper_1,~0+1)\n;\n\
                        SET @mydumper_2=0x6865786168657861\n;\n\
                        SET @mydumper_2=IF(LENGTH(@mydumper_2)=8,@mydumper_2,~0+1)\n;\n\
                        INSERT INTO `t` VALUES(2,@mydumper_0,CONVERT(@mydumper_1 USING utf8mb4),@mydumper_2)\n;\n\
                        SET @mydumper_0=NULL,@mydumper_1=NULL,@mydumper_2=NULL\n;\n\
                        INSERT INTO `t` VALUES(3,NULL,NULL,NULL)\n;\n";
        assert_eq!(String::from_utf8_lossy(&out), expected.replace("QUOTES", &"\\'".repeat(25)));
    }

    #[test]
    fn every_kind_of_cell() {
        use CellKind::{Double, Float, Hex, Number, Text, Utf8};
        let mut encoder = InsertEncoder::new(
            Vec::new(),
            OnDuplicate::Fail,
            "t`x",
            &named(&[("a", Number), ("b`", Float), ("c", Double), ("d", Text), ("e", Utf8), ("f", Hex), ("g", Hex)]),
            sizes(1000),
        );
        let mut out = Vec::new();
        let cells =
            [Some("-7"), Some("-0"), Some("-0"), Some("it's\n;\n"), Some("{\"é\":1}"), Some("\u{1}A"), Some("")];
        encoder.push(&row(&cells), &mut out).unwrap();
        encoder.push(&row(&[None; 7]), &mut out).unwrap();
        assert_eq!(out, b"");
        encoder.finish(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "INSERT INTO `t``x` (`a`,`b```,`c`,`d`,`e`,`f`,`g`) VALUES(-7,-1e-60,'-0','it\\'s\\n;\\n',_utf8mb4'{\"é\":1}',0x0141,'')\n\
             ,(NULL,NULL,NULL,NULL,NULL,NULL,NULL)\n;\n"
        );
    }

    #[test]
    fn a_statement_ends_before_it_grows_past_the_size() {
        // "INSERT INTO `t` VALUES(1)" has 25 bytes, a further row 5, the end 3.
        let mut encoder = InsertEncoder::new(
            Vec::new(),
            OnDuplicate::Replace,
            "t",
            &unnamed(&[CellKind::Number]),
            sizes(25 + 1 + 5 + 3),
        );
        let mut out = Vec::new();
        for number in ["1", "2", "3", "4444444444444444444444444444"] {
            encoder.push(&row(&[Some(number)]), &mut out).unwrap();
        }
        encoder.finish(&mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "REPLACE INTO `t` VALUES(1)\n,(2)\n;\nREPLACE INTO `t` VALUES(3)\n;\n\
             REPLACE INTO `t` VALUES(4444444444444444444444444444)\n;\n"
        );
        assert_eq!(encoder.longest_statement(), 26 + 27 + 3);
    }

    #[test]
    fn a_long_statement_goes_out_in_blocks_and_ends_once() {
        let mut encoder =
            InsertEncoder::new(Vec::new(), OnDuplicate::Fail, "t", &unnamed(&[CellKind::Text]), sizes(5 * BLOCK));
        let text = "x".repeat(BLOCK / 4 * 3);
        let mut out = Vec::new();
        for _ in 0..2 {
            assert_eq!(encoder.push(&row(&[Some(&text)]), &mut out).unwrap(), 0);
        }
        assert!(out.len() > BLOCK && encoder.block.is_empty());
        assert_eq!(encoder.push(&row(&[Some("last")]), &mut out).unwrap(), 0);
        let written = encoder.finish(&mut out).unwrap();
        assert_eq!(written, out.len());
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!("INSERT INTO `t` VALUES('{text}')\n,('{text}')\n,('last')\n;\n")
        );
        assert_eq!(encoder.longest_statement(), written);
    }

    proptest! {
        #[test]
        fn every_row_is_written_once_and_in_order(lengths in prop::collection::vec(0_usize..40, 0..60), size in 1_usize..200) {
            let mut encoder = InsertEncoder::new(Vec::new(), OnDuplicate::Fail, "t", &unnamed(&[CellKind::Text]), sizes(size));
            let mut out = Vec::new();
            let mut written = 0;
            for (index, length) in lengths.iter().enumerate() {
                let text = format!("{index}:{}", "x".repeat(*length));
                written += encoder.push(&row(&[Some(&text)]), &mut out).unwrap();
            }
            written += encoder.finish(&mut out).unwrap();
            prop_assert_eq!(written, out.len());
            let text = String::from_utf8(out).unwrap();
            let rows: Vec<usize> = text
                .lines()
                .filter_map(|line| line.split_once("('")?.1.split_once(':')?.0.parse().ok())
                .collect();
            prop_assert_eq!(rows, (0..lengths.len()).collect::<Vec<_>>());
            for statement in text.split_inclusive("\n;\n") {
                prop_assert!(statement.len() <= size || statement.lines().count() == 2);
            }
        }
    }
}
