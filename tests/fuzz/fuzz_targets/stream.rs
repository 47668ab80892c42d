//! The stream: the decoder, which finds the same members in pieces of any length, and the receiver, which stores the files that
//! were sent, whole, in its directory, and nothing else.

#![no_main]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbitrary::Arbitrary;
use common::backup::file_name::DumpFile;
use common::container::mydumper::{MydumperDecoder, MydumperEncoder};
use common::container::{self, Decoder, Encoder};
use common::process::stop::Stop;
use common::store::local::LocalDirectory;
use crossbeam_channel::unbounded;
use libfuzzer_sys::fuzz_target;
use myloader_modules::input::receiver::{Event, Receiver};

#[derive(Debug, Arbitrary)]
enum Member {
    /// A member as mydumper sends it.
    Proper { name: Name, content: Vec<u8>, checksum: Checksum },
    /// Anything.
    Bytes(Vec<u8>),
}

#[derive(Debug, Arbitrary)]
enum Name {
    Rows(u8),
    Table(u8),
    Partial(u8),
    Head,
    Metadata,
    Any(String),
}

#[derive(Debug, Arbitrary)]
enum Checksum {
    Right,
    Wrong(u32),
    None,
}

impl Name {
    fn text(&self) -> String {
        match self {
            Name::Rows(number) => format!("d.t.{number:05}.sql"),
            Name::Table(number) => format!("d.t{number}-schema.sql"),
            Name::Partial(number) => format!("metadata.partial.{number}"),
            Name::Head => "metadata.header".to_owned(),
            Name::Metadata => "metadata".to_owned(),
            Name::Any(name) => name.clone(),
        }
    }
}

/// What a stream that comes in pieces of this length means: members, each with its content and whether it ended, and how
/// the stream ended.
fn decode(stream: &[u8], piece: usize) -> (Vec<(container::Member, Vec<u8>, bool)>, Result<container::Ended, container::Error>) {
    let mut decoder = MydumperDecoder::new(true);
    let mut members = Vec::new();
    for mut input in stream.chunks(piece) {
        loop {
            match decoder.decode(&mut input) {
                Err(error) => return (members, Err(error)),
                Ok(None) => break,
                Ok(Some(container::Event::Begin { number, member, .. })) => {
                    assert_eq!(number, members.len() as u64);
                    members.push((member, Vec::new(), false));
                }
                Ok(Some(container::Event::Content { number, bytes })) => {
                    members[usize::try_from(number).unwrap()].1.extend_from_slice(&bytes);
                }
                Ok(Some(container::Event::End { number })) => members[usize::try_from(number).unwrap()].2 = true,
                Ok(Some(container::Event::Note(_))) => {}
            }
        }
        assert!(input.is_empty());
    }
    for (member, content, ended) in &members {
        assert!(!ended || member.size == Some(content.len() as u64));
    }
    (members, decoder.end())
}

/// Receives a stream into an empty directory. Returns whether its end came, and the files that were announced as there.
fn receive(stream: &[u8], directory: &Path) -> (bool, Vec<String>) {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).unwrap();
    let (sender, events) = unbounded();
    let store = Arc::new(LocalDirectory::at(directory));
    Receiver::new(stream, store, true, |_: &DumpFile| true).run(&sender, &Stop::default());
    drop(sender);
    let mut files = Vec::new();
    let mut ended = false;
    for event in events {
        match event {
            Ok(Event::File(file, length)) => {
                let path = directory.join(file.to_string());
                let metadata = fs::symlink_metadata(&path).expect("a file that was told of is there");
                assert!(metadata.is_file() && metadata.len() == length);
                assert_eq!(metadata.permissions().mode() & 0o077, 0);
                files.push(file.to_string());
            }
            Ok(Event::End(..)) => ended = true,
            Ok(_) | Err(_) => {}
        }
    }
    let mut present: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    present.sort();
    let mut told = files.clone();
    told.sort();
    assert_eq!(present, told, "only files that were told of are there");
    (ended, files)
}

fuzz_target!(|input: (Vec<Member>, u16)| {
    let (members, cut) = input;
    let mut stream = Vec::new();
    let mut proper: Option<HashMap<String, Vec<u8>>> = Some(HashMap::new());
    for member in &members {
        match member {
            Member::Proper { name, content, checksum } => {
                let crc32c = match checksum {
                    Checksum::Right => Some(crc32c::crc32c(content)),
                    Checksum::Wrong(value) => Some(*value),
                    Checksum::None => None,
                };
                let member =
                    container::Member { name: name.text(), size: Some(content.len() as u64), crc32c, elsewhere: None };
                let start = stream.len();
                MydumperEncoder.begin(&member, &mut stream).unwrap();
                if !member.name.contains('\n') && stream.len() - start <= 512 {
                    let (decoded, _) = decode(&stream[start..], 7);
                    assert_eq!(decoded.first().map(|(member, ..)| member), Some(&member));
                }
                MydumperEncoder.content(content, &mut stream).unwrap();
                MydumperEncoder.end(&mut stream).unwrap();
                if let Some(files) = &mut proper {
                    // One that comes twice is refused.
                    files.entry(member.name).or_insert_with(|| content.clone());
                }
            }
            Member::Bytes(bytes) => {
                stream.extend_from_slice(&bytes);
                proper = None;
            }
        }
    }
    assert_eq!(decode(&stream, 1 + usize::from(cut) % 100), decode(&stream, stream.len().max(1)));
    let root = PathBuf::from(format!("/dev/shm/mydumper-rs-fuzz-{}", std::process::id()));
    let directory = root.join("dump");
    let (ended, files) = receive(&stream, &directory);
    if let Some(sent) = proper {
        for file in files {
            assert_eq!(fs::read(directory.join(&file)).ok().as_ref(), sent.get(&file));
        }
    }
    // A stream that is cut is not whole.
    if ended && !stream.is_empty() {
        let (ended, _) = receive(&stream[..usize::from(cut) % stream.len()], &directory);
        assert!(!ended);
    }
    let outside: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(outside, ["dump"]);
});
