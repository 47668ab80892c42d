//! Tests of the programs on real servers, which the harness starts.

// A panic is how a test fails, also in its helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod harness_itself;
