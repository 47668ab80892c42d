//! The metadata file: what is written is read, whatever names and texts it holds.

#![no_main]

use common::backup::file_name::TableFileName;
use common::backup::metadata::{ConfigSection, Metadata, TableEntry, end, without_tables};
use common::backup::stored_files::StoredFiles;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, arbitrary::Arbitrary)]
struct Input {
    text: Vec<u8>,
    real_name: Option<String>,
    by: Option<String>,
    numbers: [Option<u64>; 3],
    flags: [bool; 3],
}

fuzz_target!(|input: Input| {
    let Input { text, real_name, by, numbers, flags } = input;
    let text = String::from_utf8_lossy(&text);
    if let Ok(metadata) = Metadata::parse(&text) {
        // Read a second time, nothing changes but what is a list.
        let mut twice = metadata.clone();
        twice.merge(&text).expect("it was read");
        assert_eq!(twice.tables, metadata.tables);
        assert_eq!(twice.config, metadata.config);
        let all = Metadata::parse(&without_tables(&text, |_| true, |_| true)).expect("lines are left out, none is changed");
        assert_eq!(all.tables, metadata.tables);
        let none = Metadata::parse(&without_tables(&text, |_| false, |_| false)).expect("lines are left out, none is changed");
        assert!(none.tables.is_empty());
        let mut absorbed = Metadata::default();
        absorbed.absorb(metadata.clone());
        assert_eq!(absorbed.tables, metadata.tables);
    }

    let table = TableFileName { database: "d".to_owned(), table: "t".to_owned() };
    let entry = TableEntry {
        real_name: real_name.filter(|name| !name.contains('\0')),
        rows: numbers[0],
        is_view: flags[0],
        is_sequence: flags[1],
        rows_sent: flags[2],
        ..TableEntry::default()
    };
    let config = ConfigSection {
        max_statement_size: numbers[1],
        num_sequences: Some(0),
        num_files: numbers[2],
        guarantee_by: by,
        ..ConfigSection::default()
    };
    let written = end(entry.to_text(&table, &StoredFiles::default()) + &config.tail(), "2026-01-01 00:00:00");
    let read = Metadata::parse(&written).expect("it was written so");
    assert_eq!(read.tables.get(&table), Some(&entry));
    assert_eq!(read.config, config);
    assert!(read.finished);
});
