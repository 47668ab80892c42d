//! Names of files: each is that of one file in one directory, or of none.

#![no_main]

use std::collections::HashSet;
use std::path::Path;

use common::backup::file_name::DumpFile;
use common::backup::table_names::{FileNames, is_plain};
use common::sql::name::QualifiedName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|names: Vec<String>| {
    let directory = Path::new("/dump");
    let mut files = FileNames::default();
    let mut given = HashSet::new();
    let mut real = HashSet::new();
    for name in names {
        if let Some(file) = DumpFile::from_name(&name) {
            assert_eq!(file.to_string(), name);
            let path = directory.join(&name);
            assert_eq!((path.parent(), path.file_name()), (Some(directory), Some(name.as_ref())));
            assert_eq!(DumpFile::from_name(&name), Some(file));
        }
        // The name that files carry is one that files may have, and nobody else's.
        if real.insert(name.clone()) {
            let carried = files.table("d", &name);
            assert!(carried == name || carried.starts_with("mydumper_"));
            assert!(given.insert(carried.to_ascii_lowercase()));
            assert!(is_plain(carried.trim_start_matches("mydumper_")));
            let file = DumpFile::from_name(&format!("d.{carried}-schema.sql")).expect("a file's name");
            assert_eq!(file.content.table().map(|table| table.table.as_str()), Some(carried.as_str()));
        }
        let shown = QualifiedName::new(name.clone(), name).to_string();
        assert!(!shown.chars().any(char::is_control));
    }
});
