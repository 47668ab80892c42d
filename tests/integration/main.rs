//! Tests of the programs on real servers, which the harness starts.

// A panic is how a test fails, also in its helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod definers;
mod dump_chunks;
mod dump_compression;
mod dump_connection;
mod dump_consistency;
mod dump_ddl;
mod dump_failures;
mod dump_files;
mod dump_filters;
mod dump_keys;
mod dump_locks;
mod dump_long_queries;
mod dump_memory;
mod dump_partitions;
mod dump_privileges;
mod dump_rows;
mod dump_stream;
mod dump_support;
mod dump_tls;
mod fixtures;
mod harness_itself;
mod load_across;
mod load_damaged;
mod load_drop_table;
mod load_names;
mod load_objects;
mod load_peer;
mod load_programs;
mod load_proof;
mod load_proof_bank;
mod load_proof_tellers;
mod load_retry;
mod load_selection;
mod load_stopped;
mod load_support;
mod load_tables;
mod load_values;
mod load_work;
mod random;
mod round_trip;
mod row_formats;
mod stream_ends;
mod stream_modes;
mod stream_usage;
mod tablespaces;
