//! Streams written by the encoder and broken by hand, in pieces of every length, without files.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{MydumperDecoder, MydumperEncoder};
use crate::container::{Decoder, Encoder, Ended, Error, Event, Member};

/// Rows that look like headers, and nothing.
const MEMBERS: [(&str, &[u8]); 4] = [
    ("metadata.header", b"# Started dump at: 2026-11-21 03:05:30\n"),
    ("d.t.00000.sql", b"INSERT INTO `t` VALUES('\n-- d.t.00001.sql 5\nhello\n-- metadata 0\n');\n"),
    ("d.t.00001.sql", b""),
    ("metadata", b"# Finished dump at: 2026-11-21 03:05:31\n"),
];

fn stream(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in members {
        let (size, crc32c) = (Some(content.len() as u64), Some(crc32c::crc32c(content)));
        let member = Member { name: (*name).to_owned(), size, crc32c, elsewhere: None };
        MydumperEncoder.begin(&member, &mut bytes).unwrap();
        for piece in content.chunks(7) {
            MydumperEncoder.content(piece, &mut bytes).unwrap();
        }
        MydumperEncoder.end(&mut bytes).unwrap();
    }
    bytes
}

/// A member by name and content.
type NamedContent = (String, Vec<u8>);

/// The members that came whole, in the order of their ends, from a stream given in pieces of this length.
fn decode(stream: &[u8], piece: usize) -> (Vec<NamedContent>, Result<Ended, Error>) {
    let mut decoder = MydumperDecoder::new(true);
    let (mut begun, mut whole) = (BTreeMap::new(), Vec::new());
    let mut taken = 0;
    for mut input in stream.chunks(piece) {
        loop {
            let before = input.len();
            let event = decoder.decode(&mut input);
            taken += before - input.len();
            assert_eq!(decoder.offset(), taken as u64);
            match event {
                Err(error) => return (whole, Err(error)),
                Ok(None) => break,
                Ok(Some(Event::Begin { number, member, offset })) => {
                    assert!(stream[offset as usize..].starts_with(b"\n-- "));
                    assert!(begun.insert(number, (member.name, Vec::new())).is_none());
                }
                Ok(Some(Event::Content { number, bytes })) => {
                    assert!(!bytes.is_empty());
                    begun.get_mut(&number).unwrap().1.extend_from_slice(&bytes);
                }
                Ok(Some(Event::End { number })) => whole.push(begun.remove(&number).unwrap()),
                Ok(Some(Event::Note(note))) => panic!("{note}"),
            }
        }
        assert!(input.is_empty(), "all is taken before more is asked for");
    }
    let end = decoder.end();
    assert!(begun.is_empty() || end.is_err(), "a member without an end is an error");
    (whole, end)
}

fn expected() -> Vec<(String, Vec<u8>)> {
    MEMBERS.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect()
}

#[test]
fn members_come_as_they_were_written_in_pieces_of_any_length() {
    let stream = stream(&MEMBERS);
    for piece in 1..=stream.len() {
        assert_eq!(decode(&stream, piece), (expected(), Ok(Ended::Whole)), "in pieces of {piece}");
    }
    assert_eq!(decode(b"", 1), (vec![], Ok(Ended::Whole)));
}

#[test]
fn a_member_ends_without_another_byte() {
    let stream = stream(&MEMBERS[..1]);
    let mut decoder = MydumperDecoder::new(true);
    let mut input = &stream[..];
    let mut events = 0;
    while decoder.decode(&mut input).unwrap().is_some() {
        events += 1;
    }
    assert_eq!((events, input), (3, &b""[..]));
}

#[test]
fn a_stream_cut_within_a_member_is_an_error_at_that_byte() {
    let stream = stream(&MEMBERS);
    let ends: Vec<usize> = (0..=MEMBERS.len()).map(|count| self::stream(&MEMBERS[..count]).len()).collect();
    for length in 0..=stream.len() {
        let (whole, end) = decode(&stream[..length], 5);
        match ends.iter().position(|end| *end == length) {
            Some(count) => assert_eq!((whole.len(), end), (count, Ok(Ended::Whole))),
            None => {
                let message = end.unwrap_err().to_string();
                assert!(message.starts_with(&format!("the stream was cut short at byte {length}, in ")), "{message}");
            }
        }
    }
    let message = |length: usize| decode(&stream[..length], 9).1.unwrap_err().to_string();
    assert_eq!(message(1), "the stream was cut short at byte 1, in the header after the beginning");
    assert_eq!(
        message(ends[1] - 3),
        format!("the stream was cut short at byte {}, in metadata.header, 3 of its 39 bytes are missing", ends[1] - 3)
    );
}

#[test]
fn a_changed_bit_is_an_error_or_another_name() {
    let stream = stream(&MEMBERS);
    for position in 0..stream.len() {
        for bit in 0..8 {
            let mut changed = stream.clone();
            changed[position] ^= 1 << bit;
            // The case of a checksum's digits means nothing.
            if let (members, Ok(Ended::Whole)) = decode(&changed, 64)
                && !changed.eq_ignore_ascii_case(&stream)
            {
                let contents = |members: &[(String, Vec<u8>)]| -> Vec<Vec<u8>> {
                    members.iter().map(|(_, content)| content.clone()).collect()
                };
                assert_ne!(members, expected(), "bit {bit} of byte {position}");
                assert_eq!(contents(&members), contents(&expected()), "bit {bit} of byte {position}");
            }
        }
    }
}

#[test]
fn a_header_that_never_ends_is_not_kept() {
    for start in [&b"\n-- "[..], b"a"] {
        let endless = [start, &[b'a'; 5000]].concat();
        let (members, end) = decode(&endless, 100);
        let message = end.unwrap_err().to_string();
        assert!(members.is_empty() && message.starts_with("the stream is damaged at byte 0, after the beginning"));
    }
    // The longest that is accepted.
    let name = "n".repeat(512 - "--  1 crc32c=00000000".len());
    let longest = stream(&[(&name, b"x")]);
    assert_eq!(longest.len(), 512 + 2 + 1);
    assert_eq!(decode(&longest, 100), (vec![(name.clone(), b"x".to_vec())], Ok(Ended::Whole)));
    assert!(decode(&stream(&[(&format!("{name}n"), b"x")]), 100).1.is_err());
}

#[test]
fn a_wrong_checksum_names_the_member() {
    let found = crc32c::crc32c(b"x");
    assert_eq!(
        decode(b"\n-- d.t.00000.sql 1 crc32c=00000000\nx", 3).1,
        Err(Error::Checksum { name: "d.t.00000.sql".into(), found, announced: 0 })
    );
    // Where there is no content, the checksum is that of a file elsewhere.
    let mut decoder = MydumperDecoder::new(false);
    let mut input = &b"\n-- d.t.00000.sql 0 crc32c=00000001 bytes=5\n"[..];
    let member = Member { name: "d.t.00000.sql".into(), size: Some(0), crc32c: Some(1), elsewhere: Some(5) };
    assert_eq!(decoder.decode(&mut input), Ok(Some(Event::Begin { number: 0, member, offset: 0 })));
    assert_eq!(decoder.decode(&mut input), Ok(Some(Event::End { number: 0 })));
    assert_eq!(decoder.decode(&mut input), Ok(None));
    assert_eq!(decoder.end(), Ok(Ended::Whole));
}

#[test]
fn a_member_of_unknown_length_cannot_be_written() {
    let member = Member { name: "d.t.00000.sql".into(), size: None, crc32c: None, elsewhere: None };
    let error = MydumperEncoder.begin(&member, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "mydumper's stream gives a file's length before its content");
}

proptest! {
    #[test]
    fn any_members_come_as_they_were_written(
        members in prop::collection::vec(("[^\\n ][^\\n]{0,30}[^\\n ]", prop::collection::vec(any::<u8>(), 0..60)), 0..6),
        piece in 1_usize..80,
    ) {
        let borrowed: Vec<(&str, &[u8])> = members.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        prop_assert_eq!(decode(&stream(&borrowed), piece), (members.clone(), Ok(Ended::Whole)));
    }

    #[test]
    fn any_bytes_are_decoded_alike_in_any_pieces(bytes: Vec<u8>, piece in 1_usize..20) {
        prop_assert_eq!(decode(&bytes, piece), decode(&bytes, bytes.len().max(1)));
    }
}
