//! Jobs in the order in which they may be done, without a server.

use super::*;
use common::backup::mydumper_checksum::Kinds;
use common::backup::selection::Filter;
use common::backup::tables_list::TablesList;

use crate::jobs::committed_rows::CommittedRows;
use crate::jobs::job::KeyTiming;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::{DatabaseTarget, Existing, TableTarget};
use crate::options::Checksum;
use crate::options::{DropTable, OptimizeKeys};
use crate::tolerance::Fault;
use crate::tolerance::Tolerance;
use common::backup::metadata::TableEntry;
use common::layers::compression::Compression;
use common::sql::name::QualifiedName;

fn settings() -> SchedulerSettings {
    SchedulerSettings {
        filter: Filter::default(),
        target_database: None,
        max_threads_per_table: 2,
        max_threads_for_keys: 1,
        max_threads_for_tables: 4,
        max_threads_for_post: 4,
        optimize_keys: OptimizeKeys::AfterImportPerTable,
        drop_table: DropTable::Fail,
        drop_database: false,
        create_databases: true,
        create_tables: true,
        fire_triggers: false,
        schemas: true,
        data: true,
        accounts: false,
        triggers: true,
        post: true,
        verify: None,
        verify_only: false,
        allow_empty: false,
        tolerance: Tolerance::default(),
        checksum: Checksum::Auto,
        checksums: Kinds::default(),
        local_infile_off: false,
        counts_kept_rows: true,
        user: std::sync::Arc::new(crate::jobs::target_user::TargetUser::unknown()),
        server: "mysql-9.7.0".parse().unwrap(),
    }
}

fn file(name: &str) -> DumpFile {
    DumpFile::from_name(name).unwrap()
}

fn table(name: &str) -> TableFileName {
    TableFileName { database: "d".into(), table: name.into() }
}

fn metadata(rows: &[(&str, u64)]) -> Metadata {
    let mut metadata = Metadata::default();
    for (name, rows) in rows {
        metadata.tables.insert(table(name), TableEntry { rows: Some(*rows), ..TableEntry::default() });
    }
    metadata
}

/// Takes all jobs that can be done now.
fn take(scheduler: &mut Scheduler) -> Vec<Job> {
    std::iter::from_fn(|| scheduler.next_job()).collect()
}

fn names(jobs: &[Job]) -> Vec<String> {
    jobs.iter().map(ToString::to_string).collect()
}

/// What a worker would say of a job: every table has one key and one foreign key, every file of rows ten rows.
fn outcome(job: &Job) -> Outcome {
    match job {
        Job::FindDatabase(_) => found(Existing::default()),
        Job::UseDatabase(_) => found(existing(&[], &[])),
        Job::Check(_) => Outcome::Checked(Findings::default()),
        Job::CreateTable(_, file, _) => {
            let table = file.content.table().unwrap().clone();
            Outcome::TableReady {
                target: TableTarget {
                    name: QualifiedName::new("d", table.table.clone()),
                    file: table,
                    committed_rows: CommittedRows::default(),
                    session: Arc::default(),
                },
                keys: vec![b"ALTER".to_vec()],
                constraints: Some(b"ALTER".to_vec()),
                kept: false,
                in_order: false,
            }
        }
        Job::Rows(..) => Outcome::RowsLoaded(10),
        _ => Outcome::Done,
    }
}

/// The database is there, with these tables.
fn found(existing: Existing) -> Outcome {
    let target = DatabaseTarget { source: "d".into(), target: "d".into() };
    Outcome::DatabaseFound(target, existing, Findings::default())
}

fn existing(names: &[&str], with_triggers: &[&str]) -> Existing {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (names, with_triggers) = (set(names), set(with_triggers));
    Existing { database: true, names, with_triggers, ..Existing::default() }
}

/// Does all jobs until those are to be done whose names contain this, and takes these.
fn run_until(scheduler: &mut Scheduler, what: &str) -> Vec<Job> {
    loop {
        let jobs = take(scheduler);
        assert!(!jobs.is_empty(), "{what} never comes");
        if jobs.iter().any(|job| job.to_string() == what) {
            return jobs;
        }
        finish(scheduler, &jobs).unwrap();
    }
}

fn finish(scheduler: &mut Scheduler, jobs: &[Job]) -> Result<(), Error> {
    jobs.iter().try_for_each(|job| scheduler.done(job, outcome(job)))
}

/// Runs to the end, and says in which rounds the jobs were.
fn run(scheduler: &mut Scheduler) -> Result<Vec<Vec<String>>, Error> {
    let mut rounds = Vec::new();
    while !scheduler.is_finished() {
        let jobs = take(scheduler);
        assert!(!jobs.is_empty(), "nothing can be done, and it is not finished");
        rounds.push(names(&jobs));
        finish(scheduler, &jobs)?;
    }
    Ok(rounds)
}

fn arrive(scheduler: &mut Scheduler, names: &[&str]) {
    for name in names {
        scheduler.arrived(file(name), 100).unwrap();
    }
}

#[test]
fn a_dump_that_is_there_at_once_is_restored_in_order() {
    let mut scheduler = Scheduler::new(settings());
    arrive(
        &mut scheduler,
        &[
            "d-schema-create.sql",
            "d.t-schema-triggers.sql",
            "d.v-schema-view.sql",
            "d-schema-post.sql",
            "d.t.00000.sql",
            "d.t.00001.sql",
            "d.t.00002.sql",
            "d.t-schema.sql",
            "d.s-schema-sequence.sql",
        ],
    );
    scheduler.input_ended(metadata(&[("t", 30)])).unwrap();
    assert_eq!(
        run(&mut scheduler).unwrap(),
        [
            vec![
                "look at d-schema-create.sql",
                "look at d.t-schema-triggers.sql",
                "look at d.v-schema-view.sql",
                "look at d-schema-post.sql",
                "look at d.t-schema.sql",
            ],
            vec!["d-schema-create.sql"],
            vec!["d.s-schema-sequence.sql"],
            vec!["d.t-schema.sql"],
            // Two workers on one table at the most.
            vec!["d.t.00000.sql", "d.t.00001.sql"],
            vec!["d.t.00002.sql"],
            vec!["keys of d.t"],
            vec!["foreign keys of d.t"],
            vec!["d-schema-post.sql"],
            vec!["d.v-schema-view.sql"],
            vec!["d.t-schema-triggers.sql"],
            vec!["d-schema-post.sql"],
        ]
    );
}

#[test]
fn a_table_of_a_stream_goes_on_before_the_stream_ends() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.t-schema.sql"]);
    let jobs = take(&mut scheduler);
    finish(&mut scheduler, &jobs).unwrap();
    assert_eq!(names(&take(&mut scheduler)), [""; 0], "more definitions may come");
    scheduler.definitions_announced().unwrap();
    for expected in ["d-schema-create.sql", "d.t-schema.sql"] {
        let jobs = take(&mut scheduler);
        assert_eq!(names(&jobs), [expected]);
        finish(&mut scheduler, &jobs).unwrap();
    }
    arrive(&mut scheduler, &["d.t.00000.sql"]);
    assert_eq!(scheduler.waiting_bytes(), 100);
    let jobs = take(&mut scheduler);
    assert_eq!((names(&jobs), scheduler.waiting_bytes()), (vec!["d.t.00000.sql".to_owned()], 0));
    finish(&mut scheduler, &jobs).unwrap();
    assert_eq!(names(&take(&mut scheduler)), [""; 0], "more rows may come");
    let mut whole = metadata(&[("t", 10)]);
    whole.tables.get_mut(&table("t")).unwrap().rows_sent = true;
    scheduler.metadata(whole).unwrap();
    let jobs = take(&mut scheduler);
    assert_eq!(names(&jobs), ["keys of d.t"]);
    finish(&mut scheduler, &jobs).unwrap();
    assert!(take(&mut scheduler).is_empty() && !scheduler.is_finished());
    scheduler.input_ended(metadata(&[("t", 10)])).unwrap();
    assert_eq!(run(&mut scheduler).unwrap(), [vec!["foreign keys of d.t"]]);
}

#[test]
fn foreign_keys_are_added_one_at_a_time_and_after_all_keys() {
    let mut scheduler =
        Scheduler::new(SchedulerSettings { optimize_keys: OptimizeKeys::AfterImportAllTables, ..settings() });
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql", "d.a.00000.sql"]);
    scheduler.input_ended(metadata(&[("a", 10), ("b", 0)])).unwrap();
    assert_eq!(
        run(&mut scheduler).unwrap(),
        [
            vec!["look at d-schema-create.sql", "look at d.a-schema.sql", "look at d.b-schema.sql"],
            vec!["d-schema-create.sql"],
            vec!["d.a-schema.sql", "d.b-schema.sql"],
            vec!["d.a.00000.sql"],
            // One worker for keys, as the settings say.
            vec!["keys of d.b"],
            vec!["keys of d.a"],
            vec!["foreign keys of d.a"],
            vec!["foreign keys of d.b"],
        ]
    );
}

/// The tables that are made with their keys, of a dump whose rows arrive, or are announced, with so many bytes.
fn made_with_keys(optimize_keys: OptimizeKeys, streamed: bool, rows: &[(&str, u64)]) -> Vec<String> {
    let mut scheduler = Scheduler::new(SchedulerSettings { optimize_keys, ..settings() });
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql", "d.c-schema.sql"]);
    if streamed {
        let mut announced = Metadata::default();
        for (name, bytes) in rows {
            let table = file(name).content.table().unwrap().clone();
            let entry = TableEntry { estimated_bytes: Some(*bytes), ..TableEntry::default() };
            announced.tables.insert(table, entry);
        }
        scheduler.metadata(announced).unwrap();
        scheduler.definitions_announced().unwrap();
    } else {
        rows.iter().for_each(|(name, bytes)| scheduler.arrived(file(name), *bytes).unwrap());
        scheduler.input_ended(Metadata::default()).unwrap();
    }
    let jobs = run_until(&mut scheduler, "d.a-schema.sql");
    let with_keys = jobs.iter().filter(|job| matches!(job, Job::CreateTable(_, _, KeyTiming::WithTable)));
    with_keys.map(ToString::to_string).collect()
}

#[test]
fn tables_of_few_rows_are_made_with_their_keys() {
    let (a, c) = ("d.a-schema.sql", "d.c-schema.sql");
    let kib = 1 << 10;
    let files = [("d.b.00000.sql", 60 * kib), ("d.a.00000.sql", 64 * kib), ("d.b.00001.sql", 5 * kib)];
    assert_eq!(made_with_keys(OptimizeKeys::Auto, false, &files), [a, c]);
    let compressed = [("d.a.00000.sql.zst", 16 * kib), ("d.b.00000.sql.gz", 17 * kib), ("d.c.00000.sql", 0)];
    assert_eq!(made_with_keys(OptimizeKeys::Auto, false, &compressed), [a, c]);
    let announced = [("d.a.00000.sql", 16 * kib), ("d.b.00000.sql", 80 * kib)];
    assert_eq!(made_with_keys(OptimizeKeys::Auto, true, &announced), [a], "nothing is known of c");
    assert_eq!(made_with_keys(OptimizeKeys::Skip, false, &files), [a, "d.b-schema.sql", c]);
    for later in [OptimizeKeys::AfterImportPerTable, OptimizeKeys::AfterImportAllTables] {
        assert_eq!(made_with_keys(later, false, &files), [""; 0]);
        assert_eq!(made_with_keys(later, true, &announced), [""; 0]);
    }
}

#[test]
fn rows_that_are_missing_or_too_many_end_the_restore() {
    for (expected, message) in [
        (11, "the restore is not complete: table d.t has 10 rows, the dump has 11"),
        (9, "the restore is not complete: table d.t has 10 rows, the dump has 9"),
    ] {
        let mut scheduler = Scheduler::new(settings());
        arrive(&mut scheduler, &["d-schema-create.sql", "d.t-schema.sql", "d.t.00000.sql"]);
        scheduler.input_ended(metadata(&[("t", expected)])).unwrap();
        assert_eq!(run(&mut scheduler).unwrap_err().to_string(), message);
    }
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql"]);
    scheduler.input_ended(metadata(&[("lost", 3)])).unwrap();
    assert_eq!(
        run(&mut scheduler).unwrap_err().to_string(),
        "the restore is not complete: table d.lost has 0 rows, the dump has 3"
    );
}

#[test]
fn a_definition_that_is_missing_ends_the_restore_even_if_the_table_is_empty() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.t-schema.sql"]);
    scheduler.input_ended(metadata(&[("empty", 0), ("t", 0)])).unwrap();
    assert_eq!(
        run(&mut scheduler).unwrap_err().to_string(),
        "the restore is not complete: the file with the definition of table d.empty is missing"
    );
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d.t.00000.sql"]);
    scheduler.input_ended(metadata(&[("empty", 0), ("t", 10)])).unwrap();
    assert_eq!(run(&mut scheduler).unwrap(), [vec!["database d"], vec!["d.t.00000.sql"]]);
}

#[test]
fn rows_of_a_table_that_was_taken_for_a_stand_in_are_missed() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.t-schema.sql", "d.t.00000.sql"]);
    scheduler.input_ended(metadata(&[("t", 10)])).unwrap();
    let created = run_until(&mut scheduler, "d.t-schema.sql").remove(0);
    let error = scheduler.done(&created, Outcome::TableSkipped).unwrap_err();
    assert_eq!(error.to_string(), "the restore is not complete: table d.t has 0 rows, the dump has 10");
}

fn missing(job: &Job, why: &str) -> Outcome {
    Outcome::Postponed(vec![Rejection {
        object: job.to_string(),
        why: why.to_owned(),
        fault: Fault::Server(Some(1146)),
    }])
}

#[test]
fn views_are_tried_until_none_is_left_or_nothing_changes() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema-view.sql", "d.b-schema-view.sql"]);
    scheduler.input_ended(Metadata::default()).unwrap();
    let views = run_until(&mut scheduler, "d.a-schema-view.sql");
    assert_eq!(names(&views), ["d.a-schema-view.sql", "d.b-schema-view.sql"]);
    scheduler.done(&views[0], missing(&views[0], "b is missing")).unwrap();
    scheduler.done(&views[1], Outcome::Done).unwrap();
    let again = take(&mut scheduler);
    assert_eq!(names(&again), ["d.a-schema-view.sql"]);
    // All that follows is done, and the view named at the end.
    let error = scheduler.done(&again[0], missing(&again[0], "c is missing")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 object of the dump could not be restored, everything else is:\n  d.a-schema-view.sql: c is missing\nonce the cause \
         is fixed, restore these separately from the files named"
    );
}

#[test]
fn tables_that_exist_are_found_before_any_is_created() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql", "d.c-schema.sql"]);
    scheduler.input_ended(Metadata::default()).unwrap();
    let jobs = take(&mut scheduler);
    finish(&mut scheduler, &jobs[1..]).unwrap();
    let error = scheduler.done(&jobs[0], found(existing(&["b", "c", "other"], &[]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "already on the server: d.b, d.c; nothing was changed: choose with --drop-table what to do with existing tables"
    );
}

#[test]
fn tables_that_the_filter_leaves_out_are_not_missed() {
    let tables = TablesList::new(Filter::names(["d.b"]).unwrap());
    let mut scheduler =
        Scheduler::new(SchedulerSettings { filter: Filter { tables, ..Filter::default() }, ..settings() });
    arrive(
        &mut scheduler,
        &[
            "d-schema-create.sql",
            "d.a-schema.sql",
            "d.b-schema.sql",
            "d.a.00000.sql",
            "d.b.00000.sql",
            "d-schema-post.sql",
        ],
    );
    scheduler.input_ended(metadata(&[("a", 10), ("b", 10)])).unwrap();
    let created = run_until(&mut scheduler, "d.a-schema.sql");
    assert_eq!(names(&created), ["d.a-schema.sql", "d.b-schema.sql"]);
    scheduler.done(&created[0], Outcome::TableSkipped).unwrap();
    scheduler.done(&created[1], outcome(&created[1])).unwrap();
    assert_eq!(run(&mut scheduler).unwrap(), [vec!["d.b.00000.sql"], vec!["keys of d.b"], vec!["foreign keys of d.b"]]);
    assert_eq!(scheduler.waiting_bytes(), 0);
}

#[test]
fn any_file_that_is_missing_is_missed() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql"]);
    let mut whole = Metadata::default();
    whole.config.num_files = Some(2);
    scheduler.input_ended(whole).unwrap();
    assert_eq!(
        run(&mut scheduler).unwrap_err().to_string(),
        "the restore is not complete: the dump has 2 files, 1 found"
    );
}

#[test]
fn names_that_the_dump_does_not_have_are_a_mistake() {
    let with_table = Filter { tables: TablesList::new(Filter::names(["d.nosuch"]).unwrap()), ..Filter::default() };
    let with_database = Filter { databases: vec!["nosuch".into()], ..Filter::default() };
    for (filter, message) in [
        (with_table, "the dump has no table d.nosuch: check the name"),
        (with_database, "the dump has no database nosuch: check the name"),
    ] {
        let mut scheduler = Scheduler::new(SchedulerSettings { filter, ..settings() });
        arrive(&mut scheduler, &["d-schema-create.sql"]);
        scheduler.input_ended(metadata(&[("t", 0)])).unwrap();
        let database = take(&mut scheduler).remove(0);
        assert_eq!(scheduler.done(&database, Outcome::DatabaseSkipped).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_load_data_statement_waits_for_its_data() {
    let mut scheduler = Scheduler::new(settings());
    let mut head = Metadata::default();
    head.config.local_infile = Some(true);
    scheduler.metadata(head).unwrap();
    arrive(&mut scheduler, &["d-schema-create.sql", "d.t-schema.sql", "d.t.00000.sql"]);
    scheduler.definitions_announced().unwrap();
    for _ in 0..3 {
        let jobs = take(&mut scheduler);
        finish(&mut scheduler, &jobs).unwrap();
    }
    assert!(take(&mut scheduler).is_empty());
    let data = DumpFile::new(file("d.t.00000.dat").content, Compression::None);
    scheduler.arrived(data, 50).unwrap();
    assert_eq!(scheduler.waiting_bytes(), 150);
    assert_eq!(names(&take(&mut scheduler)), ["d.t.00000.sql"]);
}

#[test]
fn existing_tables_are_dropped_before_any_is_made() {
    let mut scheduler = Scheduler::new(SchedulerSettings { drop_table: DropTable::Drop, ..settings() });
    arrive(
        &mut scheduler,
        &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql", "d.s-schema-sequence.sql", "d.v-schema-view.sql"],
    );
    let mut whole = metadata(&[("a", 0), ("b", 0)]);
    whole.tables.insert(table("v"), TableEntry { is_view: true, ..TableEntry::default() });
    scheduler.input_ended(whole).unwrap();
    let jobs = take(&mut scheduler);
    finish(&mut scheduler, &jobs[1..]).unwrap();
    scheduler.done(&jobs[0], found(existing(&["b", "other", "s", "v"], &["b"]))).unwrap();
    let created = take(&mut scheduler);
    assert_eq!(names(&created), ["d-schema-create.sql"]);
    finish(&mut scheduler, &created).unwrap();
    let drops = take(&mut scheduler);
    assert_eq!(drops, [Job::DropExisting(["b", "s", "v"].map(|name| QualifiedName::new("d", name)).to_vec())]);
    finish(&mut scheduler, &drops).unwrap();
    assert_eq!(names(&take(&mut scheduler)), ["d.s-schema-sequence.sql"]);
}

/// What a dump comes to that has the definition of `a`, and only rows of `b`, with these objects on the server.
fn without_definition(stream: bool, settings: SchedulerSettings, existing: Existing) -> Result<Vec<Job>, Error> {
    let mut scheduler = Scheduler::new(settings);
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql"]);
    if stream {
        scheduler.metadata(metadata(&[("a", 0), ("b", 10)]))?;
        scheduler.definitions_announced()?;
    } else {
        arrive(&mut scheduler, &["d.b.00000.sql"]);
        scheduler.input_ended(metadata(&[("a", 0), ("b", 10)]))?;
    }
    let jobs = take(&mut scheduler);
    finish(&mut scheduler, &jobs[1..])?;
    scheduler.done(&jobs[0], found(existing))?;
    let mut created = take(&mut scheduler);
    if names(&created) == ["look at table d.b"] {
        finish(&mut scheduler, &created)?;
        created = take(&mut scheduler);
    }
    assert_eq!(names(&created), ["d-schema-create.sql"]);
    finish(&mut scheduler, &created)?;
    Ok(take(&mut scheduler))
}

#[test]
fn nothing_is_dropped_that_the_dump_does_not_define() {
    for stream in [false, true] {
        let drop = || SchedulerSettings { drop_table: DropTable::Drop, ..settings() };
        assert_eq!(
            without_definition(stream, drop(), existing(&["a", "b"], &["a"])).unwrap(),
            [Job::DropExisting(vec![QualifiedName::new("d", "a")])]
        );
        let triggers = without_definition(stream, drop(), existing(&["a", "b"], &["a", "b"])).unwrap_err().to_string();
        assert!(triggers.starts_with("these tables already exist and have triggers"), "{triggers}");
        assert!(triggers.contains("rows: d.b; nothing was changed"), "{triggers}");
        let view = Existing { views: ["b".to_owned()].into(), ..existing(&["b"], &[]) };
        assert_eq!(
            without_definition(stream, drop(), view).unwrap_err().to_string(),
            "these tables of the dump are views on the server, and are not created: d.b; their rows would go into other \
             tables; nothing was changed: rename or drop the views, or exclude these tables"
        );
        let whole = SchedulerSettings { drop_database: true, ..settings() };
        let refused = without_definition(stream, whole, Existing::default()).unwrap_err().to_string();
        let expected = "--drop-database would drop database d, but these tables cannot be created again: d.b; nothing";
        assert!(refused.starts_with(expected), "{refused}");
    }
}

#[test]
fn tables_whose_triggers_would_fire_end_the_restore() {
    for (drop_table, create_tables) in
        [(DropTable::None, true), (DropTable::Truncate, true), (DropTable::Delete, true), (DropTable::Fail, false)]
    {
        let with = |fire_triggers| {
            let settings = SchedulerSettings { drop_table, create_tables, fire_triggers, ..settings() };
            let mut scheduler = Scheduler::new(settings);
            arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql"]);
            scheduler.input_ended(metadata(&[("a", 0), ("b", 0)])).unwrap();
            let jobs = take(&mut scheduler);
            finish(&mut scheduler, &jobs[1..]).unwrap();
            scheduler.done(&jobs[0], found(existing(&["a", "b", "c"], &["b", "c"])))
        };
        assert_eq!(
            with(false).unwrap_err().to_string(),
            "these tables already exist and have triggers, which would fire for the dump's rows: d.b; nothing was \
             changed: drop the triggers, or let them fire with --fire-triggers"
        );
        with(true).unwrap();
    }
}

#[test]
fn tables_that_are_kept_are_emptied_when_all_are_made() {
    let mut scheduler = Scheduler::new(SchedulerSettings { drop_table: DropTable::Truncate, ..settings() });
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql", "d.a.00000.sql"]);
    scheduler.input_ended(metadata(&[("a", 10), ("b", 0)])).unwrap();
    let created = run_until(&mut scheduler, "d.a-schema.sql");
    let Outcome::TableReady { target, .. } = outcome(&created[0]) else { panic!() };
    let kept = Outcome::TableReady { target, keys: Vec::new(), constraints: None, kept: true, in_order: false };
    scheduler.done(&created[0], kept).unwrap();
    assert_eq!(names(&take(&mut scheduler)), [""; 0], "another table may be refused");
    scheduler.done(&created[1], outcome(&created[1])).unwrap();
    let emptied = take(&mut scheduler);
    assert_eq!(names(&emptied), ["emptying of d.a"]);
    finish(&mut scheduler, &emptied).unwrap();
    assert_eq!(names(&take(&mut scheduler)), ["keys of d.b", "d.a.00000.sql"]);
}

fn rejection(object: &str) -> Rejection {
    Rejection { object: object.to_owned(), why: "no".to_owned(), fault: Fault::Server(None) }
}

#[test]
fn all_that_the_server_refuses_is_named_before_rows_are_loaded() {
    let mut scheduler = Scheduler::new(settings());
    arrive(
        &mut scheduler,
        &[
            "d-schema-create.sql",
            "d.a-schema.sql",
            "d.b-schema.sql",
            "d.c-schema.sql",
            "d.a.00000.sql",
            "d.v-schema-view.sql",
            "d.s-schema-sequence.sql",
        ],
    );
    scheduler.input_ended(metadata(&[("a", 10), ("b", 0), ("c", 0)])).unwrap();
    for job in take(&mut scheduler) {
        let findings = |object: &str| {
            Outcome::Checked(Findings {
                rejections: vec![rejection(object)],
                changes: vec![format!("{object} changes")],
                ..Findings::default()
            })
        };
        let outcome = match job.to_string().as_str() {
            "look at d.c-schema.sql" => findings("table d.c"),
            "look at d.v-schema-view.sql" => findings("view d.v"),
            _ => outcome(&job),
        };
        scheduler.done(&job, outcome).unwrap();
    }
    assert_eq!(scheduler.take_warnings(), ["table d.c changes", "view d.v changes"]);
    assert_eq!(scheduler.take_warnings(), [""; 0]);
    let sequence = run_until(&mut scheduler, "d.s-schema-sequence.sql").remove(0);
    scheduler.done(&sequence, Outcome::Rejected(vec![rejection("sequence d.s")])).unwrap();
    let created = take(&mut scheduler);
    assert_eq!(names(&created), ["d.a-schema.sql", "d.b-schema.sql"], "what was refused is not tried");
    scheduler.done(&created[1], Outcome::Rejected(vec![rejection("table d.b")])).unwrap();
    assert_eq!(
        scheduler.done(&created[0], outcome(&created[0])).unwrap_err().to_string(),
        "the server rejects these objects of the dump, no rows were loaded:\n  sequence d.s: no\n  table d.b: no\n  \
         table d.c: no\n  view d.v: no\nchange them at the source and dump again, or exclude them"
    );
}

#[test]
fn a_refused_database_takes_its_tables_with_it_and_what_they_show_is_named() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.a.00000.sql"]);
    scheduler.input_ended(metadata(&[("a", 10)])).unwrap();
    let created = run_until(&mut scheduler, "d-schema-create.sql");
    assert_eq!(
        scheduler.done(&created[0], Outcome::Rejected(vec![rejection("database d")])).unwrap_err().to_string(),
        "the server rejects these objects of the dump, no rows were loaded:\n  database d: no\nchange them at the \
         source and dump again, or exclude them"
    );
}

#[test]
fn nothing_is_dropped_when_a_definition_shows_that_it_cannot_come_again() {
    for drop_table in [DropTable::Drop, DropTable::Truncate, DropTable::Delete] {
        let mut scheduler = Scheduler::new(SchedulerSettings { drop_table, ..settings() });
        arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql"]);
        scheduler.input_ended(metadata(&[("a", 0)])).unwrap();
        let jobs = take(&mut scheduler);
        scheduler.done(&jobs[0], outcome(&jobs[0])).unwrap();
        let findings = Findings { rejections: vec![rejection("table d.a")], ..Findings::default() };
        assert_eq!(
            scheduler.done(&jobs[1], Outcome::Checked(findings)).unwrap_err().to_string(),
            "these objects of the dump cannot be restored as they are; nothing was changed:\n  table d.a: no\nchange the \
             source or the server, or exclude them"
        );
    }
}

#[test]
fn what_a_stream_brings_after_its_rows_and_the_server_refuses_is_named_when_they_are_in() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql"]);
    scheduler.definitions_announced().unwrap();
    let created = run_until(&mut scheduler, "d.a-schema.sql");
    finish(&mut scheduler, &created).unwrap();
    arrive(&mut scheduler, &["d.a.00000.sql", "d.v-schema-view.sql"]);
    scheduler.input_ended(metadata(&[("a", 10)])).unwrap();
    let jobs = take(&mut scheduler);
    assert_eq!(names(&jobs), ["look at d.v-schema-view.sql", "d.a.00000.sql"]);
    let findings = Findings { rejections: vec![rejection("view d.v")], ..Findings::default() };
    scheduler.done(&jobs[0], Outcome::Checked(findings)).unwrap();
    finish(&mut scheduler, &jobs[1..]).unwrap();
    for expected in ["keys of d.a", "foreign keys of d.a"] {
        let jobs = take(&mut scheduler);
        assert_eq!(names(&jobs), [expected]);
        let result = finish(&mut scheduler, &jobs);
        assert_eq!(result.is_err(), expected.starts_with("foreign"));
        if let Err(error) = result {
            assert_eq!(
                error.to_string(),
                "the server rejects these objects of the dump, the other tables are restored, and nothing that \
                 comes after them:\n  view d.v: no\nchange them at the source and dump again, or exclude them"
            );
        }
    }
}
