//! Compressed files: what was compressed is decompressed, cut is an error, and no bytes panic or take memory without end.

#![no_main]

use std::io::{Cursor, Read, Write};

use common::layers::compression::{Compression, Compressor, decompress};
use libfuzzer_sys::fuzz_target;

/// How much is read of a file, which may be a bomb.
const MOST: u64 = 16 << 20;

fuzz_target!(|input: (u8, u16, Vec<u8>)| {
    let (method, cut, bytes) = input;
    let methods = [Compression::Gzip, Compression::Zstd, Compression::Lz4];
    let method = methods[usize::from(method) % methods.len()];
    let read = |bytes: Vec<u8>| -> std::io::Result<Vec<u8>> {
        let mut all = Vec::new();
        decompress(method, Cursor::new(bytes))?.take(MOST).read_to_end(&mut all)?;
        Ok(all)
    };
    let _ = read(bytes.clone());

    let mut compressor = Compressor::new(method, *method.levels().0.start(), Vec::new()).unwrap();
    compressor.write_all(&bytes).unwrap();
    let whole = compressor.finish().unwrap();
    assert_eq!(read(whole.clone()).unwrap(), bytes);
    let cut = usize::from(cut) % whole.len();
    if cut > 0 {
        assert!(read(whole[..cut].to_vec()).is_err(), "cut at {cut} of {}", whole.len());
    }
});
