use super::completed::{Completed, Mismatch};
use super::record::{Begun, DoneChunk, Part, Record, SplitChunk, TableId};
use super::same_data::{Position, Source};
use super::{files, fingerprint};
use crate::output::file_writer::WrittenFile;
use crate::plan::chunk::{ChunkSize, ChunkSizing, KeyRange, Remainder, Value};
use common::backup::row_hash::RowHash;
use common::journal::Journal;
use common::process::stop::Stop;
use common::store::local::LocalDirectory;

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
        "the data may have changed since: the binary log was at bin.000009:400, GTID set empty, now it is at \
         bin.000010:157, GTID set empty"
    );
}

#[test]
fn whatever_may_have_changed_the_data_is_said() {
    assert_eq!(
        said(|source| source.server[1].1 = "v".into()),
        "this is another server, or it was changed: server_uuid was u, now it is v"
    );
    assert_eq!(
        said(|source| source.server.truncate(1)),
        "this is another server, or it was changed: server_uuid was u, now it is "
    );
    assert_eq!(
        said(|source| source.position.log_bin = false),
        "the server has no binary log (log_bin is OFF), so nothing proves that the data has not changed since"
    );
    assert_eq!(
        said(|source| source.point_in_time = false),
        "not all tables are from one point in time, so no binary log position describes them (see the guarantees in \
         docs/user/consistency.md)"
    );
    assert_eq!(
        said(|source| source.unlogged = vec!["binlog_ignore_db is shop".into()]),
        "the server changes data without writing it to its binary log: binlog_ignore_db is shop"
    );
    assert_eq!(
        said(|source| source.position = Position { file: None, gtid_set: None, ..source.position.clone() }),
        "the binary log position is unknown, so nothing proves that the data has not changed since: the user lacks \
         BINLOG MONITOR (MariaDB) or REPLICATION CLIENT (MySQL)"
    );
    assert_eq!(
        said(|source| source.position = position("bin.000009", 700, "u:1-8")),
        "the data may have changed since: the binary log was at bin.000009:400, GTID set u:1-7, now it is at \
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
        "the server was restarted or started a new binary log file since (bin.000009, now bin.1000000), and d.myisam, which \
         is not InnoDB's, may have lost rows then"
    );
    let careless = |source: &mut Source| {
        restarted(source);
        source.not_durable = vec!["sync_binlog = 0".into(), "innodb_flush_log_at_trx_commit = 2".into()];
    };
    assert_eq!(
        said_of(&[], careless),
        "the server was restarted or started a new binary log file since (bin.000009, now bin.1000000), and with \
         sync_binlog = 0 and innodb_flush_log_at_trx_commit = 2 a crash may have lost rows that are in the dump"
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

fn split(number: u64, remainder: Option<Remainder>) -> Record {
    Record::Split(SplitChunk { table: table(), key: "id".into(), number, range: to(&number.to_string()), remainder })
}

fn done(number: u64, part: Part) -> Record {
    let (rows, longest_statement, files) = (1, 2, Vec::new());
    Record::Rows(DoneChunk {
        table: table(),
        number,
        part,
        rows,
        hash: RowHash::default(),
        generated: RowHash::default(),
        longest_statement,
        files,
    })
}

fn lost(number: u64) -> Record {
    Record::Lost { table: table(), number }
}

fn after(records: impl IntoIterator<Item = Record>) -> Result<Completed, Mismatch> {
    let mut completed = Completed::default();
    records.into_iter().try_for_each(|record| completed.add(record)).map(|()| completed)
}

/// Numbers of chunks that are done; chunks that are not; what is left; the next chunk's number.
type State = (Vec<u64>, Vec<(u64, KeyRange)>, Option<Remainder>, u64);

fn state(completed: &Completed) -> State {
    let mut numbers: Vec<u64> = completed.done().map(|done| done.number).collect();
    numbers.sort_unstable();
    let table = completed.named("d.t").unwrap();
    (numbers, table.unfinished().collect(), table.remainder().cloned(), table.next_number())
}

#[test]
fn chunks_that_were_split_off_and_not_dumped_are_left_and_so_is_the_remainder() {
    let remainder = || Some(Remainder::whole_table());
    let range = |number: u64| Part::Range(to(&number.to_string()));
    let mut completed =
        after([split(0, remainder()), split(1, remainder()), done(1, range(1)), split(2, remainder())]).unwrap();
    assert_eq!(state(&completed), (vec![1], vec![(0, to("0")), (2, to("2"))], remainder(), 3));
    for record in [done(0, range(0)), split(3, None), done(2, range(2))] {
        completed.add(record).unwrap();
    }
    assert_eq!(state(&completed), (vec![0, 1, 2], vec![(3, to("3"))], None, 4));
    completed.add(done(3, range(3))).unwrap();
    assert_eq!(state(&completed), (vec![0, 1, 2, 3], vec![], None, 4));
    // Its files are gone.
    completed.add(lost(2)).unwrap();
    assert_eq!(state(&completed), (vec![0, 1, 3], vec![(2, to("2"))], None, 4));
    completed.add(done(2, range(2))).unwrap();
    assert_eq!(state(&completed).0, [0, 1, 2, 3]);
    // A table that was dumped whole, has lost its file, and is split now.
    let completed = after([done(0, Part::Whole), lost(0), split(0, remainder())]).unwrap();
    assert_eq!(state(&completed), (vec![], vec![(0, to("0"))], remainder(), 1));
}

#[test]
fn what_no_dump_writes_is_not_resumed() {
    let remainder = || Some(Remainder::whole_table());
    let other = TableId { name: "d.other".into(), ..table() };
    for records in [
        vec![split(1, remainder())],
        vec![split(0, remainder()), split(0, remainder())],
        vec![split(0, None), split(1, None)],
        vec![split(0, remainder()), done(1, Part::Range(to("1")))],
        vec![split(0, remainder()), done(0, Part::Range(to("1")))],
        vec![split(0, remainder()), done(0, Part::Whole)],
        vec![split(0, remainder()), done(1, Part::Partition("p".into()))],
        vec![done(0, Part::Whole), done(0, Part::Whole)],
        vec![done(0, Part::Whole), split(0, remainder())],
        vec![done(1, Part::Whole)],
        vec![lost(0)],
        vec![split(0, remainder()), lost(0)],
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
            generated: RowHash::default(),
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
            (3, "d.t.00003.sql has changed since it was written".to_owned()),
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

/// An interrupted dump may be resumed by a later build: these lines are a format, whatever their types are called.
#[test]
fn the_journal_s_lines_are_a_format() {
    let range = KeyRange::default().group(&Value("1".into())).starting_at(&Value("2".into())).until(&Value("3".into()));
    let remainder = Some(Remainder::whole_table());
    let begun = Begun { version: "1".into(), started: "now".into(), options: vec![], source: source() };
    let file = WrittenFile { name: "d.t.00000.sql".into(), bytes: 6, crc32c: 7 };
    let Record::Rows(rows) = done(0, Part::Partition("p".into())) else { panic!("not rows") };
    let records = [
        Record::Begun(Box::new(begun)),
        Record::Split(SplitChunk { table: table(), key: "id".into(), number: 4, range: range.clone(), remainder }),
        Record::Rows(DoneChunk { files: vec![file], ..rows.clone() }),
        Record::Rows(DoneChunk { part: Part::Range(range.after(&Value("2".into()))), ..rows.clone() }),
        Record::Rows(DoneChunk { part: Part::Whole, ..rows }),
        lost(9),
    ];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(super::JOURNAL);
    let mut journal = Journal::create(&path).unwrap();
    records.iter().for_each(|record| journal.append(record).unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once(' ')?.1)).collect();
    let rows = r#""rows":1,"hash":"00000000000000000000000000000000","longest_statement":2"#;
    let table = r#""table":{"file":"d.t","name":"d.t"}"#;
    let expected = [
        concat!(
            r#"{"Begun":{"version":"1","started":"now","options":[],"#,
            r#""source":{"server":[["version","9.7"],["server_uuid","u"]],"point_in_time":true,"#,
            r#""position":{"log_bin":true,"file":"bin.000009","offset":400,"gtid_set":"u:1-7"},"#,
            r#""gtids":true,"unlogged":[],"not_durable":[]}}}"#,
        )
        .to_owned(),
        format!(
            "{{\"Cut\":{{{table},{}}}}}",
            concat!(
                r#""key":"id","number":4,"range":{"prefix":[[49]],"from":{"At":[50]},"to":[51]},"#,
                r#""rest":[{"prefix":[],"from":null,"to":null}]"#,
            )
        ),
        format!(
            "{{\"Rows\":{{{table},\"number\":0,\"part\":{{\"Partition\":\"p\"}},{rows},{}}}}}",
            r#""files":[{"name":"d.t.00000.sql","bytes":6,"crc32c":7}]"#
        ),
        format!(
            "{{\"Rows\":{{{table},\"number\":0,\"part\":{},{rows},\"files\":[]}}}}",
            r#"{"Range":{"prefix":[[49]],"from":{"After":[50]},"to":[51]}}"#
        ),
        format!("{{\"Rows\":{{{table},\"number\":0,\"part\":\"Whole\",{rows},\"files\":[]}}}}"),
        format!("{{\"Lost\":{{{table},\"number\":9}}}}"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_size_of_chunks_is_in_the_journal_as_it_always_was() {
    assert_eq!(fingerprint::rows_per_chunk(&ChunkSizing::Automatic), "Automatic");
    let size = ChunkSize::adaptive(1, 10, 20, std::time::Duration::from_secs(2));
    assert_eq!(
        fingerprint::rows_per_chunk(&ChunkSizing::Rows(size)),
        "Rows(Pace { rows: 10, min: 1, max: 20, longest: 2s })"
    );
}
