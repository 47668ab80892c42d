//! Tests of the programs on real servers, which the harness starts.

// A panic is how a test fails, also in its helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod compatibility {
    pub mod defaults_files;
    pub mod mydumper_0_10;
    pub mod mydumper_1_0;
    pub mod options_1_0;
    pub mod peer;
    pub mod products;
    pub mod values;
}
mod consistency {
    pub mod ddl;
    pub mod locks;
    pub mod long_queries;
    pub mod point_in_time;
    pub mod under_load;
}
mod dump {
    pub mod chunks;
    pub mod compression;
    pub mod files;
    pub mod filters;
    pub mod keys;
    pub mod kinds;
    pub mod log;
    pub mod memory;
    pub mod nothing;
    pub mod partitions;
    pub mod phases;
    pub mod rows;
    pub mod small_tables;
}
mod faults {
    pub mod broken_objects;
    pub mod changed_files;
    pub mod damaged_dumps;
    pub mod dump;
    pub mod exit_codes;
    pub mod failed_dumps;
    pub mod failed_restores;
    pub mod file_checksums;
    pub mod full_disk;
    pub mod load;
    pub mod lost_connections;
    pub mod network;
    pub mod stalls;
}
mod fidelity {
    pub mod collations_and_events;
    pub mod definers;
    pub mod definitions;
    pub mod history;
    pub mod hostile_servers;
    pub mod names;
    pub mod objects;
    pub mod partition_bounds;
    pub mod programs;
    pub mod renamed;
    pub mod round_trip;
    pub mod shapes;
    pub mod tables;
    pub mod tablespaces;
}
mod harness_tests {
    pub mod compare;
    pub mod names;
    pub mod servers;
}
mod load {
    pub mod changed_values;
    pub mod drop_table;
    pub mod keep_going;
    pub mod kept_tables;
    pub mod limits;
    pub mod method;
    pub mod nothing_lost;
    pub mod other_databases;
    pub mod replaced_tables;
    pub mod retry;
    pub mod selection;
    pub mod target_privileges;
    pub mod work;
}
mod mysqldump {
    pub mod hostile;
    pub mod inputs;
    pub mod options;
}
mod options {
    pub mod commands;
    pub mod definitions;
    pub mod forms;
}
mod random;
mod resume {
    pub mod again;
    pub mod dump;
    pub mod inputs;
    pub mod load;
}
mod security {
    pub mod accounts;
    pub mod connection;
    pub mod hidden_objects;
    pub mod hostile_dumps;
    pub mod privileges;
    pub mod prompt;
    pub mod tls;
    pub mod values_in_logs;
}
mod stream {
    pub mod ends;
    pub mod modes;
    pub mod unread;
    pub mod usage;
}
mod support {
    pub mod bank;
    pub mod dump;
    pub mod fidelity;
    pub mod interrupted;
    pub mod load;
    pub mod mysqldump;
    pub mod tellers;
}
mod values {
    pub mod computed;
    pub mod large_rows;
    pub mod numbers;
    pub mod row_formats;
    pub mod text;
    pub mod time;
    pub mod types;
}
mod verify {
    pub mod checksums;
    pub mod differences;
    pub mod kinds;
}
