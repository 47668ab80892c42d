//! The pure part of `load_data`.

#[path = "../../myloader/src/rows/insert_to_load_data/literal.rs"]
pub mod literal;
#[path = "../../myloader/src/rows/insert_to_load_data/output.rs"]
pub mod output;
#[path = "../../myloader/src/rows/insert_to_load_data/rows.rs"]
pub mod rows;
