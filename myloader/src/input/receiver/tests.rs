//! The receiver on streams made by hand, whole and broken, without a server.

use super::*;
use common::backup::metadata::{ConfigSection, end, head};
use common::container::Encoder;
use common::container::mydumper::MydumperEncoder;
use common::store::local::LocalDirectory;
use proptest::prelude::*;
use std::fs;

/// A member with content and checksum.
fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (size, crc32c) = (Some(content.len() as u64), Some(crc32c::crc32c(content)));
    let member = Member { name: name.to_owned(), size, crc32c, elsewhere: None };
    MydumperEncoder.begin(&member, &mut bytes).unwrap();
    bytes.extend_from_slice(content);
    bytes
}

fn store(directory: &tempfile::TempDir) -> Arc<dyn Store> {
    Arc::new(LocalDirectory::at(directory.path()))
}

fn metadata() -> Vec<u8> {
    let text = head("2026-11-21 03:05:30", "", false, &[]) + &ConfigSection::default().tail();
    end(text, "2026-11-21 03:05:31").into_bytes()
}

/// A small stream whose rows look like headers.
fn small_stream() -> Vec<u8> {
    [
        member("metadata.header", head("2026-11-21 03:05:30", "", false, &[]).as_bytes()),
        member("d-schema-create.sql", b"CREATE DATABASE d;\n"),
        member("d.t.00000.sql", b"INSERT INTO `t` VALUES('\n-- d.t.00001.sql 5\nhello\n-- metadata 0\n');\n"),
        member("metadata", &metadata()),
    ]
    .concat()
}

/// The names of the files that a stream brings, and how it ends.
fn receive(stream: &[u8]) -> (Vec<String>, Result<(), Error>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new(stream, store(&directory), true, |_: &DumpFile| true);
    let mut files = Vec::new();
    let result = loop {
        match receiver.next_event() {
            Ok(Event::Metadata(_) | Event::Definitions(_)) => {}
            Ok(Event::File(file, bytes)) => {
                assert_eq!(fs::metadata(directory.path().join(file.to_string())).unwrap().len(), bytes);
                files.push(file.to_string());
            }
            Ok(Event::End(..)) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let mut on_disk: Vec<String> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    on_disk.sort();
    let mut sorted = files.clone();
    sorted.sort();
    assert_eq!(on_disk, sorted, "what is on the disk is what was reported");
    (files, result, directory)
}

fn message(stream: &[u8]) -> String {
    receive(stream).1.unwrap_err().to_string()
}

#[test]
fn a_whole_stream_brings_its_files_even_if_they_look_like_headers() {
    let (files, result, directory) = receive(&small_stream());
    assert!(result.is_ok());
    assert_eq!(files, ["d-schema-create.sql", "d.t.00000.sql"]);
    assert_eq!(
        fs::read(directory.path().join("d.t.00000.sql")).unwrap(),
        b"INSERT INTO `t` VALUES('\n-- d.t.00001.sql 5\nhello\n-- metadata 0\n');\n"
    );
}

#[test]
fn a_stream_cut_at_any_byte_is_never_whole() {
    let stream = small_stream();
    for length in 0..stream.len() {
        let text = message(&stream[..length]);
        let expected = if length == 0 { "the stream is empty" } else { "the stream was cut short at byte " };
        assert!(text.starts_with(expected), "cut at {length}: {text}");
        if length > 0 {
            assert!(text.contains(&format!("at byte {length}, ")), "cut at {length}: {text}");
        }
    }
}

#[test]
fn a_changed_bit_anywhere_is_an_error() {
    let stream = small_stream();
    for position in 0..stream.len() {
        for bit in 0..8 {
            let mut changed = stream.clone();
            changed[position] ^= 1 << bit;
            // A changed name of a file can be another good name; what then is missing, the row counts and the
            // scheduler tell. A changed case of a digit of the checksum changes nothing.
            if let (files, Ok(()), _) = receive(&changed) {
                let same_checksum = changed.eq_ignore_ascii_case(&stream);
                assert!(
                    same_checksum || files != ["d-schema-create.sql", "d.t.00000.sql"],
                    "bit {bit} of byte {position}"
                );
            }
        }
    }
}

#[test]
fn bytes_that_are_missing_or_too_many_are_an_error() {
    let stream = small_stream();
    for position in 0..stream.len() {
        let without = [&stream[..position], &stream[position + 1..]].concat();
        let with = [&stream[..position], b"x", &stream[position..]].concat();
        for changed in [without, with] {
            if let (files, Ok(()), _) = receive(&changed) {
                assert_ne!(files, ["d-schema-create.sql", "d.t.00000.sql"], "at byte {position}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let whole = small_stream();
    let with = |member: &[u8]| [member, &whole].concat();
    for (stream, expected) in [
        (
            b"\n-- a\0b 3\nabc".to_vec(),
            "the stream has a member \"a\\0b\" at byte 0, which is not a file of a dump: nothing is written for it",
        ),
        (
            member("../d.t.00000.sql", b""),
            "the stream has a member \"../d.t.00000.sql\" at byte 0, which is not a file of a dump: nothing is written for it",
        ),
        (
            member("/d.t.00000.sql", b""),
            "the stream has a member \"/d.t.00000.sql\" at byte 0, which is not a file of a dump: nothing is written for it",
        ),
        (
            member("..", b""),
            "the stream has a member \"..\" at byte 0, which is not a file of a dump: nothing is written for it",
        ),
        (
            b"\n--  5\nhello".to_vec(),
            "the stream has a member \"\" at byte 0, which is not a file of a dump: nothing is written for it",
        ),
        (
            with(&member("d.t.00000.sql", b"x")),
            "the stream has the member d.t.00000.sql twice, again at byte 265: two dumps were mixed",
        ),
        (
            b"\n-- d.t.00000.sql 99999999999999999999\n".to_vec(),
            "the stream is damaged at byte 0, after the beginning: the header of \"d.t.00000.sql\" has no valid size: \"99999999999999999999\"",
        ),
        (
            b"\n-- d.t.00000.sql -1\n".to_vec(),
            "the stream is damaged at byte 0, after the beginning: the header of \"d.t.00000.sql\" has no valid size: \"-1\"",
        ),
        (
            b"\n-- d.t.00000.sql\n".to_vec(),
            "the stream is damaged at byte 0, after the beginning: expected a header `-- NAME SIZE`, found \"-- d.t.00000.sql\"",
        ),
        (
            b"garbage\n".to_vec(),
            "this is not a stream of mydumper but text that begins with \"garbage\": a program that writes to the same pipe, as a login banner, has to be silent",
        ),
        (
            [&member("d-schema-create.sql", b"x")[..], b"garbage\n"].concat(),
            "the stream is damaged at byte 43, after d-schema-create.sql: expected a header `-- NAME SIZE`, found \"garbage\"",
        ),
        (
            [&whole[..], b"\n"].concat(),
            "the stream continues at byte 584 after its final metadata: two streams were joined",
        ),
        (
            b"-- MySQL dump 10.13  Distrib 8.0.36\n--\n".to_vec(),
            "this is not a stream of mydumper but a dump of mysqldump or mariadb-dump: restore it with `myloader --mysqldump`",
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\n".to_vec(),
            "this is not a stream of mydumper but gzip data: pipe it through `gzip -dc` first",
        ),
        (
            b"\n-- metadata.header 0\n".to_vec(),
            "the stream has headers only, at metadata.header: mydumper was run with --stream=NO_STREAM or NO_STREAM_AND_NO_DELETE; give myloader that mode and the --directory with the files",
        ),
    ] {
        assert_eq!(message(&stream), expected);
    }
    let long = [b"\n-- ".to_vec(), vec![b'a'; 5000], b" 5\nhello".to_vec()].concat();
    assert!(message(&long).starts_with("the stream is damaged at byte 0"), "{}", message(&long));
}

#[test]
fn a_wrong_checksum_names_the_member() {
    let stream = b"\n-- d.t.00000.sql 1 crc32c=00000000\nx";
    assert_eq!(
        message(stream),
        format!(
            "the stream's member d.t.00000.sql is damaged: its checksum is {:08x}, but 00000000 was announced",
            crc32c::crc32c(b"x")
        )
    );
}

#[test]
fn announced_files_have_to_be_there_as_they_were_announced() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("d.t.00000.sql"), "rows").unwrap();
    let next = |line: String| {
        let stream = format!("\n-- {line}\n");
        let mut receiver = Receiver::new(stream.as_bytes(), store(&directory), false, |_: &DumpFile| true);
        receiver.next_event().map(|event| format!("{event:?}")).map_err(|error| error.to_string())
    };
    let crc = crc32c::crc32c(b"rows");
    assert!(next(format!("d.t.00000.sql 0 crc32c={crc:08x} bytes=4")).is_ok());
    assert!(next("d.t.00000.sql 0".into()).is_ok());
    let error = next("d.t.00000.sql 0 bytes=5".into()).unwrap_err();
    assert!(error.ends_with("d.t.00000.sql was announced by the stream, but has 4 bytes instead of 5"), "{error}");
    let error = next("d.t.00000.sql 0 crc32c=00000000 bytes=4".into()).unwrap_err();
    assert!(error.ends_with(&format!("but its checksum is {crc:08x} instead of 00000000")), "{error}");
    let error = next("d.t.00001.sql 0".into()).unwrap_err();
    assert!(error.contains("d.t.00001.sql was announced by the stream, but cannot be read: No such file"), "{error}");
    assert_eq!(
        next("d.t.00000.sql 4".into()).unwrap_err(),
        "the stream brings the content of d.t.00000.sql: give myloader --stream=TRADITIONAL or NO_DELETE"
    );
}

proptest! {
    #[test]
    fn any_bytes_end_in_an_error_or_a_whole_stream(bytes: Vec<u8>) {
        let (_, result, _directory) = receive(&bytes);
        prop_assert!(result.is_err());
    }

    /// Members of every kind, whole and broken, in any order.
    #[test]
    fn any_members_end_in_an_error_or_a_whole_stream(
        members in prop::collection::vec(
            (
                prop::sample::select(vec!["metadata", "metadata.header", "d.t.00000.sql", "d.t.00001.sql.zst", "x", "d-schema-create.sql"]),
                prop::collection::vec(any::<u8>(), 0..40),
                prop::option::weighted(0.2, 0_u64..60),
            ),
            0..6,
        ),
    ) {
        let mut stream = Vec::new();
        let mut valid = true;
        for (name, content, size) in &members {
            let size = size.unwrap_or(content.len() as u64);
            valid &= size == content.len() as u64;
            stream.extend_from_slice(format!("\n-- {name} {size}\n").as_bytes());
            stream.extend_from_slice(content);
        }
        let (_, result, _directory) = receive(&stream);
        if result.is_ok() && valid {
            prop_assert_eq!(members.last().map(|member| member.0), Some("metadata"));
        }
    }
}
