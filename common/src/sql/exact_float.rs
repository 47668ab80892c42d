//! FLOAT values with all their digits, and with the sign of a negative zero.

/// A number that a FLOAT rounds to a negative zero. MariaDB ignores the sign of the literal `-0`.
pub const NEGATIVE_ZERO: &str = "-1e-60";

/// Selects a FLOAT with all its digits, where the server would print six. A negative zero, which ATAN2 tells from zero,
/// is selected as [`NEGATIVE_ZERO`]. The result is a number: converted to text, MariaDB cuts it after 23 characters when
/// it sorts rows.
pub fn float_expression(operand: &str) -> String {
    format!("IF({operand}=0 AND ATAN2({operand},-1)<0,{NEGATIVE_ZERO},{operand}*1e0)")
}
