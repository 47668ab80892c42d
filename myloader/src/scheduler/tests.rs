//! Jobs in the order in which they may be done, without a server.

use super::*;
use common::compression::Compression;
use common::metadata::TableEntry;

fn settings() -> Settings {
    Settings {
        filter: Filter::default(),
        target_database: None,
        max_threads_per_table: 2,
        max_threads_for_keys: 1,
        keys_after_all_tables: false,
        fail_if_table_exists: true,
        schemas: true,
        data: true,
        triggers: true,
        post: true,
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
        Job::CreateDatabase(_) | Job::UseDatabase(_) => {
            Outcome::DatabaseReady(DatabaseTarget { source: "d".into(), target: "d".into() }, BTreeSet::new())
        }
        Job::CreateTable(_, file) => {
            let table = file.content.table().unwrap().clone();
            Outcome::TableReady {
                target: TableTarget { name: QualifiedName::new("d", table.table.clone()), file: table },
                keys: vec![b"ALTER".to_vec()],
                constraints: Some(b"ALTER".to_vec()),
            }
        }
        Job::Rows(..) => Outcome::RowsLoaded(10),
        _ => Outcome::Done,
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
    for _ in 0..2 {
        let jobs = take(&mut scheduler);
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
    scheduler.metadata(whole);
    let jobs = take(&mut scheduler);
    assert_eq!(names(&jobs), ["keys of d.t"]);
    finish(&mut scheduler, &jobs).unwrap();
    assert!(take(&mut scheduler).is_empty() && !scheduler.is_finished());
    scheduler.input_ended(metadata(&[("t", 10)])).unwrap();
    assert_eq!(run(&mut scheduler).unwrap(), [vec!["foreign keys of d.t"]]);
}

#[test]
fn foreign_keys_are_added_one_at_a_time_and_after_all_keys() {
    let mut scheduler = Scheduler::new(Settings { keys_after_all_tables: true, ..settings() });
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql", "d.a.00000.sql"]);
    scheduler.input_ended(metadata(&[("a", 10), ("b", 0)])).unwrap();
    assert_eq!(
        run(&mut scheduler).unwrap(),
        [
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

#[test]
fn rows_that_are_missing_or_too_many_end_the_restore() {
    for (expected, message) in [
        (11, "the restore is not complete: table d.t has 10 rows of the dump's 11"),
        (9, "the restore is not complete: table d.t has 10 rows of the dump's 9"),
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
        "the restore is not complete: table d.lost has 0 rows of the dump's 3"
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
    let database = take(&mut scheduler);
    finish(&mut scheduler, &database).unwrap();
    let created = take(&mut scheduler).remove(0);
    let error = scheduler.done(&created, Outcome::TableSkipped).unwrap_err();
    assert_eq!(error.to_string(), "the restore is not complete: table d.t has 0 rows of the dump's 10");
}

#[test]
fn views_are_tried_until_none_is_left_or_nothing_changes() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema-view.sql", "d.b-schema-view.sql"]);
    scheduler.input_ended(Metadata::default()).unwrap();
    let jobs = take(&mut scheduler);
    finish(&mut scheduler, &jobs).unwrap();
    let views = take(&mut scheduler);
    assert_eq!(names(&views), ["d.a-schema-view.sql", "d.b-schema-view.sql"]);
    scheduler.done(&views[0], Outcome::ViewPostponed("b is missing".into())).unwrap();
    scheduler.done(&views[1], Outcome::Done).unwrap();
    let again = take(&mut scheduler);
    assert_eq!(names(&again), ["d.a-schema-view.sql"]);
    let error = scheduler.done(&again[0], Outcome::ViewPostponed("c is missing".into())).unwrap_err();
    assert_eq!(error.to_string(), "views cannot be created: d.a-schema-view.sql: c is missing");
}

#[test]
fn tables_that_exist_are_found_before_any_is_created() {
    let mut scheduler = Scheduler::new(settings());
    arrive(&mut scheduler, &["d-schema-create.sql", "d.a-schema.sql", "d.b-schema.sql", "d.c-schema.sql"]);
    let database = take(&mut scheduler).remove(0);
    let existing = ["b", "c", "other"].map(str::to_owned).into();
    let ready = Outcome::DatabaseReady(DatabaseTarget { source: "d".into(), target: "d".into() }, existing);
    let error = scheduler.done(&database, ready).unwrap_err();
    assert!(
        matches!(&error, Error::TablesExist { tables } if *tables == [QualifiedName::new("d", "b"), QualifiedName::new("d", "c")]),
        "{error}"
    );
}

#[test]
fn tables_that_the_filter_leaves_out_are_not_missed() {
    let tables = Filter::names(["d.b"]).unwrap();
    let mut scheduler = Scheduler::new(Settings { filter: Filter { tables, ..Filter::default() }, ..settings() });
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
    let database = take(&mut scheduler);
    finish(&mut scheduler, &database).unwrap();
    let created = take(&mut scheduler);
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
        "the restore is not complete: the dump has 2 files, but 1 are there"
    );
}

#[test]
fn names_that_the_dump_does_not_have_are_a_mistake() {
    let with_table = Filter { tables: Filter::names(["d.nosuch"]).unwrap(), ..Filter::default() };
    let with_database = Filter { databases: vec!["nosuch".into()], ..Filter::default() };
    for (filter, message) in [
        (with_table, "the dump has no table d.nosuch: check the name"),
        (with_database, "the dump has no database nosuch: check the name"),
    ] {
        let mut scheduler = Scheduler::new(Settings { filter, ..settings() });
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
    scheduler.metadata(head);
    arrive(&mut scheduler, &["d-schema-create.sql", "d.t-schema.sql", "d.t.00000.sql"]);
    for _ in 0..2 {
        let jobs = take(&mut scheduler);
        finish(&mut scheduler, &jobs).unwrap();
    }
    assert!(take(&mut scheduler).is_empty());
    let data = DumpFile::new(file("d.t.00000.dat").content, Compression::None);
    scheduler.arrived(data, 50).unwrap();
    assert_eq!(scheduler.waiting_bytes(), 150);
    assert_eq!(names(&take(&mut scheduler)), ["d.t.00000.sql"]);
}
