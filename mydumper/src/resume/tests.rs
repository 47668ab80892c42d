use super::completed::{DoneBefore, Mismatch};
use super::files;
use super::record::{CutChunk, DoneChunk, Part, Record, TableId};
use super::same_data::{Position, Source};
use crate::output::file_writer::WrittenFile;
use crate::plan::chunk::{Key, KeyColumn, KeyKind, KeyRange, Pace, Rest, Value};
use crate::plan::row_queue::{Cutting, Supply};
use common::backup::row_hash::RowHash;
use common::process::stop::Stop;
use common::store::local::LocalDirectory;
use std::sync::Arc;

fn source() -> Source {
    Source {
        server: vec![("version".into(), "9.7".into()), ("server_uuid".into(), "u".into())],
        point_in_time: true,
        position: position("bin.000009", 400, "u:1-7"),
        gtids: true,
        unlogged: Vec::new(),
        not_durable: Vec::new(),
    }
}

fn position(file: &str, offset: u64, gtid_set: &str) -> Position {
    Position { log_bin: true, file: Some(file.into()), offset: Some(offset), gtid_set: Some(gtid_set.into()) }
}

/// What is said when `change` was made to the server in between.
fn said(change: impl Fn(&mut Source)) -> String {
    said_of(&["d.myisam"], change)
}

fn said_of(other_engines: &[&str], change: impl Fn(&mut Source)) -> String {
    let (then, mut now) = (source(), source());
    change(&mut now);
    let other_engines: Vec<String> = other_engines.iter().map(|name| (*name).to_owned()).collect();
    now.proves_same_data_as(&then, &other_engines).map_or_else(|why| why.to_string(), |()| "the same".to_owned())
}

#[test]
fn at_the_same_place_of_the_same_log_data_are_the_same() {
    assert_eq!(said(|_| {}), "the same");
    // Nothing was restarted, so nothing can be lost.
    let careless = |source: &mut Source| source.not_durable = vec!["sync_binlog = 0".into()];
    assert_eq!(said(careless), "the same");
    // No GTIDs.
    let (mut then, mut now) = (source(), source());
    for source in [&mut then, &mut now] {
        (source.gtids, source.position.gtid_set) = (false, None);
    }
    assert_eq!(now.proves_same_data_as(&then, &[]), Ok(()));
    now.position = Position { gtid_set: None, ..position("bin.000010", 157, "") };
    assert_eq!(
        now.proves_same_data_as(&then, &[]).unwrap_err().to_string(),
        "the data may have changed since: the binary log stood at bin.000009:400, GTID set empty, and stands at \
         bin.000010:157, GTID set empty"
    );
}

#[test]
fn whatever_may_have_changed_the_data_is_said() {
    assert_eq!(
        said(|source| source.server[1].1 = "v".into()),
        "the server is another one, or not what it was: server_uuid was u and is v"
    );
    assert_eq!(
        said(|source| source.server.truncate(1)),
        "the server is another one, or not what it was: server_uuid was u and is "
    );
    assert_eq!(
        said(|source| source.position.log_bin = false),
        "the server has no binary log (log_bin is OFF), so nothing proves that its data did not change since"
    );
    assert_eq!(
        said(|source| source.point_in_time = false),
        "not all tables are of one point in time, so that no position of the binary log stands for them (guarantee in \
         docs/consistency.md)"
    );
    assert_eq!(
        said(|source| source.unlogged = vec!["binlog_ignore_db is shop".into()]),
        "the server changes data without writing it to its binary log: binlog_ignore_db is shop"
    );
    assert_eq!(
        said(|source| source.position = Position { file: None, gtid_set: None, ..source.position.clone() }),
        "the binary log's position is not known, so nothing proves that the data did not change since: the user lacks \
         BINLOG MONITOR (MariaDB) or REPLICATION CLIENT (MySQL)"
    );
    assert_eq!(
        said(|source| source.position = position("bin.000009", 700, "u:1-8")),
        "the data may have changed since: the binary log stood at bin.000009:400, GTID set u:1-7, and stands at \
         bin.000009:700, GTID set u:1-8"
    );
    // The log was reset, and has as many transactions again; something was written without a GTID.
    for (file, offset) in [("bin.000001", 400), ("bin.000008", 400), ("bin.000009", 500), ("bin.00009", 400)] {
        let moved = said(|source| source.position = position(file, offset, "u:1-7"));
        assert!(moved.starts_with("the data may have changed since: "), "{moved}");
    }
}

#[test]
fn a_restarted_server_must_have_kept_everything() {
    let restarted = |source: &mut Source| source.position = position("bin.1000000", 157, "u:1-7");
    assert_eq!(said_of(&[], restarted), "the same");
    assert_eq!(
        said(restarted),
        "the server was restarted since, or began a new binary log (bin.000009, now bin.1000000), which tables of other \
         engines than InnoDB do not outlive for certain: d.myisam"
    );
    let careless = |source: &mut Source| {
        restarted(source);
        source.not_durable = vec!["sync_binlog = 0".into(), "innodb_flush_log_at_trx_commit = 2".into()];
    };
    assert_eq!(
        said_of(&[], careless),
        "the server was restarted since, or began a new binary log (bin.000009, now bin.1000000), and with sync_binlog = 0 \
         and innodb_flush_log_at_trx_commit = 2 a crash may have lost what was dumped before it"
    );
    // It is not told where its log stands, and may have been restarted.
    let unseen = |source: &mut Source| {
        source.position = Position { file: None, offset: None, ..source.position.clone() };
    };
    assert_eq!(said_of(&[], unseen), "the same");
    assert!(said(unseen).contains("(bin.000009, now unknown)"), "{}", said(unseen));
    let without_gtids = |source: &mut Source| {
        restarted(source);
        source.gtids = false;
    };
    assert!(said_of(&[], without_gtids).starts_with("the data may have changed since: "));
}

fn table() -> TableId {
    TableId { file: "d.t".into(), name: "d.t".into() }
}

fn to(value: &str) -> KeyRange {
    KeyRange::default().until(&Value(value.into()))
}

fn cut(number: u64, rest: Option<Rest>) -> Record {
    Record::Cut(CutChunk { table: table(), key: "id".into(), number, range: to(&number.to_string()), rest })
}

fn done(number: u64, part: Part) -> Record {
    let (rows, longest_statement, files) = (1, 2, Vec::new());
    Record::Rows(DoneChunk { table: table(), number, part, rows, hash: RowHash::default(), longest_statement, files })
}

fn lost(number: u64) -> Record {
    Record::Lost { table: table(), number }
}

fn after(records: impl IntoIterator<Item = Record>) -> Result<DoneBefore, Mismatch> {
    let mut before = DoneBefore::default();
    records.into_iter().try_for_each(|record| before.add(record)).map(|()| before)
}

/// Numbers of chunks that are done; chunks that are not; what is left; the next chunk's number.
type State = (Vec<u64>, Vec<(u64, KeyRange)>, Option<Rest>, u64);

fn state(before: &DoneBefore) -> State {
    let key = Arc::new(Key {
        index: "PRIMARY".into(),
        columns: vec![KeyColumn { name: "id".into(), kind: KeyKind::Integer }],
    });
    let mut numbers: Vec<u64> = before.done().map(|done| done.number).collect();
    numbers.sort_unstable();
    let Supply::Cut(cutting) = before.named("d.t").unwrap().rest_of_cut(key, Pace::steady(1)) else { panic!() };
    let Cutting { unfinished, rest, next_number, .. } = *cutting;
    (numbers, unfinished.into(), rest, next_number)
}

#[test]
fn chunks_that_were_cut_and_not_dumped_are_left_and_so_is_the_rest() {
    let rest = || Some(Rest::whole_table());
    let range = |number: u64| Part::Range(to(&number.to_string()));
    let mut before = after([cut(0, rest()), cut(1, rest()), done(1, range(1)), cut(2, rest())]).unwrap();
    assert_eq!(state(&before), (vec![1], vec![(0, to("0")), (2, to("2"))], rest(), 3));
    for record in [done(0, range(0)), cut(3, None), done(2, range(2))] {
        before.add(record).unwrap();
    }
    assert_eq!(state(&before), (vec![0, 1, 2], vec![(3, to("3"))], None, 4));
    before.add(done(3, range(3))).unwrap();
    assert_eq!(state(&before), (vec![0, 1, 2, 3], vec![], None, 4));
    // Its files are gone.
    before.add(lost(2)).unwrap();
    assert_eq!(state(&before), (vec![0, 1, 3], vec![(2, to("2"))], None, 4));
    before.add(done(2, range(2))).unwrap();
    assert_eq!(state(&before).0, [0, 1, 2, 3]);
    // A table that was dumped whole, has lost its file, and is cut now.
    let before = after([done(0, Part::Whole), lost(0), cut(0, rest())]).unwrap();
    assert_eq!(state(&before), (vec![], vec![(0, to("0"))], rest(), 1));
}

#[test]
fn what_no_dump_writes_is_not_gone_on_with() {
    let rest = || Some(Rest::whole_table());
    let other = TableId { name: "d.other".into(), ..table() };
    for records in [
        vec![cut(1, rest())],
        vec![cut(0, rest()), cut(0, rest())],
        vec![cut(0, None), cut(1, None)],
        vec![cut(0, rest()), done(1, Part::Range(to("1")))],
        vec![cut(0, rest()), done(0, Part::Range(to("1")))],
        vec![cut(0, rest()), done(0, Part::Whole)],
        vec![cut(0, rest()), done(1, Part::Partition("p".into()))],
        vec![done(0, Part::Whole), done(0, Part::Whole)],
        vec![done(0, Part::Whole), cut(0, rest())],
        vec![done(1, Part::Whole)],
        vec![lost(0)],
        vec![cut(0, rest()), lost(0)],
        vec![done(0, Part::Whole), Record::Lost { table: other, number: 0 }],
    ] {
        assert_eq!(after(records.clone()).unwrap_err(), Mismatch::Journal("d.t".into()), "{records:?}");
    }
}

#[test]
fn a_file_is_kept_that_is_what_was_written_and_no_other_of_the_dump() {
    let directory = tempfile::tempdir().unwrap();
    let (path, store) = (directory.path(), LocalDirectory::at(directory.path()));
    let chunk = |number: u64, names: &[&str]| {
        let written =
            |name: &&str| WrittenFile { name: (*name).to_owned(), bytes: 6, crc32c: crc32c::crc32c(b"abcdef") };
        let files = names.iter().map(written).collect();
        DoneChunk {
            table: table(),
            number,
            part: Part::Whole,
            rows: 1,
            hash: RowHash::default(),
            longest_statement: 1,
            files,
        }
    };
    for name in ["d.t.00000.sql", "d.t.00000.dat", "d.t.00004.sql", "d-schema-create.sql", "metadata.partial", "mine"] {
        std::fs::write(path.join(name), "abcdef").unwrap();
    }
    std::fs::write(path.join("d.t.00002.sql"), "abcde").unwrap();
    std::fs::write(path.join("d.t.00003.sql"), "abcdeF").unwrap();
    let chunks = [
        chunk(0, &["d.t.00000.sql", "d.t.00000.dat"]),
        chunk(1, &["d.t.00000.sql", "d.t.00001.sql"]),
        chunk(2, &["d.t.00002.sql"]),
        chunk(3, &["d.t.00003.sql"]),
    ];
    let mut damaged = files::damaged(&store, chunks.iter(), 2, &Stop::default()).unwrap();
    damaged.sort_by_key(|(chunk, _)| chunk.number);
    let messages: Vec<(u64, String)> = damaged
        .into_iter()
        .map(|(chunk, why)| (chunk.number, why.replace(&format!("{}/", path.display()), "")))
        .collect();
    assert_eq!(
        messages,
        [
            (1, "d.t.00001.sql cannot be read: No such file or directory (os error 2)".to_owned()),
            (2, "d.t.00002.sql has 5 bytes, but 6 were written".to_owned()),
            (3, "d.t.00003.sql was changed since it was written".to_owned()),
        ]
    );
    let stop = Stop::default();
    stop.trigger();
    assert!(files::damaged(&store, chunks.iter(), 2, &stop).is_err());

    files::remove_others(&store, chunks[..1].iter()).unwrap();
    let mut left: Vec<String> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["d.t.00000.dat", "d.t.00000.sql", "metadata.partial", "mine"]);
}
