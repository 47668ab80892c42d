//! Values as SQL literals.

use common::sql::escape_into;
use common::sql::exact_float::NEGATIVE_ZERO;

use crate::rows::cells::CellKind;

/// The end of each statement.
pub const STATEMENT_END: &[u8] = b"\n;\n";

/// Appends a value as a literal.
#[inline]
pub fn append_cell(out: &mut Vec<u8>, kind: CellKind, cell: Option<&[u8]>) {
    let Some(bytes) = cell else {
        out.extend_from_slice(b"NULL");
        return;
    };
    match kind {
        CellKind::Number | CellKind::Counter | CellKind::EnumIndex | CellKind::SetBits => out.extend_from_slice(bytes),
        CellKind::Float if bytes == b"-0" => out.extend_from_slice(NEGATIVE_ZERO.as_bytes()),
        CellKind::Double if bytes == b"-0" => out.extend_from_slice(b"'-0'"),
        CellKind::Float | CellKind::Double => out.extend_from_slice(bytes),
        CellKind::Text | CellKind::Enum => append_string(out, bytes),
        CellKind::Utf8 => {
            out.extend_from_slice(b"_utf8mb4");
            append_string(out, bytes);
        }
        CellKind::Hex if bytes.is_empty() => out.extend_from_slice(b"''"),
        CellKind::Hex => {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.extend_from_slice(b"0x");
            out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
        }
    }
}

#[inline]
fn append_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'\'');
    escape_into(out, bytes);
    out.push(b'\'');
}
