//! Which function does which job.

use crate::check::{Support, definitions, fit};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::jobs::outcome::Outcome;
use crate::objects::{accounts, databases, programs, sequences, table_keys, tables, tablespaces, triggers, views};
use crate::rows::file;
use crate::rows::insert_to_load_data::LoadDataTables;
use crate::verify::{checksums, rows};

/// What some kinds of jobs have asked the server, so that each question is asked once and not by each worker.
pub struct Caches {
    pub support: Support,
    pub load_data_tables: LoadDataTables,
}

pub fn dispatch(context: &mut Context, caches: &Caches, job: &Job) -> Result<Outcome, Error> {
    let Support { charsets, .. } = &caches.support;
    match job {
        Job::Tablespaces(file) => tablespaces::create(context, file),
        Job::CheckAccounts(file) => accounts::check(context, file),
        Job::CreateAccounts(file) => accounts::create(context, file),
        Job::GrantLater(file, grants) => accounts::grant_later(context, file, grants),
        Job::FindDatabase(file) => databases::find(context, charsets, file),
        Job::UseDatabase(name) => databases::find_by_name(context, name),
        Job::Check(file) => definitions::file(context, &caches.support, file),
        Job::Fit(table) => fit::table(context, table),
        Job::CreateDatabase(database, file) => databases::create(context, database, file),
        Job::DropExisting(names) => databases::drop_existing(context, names),
        Job::Sequence(database, file) => sequences::create(context, database, file),
        Job::CreateTable(database, file, keys) => tables::create(context, database, file, *keys),
        Job::Empty(table) => tables::empty(context, table),
        Job::Rows(table, _, file) => file::load(context, &caches.load_data_tables, table, file),
        Job::AddKeys(table, statements) => table_keys::add_keys(context, job, table, statements),
        Job::AddConstraints(table, statement) => table_keys::add_foreign_keys(context, job, table, statement),
        Job::DataChecksum(table, dumped) => checksums::of_rows(context, job, table, *dumped),
        Job::Checksums(database) => checksums::of_database(context, job, database),
        Job::Compare(comparison, part) => rows::compare(context, job, comparison, *part),
        Job::Routines(database, file) => programs::create_routines(context, database, file),
        Job::View(database, file) => views::create(context, database, file),
        Job::Triggers(database, file) => triggers::create(context, database, file),
        Job::Events(database, file) => programs::create_events(context, database, file),
    }
}
