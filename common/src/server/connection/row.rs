//! Rows of the text protocol.

use std::ops::Range;
use std::sync::Arc;

/// Where a cell's bytes are, or that it is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    start: u32,
    end: u32,
}

impl Cell {
    const NULL: Cell = Cell { start: u32::MAX, end: 0 };

    /// The cell of a range; no packet is as long as a range could be.
    fn at(range: Range<usize>) -> Option<Cell> {
        Some(Cell { start: u32::try_from(range.start).ok()?, end: u32::try_from(range.end).ok()? })
    }
}

/// A row in the buffer of its connection.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) cells: &'a [Cell],
}

impl<'a> RowRef<'a> {
    /// The row's packet of the text protocol: each value after its length, and one byte for NULL. Two rows have the same
    /// packet exactly if they are equal.
    #[inline]
    pub fn packet(&self) -> &'a [u8] {
        self.bytes
    }

    /// The packet that the row would have with only its first columns.
    pub fn prefix(&self, columns: usize) -> &'a [u8] {
        let mut end = 0;
        for _ in 0..columns {
            let rest = self.bytes.get(end..).unwrap_or_default();
            end += match rest.first() {
                Some(&NULL) => 1,
                _ => length(rest).map_or(0, |(length, size)| length + size),
            };
        }
        self.bytes.get(..end).unwrap_or(self.bytes)
    }

    /// A column's bytes; `None` for NULL and for a column that does not exist.
    #[inline]
    pub fn bytes(&self, column: usize) -> Option<&'a [u8]> {
        let cell = self.cells.get(column)?;
        // NULL is a range that no slice has.
        self.bytes.get(cell.start as usize..cell.end as usize)
    }

    /// A column's text, empty for NULL. Invalid UTF-8 is replaced.
    pub fn text(&self, column: usize) -> String {
        self.bytes(column).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }

    /// A column's number, if it is one.
    pub fn number(&self, column: usize) -> Option<u64> {
        std::str::from_utf8(self.bytes(column)?).ok()?.parse().ok()
    }
}

/// Finds the cells of a row's packet. `None` if the packet is not a row.
///
/// Each value is preceded by its length, which takes one byte up to 250; 251 stands for NULL
/// (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html>).
pub(super) fn split(packet: &[u8], columns: usize, cells: &mut Vec<Cell>) -> Option<()> {
    cells.clear();
    let mut at = 0;
    for _ in 0..columns {
        let first = *packet.get(at)?;
        if first == NULL {
            cells.push(Cell::NULL);
            at += 1;
            continue;
        }
        let (length, size) = if first < NULL { (usize::from(first), 1) } else { length(packet.get(at..)?)? };
        let start = at + size;
        at = start.checked_add(length).filter(|end| *end <= packet.len())?;
        cells.push(Cell::at(start..at)?);
    }
    (at == packet.len()).then_some(())
}

/// Stands for NULL in place of a length.
const NULL: u8 = 0xfb;

/// A length-encoded integer and its size in bytes.
pub(super) fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let size = match bytes.first()? {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        0xfb | 0xff => return None,
        small => return Some((usize::from(*small), 1)),
    };
    let mut number = [0; 8];
    number[..size].copy_from_slice(bytes.get(1..=size)?);
    Some((usize::try_from(u64::from_le_bytes(number)).ok()?, size + 1))
}

/// A row that owns its bytes.
#[derive(Debug)]
pub struct Row {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    names: Arc<[String]>,
}

impl Row {
    pub(super) fn new(row: RowRef<'_>, names: Arc<[String]>) -> Row {
        Row { bytes: row.bytes.to_vec(), cells: row.cells.to_vec(), names }
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// A column's bytes; `None` for NULL and for a column that does not exist.
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.lent().bytes(column)
    }

    /// A column's text, empty for NULL. Invalid UTF-8 is replaced.
    pub fn text(&self, column: usize) -> String {
        self.lent().text(column)
    }

    /// A column's number, if it is one.
    pub fn number(&self, column: usize) -> Option<u64> {
        self.lent().number(column)
    }

    fn lent(&self) -> RowRef<'_> {
        RowRef { bytes: &self.bytes, cells: &self.cells }
    }

    /// The bytes of the column of that name: servers differ in the columns of SHOW and in their order.
    pub fn named(&self, name: &str) -> Option<&[u8]> {
        self.bytes(self.names.iter().position(|column| column.eq_ignore_ascii_case(name))?)
    }

    /// The text of the column of that name; `None` for NULL or no such column.
    pub fn named_text(&self, name: &str) -> Option<String> {
        Some(String::from_utf8_lossy(self.named(name)?).into_owned())
    }
}

/// Appends a length-encoded integer.
fn append_length(packet: &mut Vec<u8>, length: usize) {
    let bytes = (length as u64).to_le_bytes();
    match length {
        0..=250 => packet.push(bytes[0]),
        251..=0xffff => {
            packet.push(0xfc);
            packet.extend_from_slice(&bytes[..2]);
        }
        0x1_0000..=0xff_ffff => {
            packet.push(0xfd);
            packet.extend_from_slice(&bytes[..3]);
        }
        _ => {
            packet.push(0xfe);
            packet.extend_from_slice(&bytes);
        }
    }
}

/// Builds the packet of a row from its values.
#[derive(Debug, Default)]
pub(super) struct RowBuffer {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
}

impl RowBuffer {
    /// The row of these values. `None` if it is longer than 4 GiB.
    pub(super) fn fill<'a>(&mut self, row: impl Iterator<Item = Option<&'a [u8]>>) -> Option<RowRef<'_>> {
        self.bytes.clear();
        self.cells.clear();
        for value in row {
            let cell = match value {
                None => {
                    self.bytes.push(NULL);
                    Cell::NULL
                }
                Some(value) => {
                    append_length(&mut self.bytes, value.len());
                    let start = self.bytes.len();
                    self.bytes.extend_from_slice(value);
                    Cell::at(start..self.bytes.len())?
                }
            };
            self.cells.push(cell);
        }
        Some(RowRef { bytes: &self.bytes, cells: &self.cells })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(cells: &[Option<Vec<u8>>]) -> Vec<u8> {
        let mut row = RowBuffer::default();
        row.fill(cells.iter().map(Option::as_deref)).unwrap().packet().to_vec()
    }

    #[test]
    fn a_row_put_together_is_the_packet_that_the_server_sends() {
        assert_eq!(packet(&[Some(b"ab".to_vec()), None, Some(Vec::new())]), b"\x02ab\xfb\x00");
        for (length, head) in [
            (250, &b"\xfa"[..]),
            (251, b"\xfc\xfb\x00"),
            (65_535, b"\xfc\xff\xff"),
            (65_536, b"\xfd\x00\x00\x01"),
            (0xff_ffff, b"\xfd\xff\xff\xff"),
            (0x100_0000, b"\xfe\x00\x00\x00\x01\x00\x00\x00\x00"),
        ] {
            assert_eq!(packet(&[Some(vec![b'x'; length])]), [head, &vec![b'x'; length]].concat());
        }
    }

    #[test]
    fn cells_of_every_length_class() {
        let cells: Vec<Option<Vec<u8>>> = [0, 1, 250, 251, 252, 65_535, 65_536, 70_000]
            .into_iter()
            .map(|length| Some(vec![b'x'; length]))
            .chain([None])
            .collect();
        let packet = packet(&cells);
        let mut found = Vec::new();
        split(&packet, cells.len(), &mut found).unwrap();
        let row = RowRef { bytes: &packet, cells: &found };
        for (column, cell) in cells.iter().enumerate() {
            assert_eq!(row.bytes(column), cell.as_deref());
        }
        assert_eq!(row.bytes(cells.len()), None);
        let mut long = vec![0xfe];
        long.extend_from_slice(&3_u64.to_le_bytes());
        long.extend_from_slice(b"abc");
        split(&long, 1, &mut found).unwrap();
        assert_eq!(RowRef { bytes: &long, cells: &found }.bytes(0), Some(&b"abc"[..]));
    }

    proptest! {
        #[test]
        fn a_packet_that_is_cut_or_has_more_is_none(
            cells in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..300)), 1..6),
            more in 1_usize..4,
        ) {
            let whole = packet(&cells);
            let mut found = Vec::new();
            for length in 0..whole.len() {
                prop_assert_eq!(split(&whole[..length], cells.len(), &mut found), None);
            }
            let longer = [whole.clone(), vec![NULL; more]].concat();
            prop_assert_eq!(split(&longer, cells.len(), &mut found), None);
            prop_assert_eq!(split(&whole, cells.len(), &mut found), Some(()));
        }

        #[test]
        fn any_bytes_are_a_row_or_none(packet in prop::collection::vec(any::<u8>(), 0..60), columns in 0_usize..8) {
            let mut cells = Vec::new();
            if split(&packet, columns, &mut cells).is_some() {
                prop_assert_eq!(cells.len(), columns);
            }
        }
    }
}
