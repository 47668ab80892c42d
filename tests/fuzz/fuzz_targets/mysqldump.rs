//! Dumps of mysqldump: pieces of any size give the same members, each with an end; metadata comes last, with the checksums
//! of all files. A file, which is read twice, gives the same files as a pipe.

#![no_main]

use std::collections::BTreeMap;

use common::backup::file_name::DumpFile;
use common::backup::metadata::{Metadata, check_seal};
use common::container::{Decoder, Ended, Event};
use libfuzzer_sys::fuzz_target;
use myloader_modules::input::mysqldump::MysqldumpDecoder;

type Files = BTreeMap<String, Vec<u8>>;

/// The files of a dump, or why there are none.
fn split(dump: &[u8], piece: usize, twice: bool) -> Result<Files, String> {
    let mut decoder = MysqldumpDecoder::new(twice, Some("d".to_owned()));
    let (mut open, mut files) = (BTreeMap::new(), Files::new());
    let mut pieces = dump.chunks(piece);
    loop {
        let mut input = pieces.next().unwrap_or_default();
        let at_end = input.is_empty();
        while let Some(event) = decoder.decode(&mut input).map_err(|error| error.to_string())? {
            match event {
                Event::Begin { number, member, .. } => {
                    assert!(!files.contains_key("metadata") && !files.contains_key(&member.name));
                    assert!(DumpFile::from_name(&member.name).is_some());
                    assert!(open.insert(number, (member.name, Vec::new())).is_none());
                }
                Event::Content { number, bytes } => open.get_mut(&number).unwrap().1.extend_from_slice(&bytes),
                Event::End { number } => {
                    let (name, content) = open.remove(&number).unwrap();
                    assert!(files.insert(name, content).is_none());
                }
                Event::Note(_) => {}
            }
        }
        assert!(input.is_empty());
        if at_end {
            match decoder.end().map_err(|error| error.to_string())? {
                Ended::Whole => break,
                Ended::More => {}
                Ended::Again => pieces = dump.chunks(piece),
            }
        }
    }
    assert!(open.is_empty());
    Ok(files)
}

fuzz_target!(|dump: &[u8]| {
    let files = split(dump, 1 << 20, true);
    assert_eq!(split(dump, 1 + dump.len() % 13, true), files);
    let Ok(mut files) = files else { return };
    let mut piped = split(dump, 100, false).expect("a file is read as a pipe is");
    let text = String::from_utf8(files["metadata"].clone()).unwrap();
    assert!(check_seal(&text).is_ok());
    let metadata = Metadata::parse(&text).unwrap();
    assert!(metadata.finished);
    for files in [&mut files, &mut piped] {
        files.retain(|name, _| !name.starts_with("metadata."));
    }
    assert_eq!(files, piped);
    assert_eq!(metadata.files.len(), files.len() - 1);
    for (name, stored) in metadata.files.iter() {
        assert_eq!((stored.bytes, stored.crc32c), (files[name].len() as u64, crc32c::crc32c(&files[name])));
    }
});
