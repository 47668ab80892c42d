//! What the tests stand on: private servers, a client, a comparison of two databases, and runs of the programs.
//!
//! A test reads like this:
//!
//! ```no_run
//! use harness::{compare, program::{Program, WorkDir}, server::{self, Product}};
//!
//! let (source, target) = (server::source(Product::MariaDb), server::target(Product::MariaDb));
//! harness::shop::load(source, "my_test", 1);
//! let dump = WorkDir::new();
//! Program::mydumper().server(source).args(["-B", "my_test", "-o"]).arg(dump.path()).ok();
//! Program::myloader().server(target).arg("-d").arg(dump.path()).ok();
//! assert_eq!(compare::differences(source, "my_test", target, "my_test"), Vec::<String>::new());
//! ```
//!
//! Nothing here shares code with the programs, so that a mistake of theirs cannot hide itself.

// This crate supports tests only: a panic with a good message is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod compare;
pub mod detour;
pub mod peer;
pub mod program;
pub mod replica;
pub mod server;
pub mod shop;
pub mod sql;
pub mod writers;

/// A name as SQL writes it: in backticks.
pub fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as an SQL literal that means the same under every sql_mode.
pub fn quote_text(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("_utf8mb4 x'{hex}'")
}
