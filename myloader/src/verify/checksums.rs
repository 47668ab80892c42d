//! The checksums of what the server has, as metadata has them of the dump: read for a database at a time, whatever the
//! number of its tables.

use std::collections::BTreeMap;

use common::backup::metadata::DatabaseEntry;
use common::backup::mydumper_checksum::{Kinds, MydumperChecksum};
use common::server::connection::{Connection, RowRef, ServerError};
use common::sql::name::QualifiedName;
use common::sql::{quote_identifier, quote_string};

use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::jobs::outcome::{DatabaseSums, Outcome};
use crate::jobs::target::DatabaseTarget;
use crate::verify::rows;

/// Reads those of a database.
pub fn of_database(context: &mut Context, job: &Job, database: &DatabaseTarget) -> Result<Outcome, Error> {
    let sums = read(context, database).map_err(|source| Error::Job { job: job.to_string(), source })?;
    Ok(Outcome::Checksums(Box::new(sums)))
}

fn read(context: &mut Context, target: &DatabaseTarget) -> Result<DatabaseSums, ServerError> {
    let database = target.target.as_str();
    let kinds: Kinds = context.shared.restore.checksums;
    let server = context.shared.server;
    context.session.reset(None)?;
    if context.shared.server.is_mysql_since(8, 0, 30) {
        // As dumps have them: with primary keys that the server has generated.
        let show = "SET SESSION show_gipk_in_create_table_and_information_schema = 1";
        context.session.unchanged().execute(show)?;
    }
    // Where names are compared without regard to case, the server gives more than was asked for.
    let mut each = |wanted: bool, words: &str, view: &str, owner: &str, take: &mut dyn FnMut(RowRef<'_>)| {
        if !wanted {
            return Ok(());
        }
        let query = format!(
            "SELECT {owner}, {words} FROM information_schema.{view} WHERE {owner} = {}",
            quote_string(database)
        );
        context.session.unchanged().each(query, |row| {
            let is_of = row.bytes(0) == Some(database.as_bytes());
            if is_of || server.folds_names && server.folded(&row.text(0)) == server.folded(database) {
                take(row);
            }
        })
    };
    let mut sums = DatabaseSums::default();
    let mut words = |map: &mut BTreeMap<String, MydumperChecksum>, wanted: bool, words: &str, view: &str| {
        each(wanted, &format!("TABLE_NAME, {words}"), view, "TABLE_SCHEMA", &mut |row| {
            map.entry(server.fold(row.text(1))).or_default().add_words((2..5).map(|word| row.bytes(word)));
        })
    };
    words(&mut sums.columns, kinds.tables, MydumperChecksum::COLUMN_WORDS, "COLUMNS")?;
    words(&mut sums.indexes, kinds.indexes, MydumperChecksum::INDEX_WORDS, "STATISTICS")?;
    each(kinds.views, &format!("TABLE_NAME, {}", view_checksum(target)), "VIEWS", "TABLE_SCHEMA", &mut |row| {
        sums.views.insert(server.fold(row.text(1)), MydumperChecksum::of(row.number(2)));
    })?;
    let mut one = |wanted: bool, crc32: &str, view: &str, owner: &str| {
        let mut sum = MydumperChecksum::default();
        each(wanted, crc32, view, owner, &mut |row| sum.add(row.number(1)))?;
        Ok::<_, ServerError>(Some(sum))
    };
    sums.database = DatabaseEntry {
        schema_checksum: one(kinds.databases, MydumperChecksum::DATABASE, "SCHEMATA", "SCHEMA_NAME")?,
        post_checksum: one(kinds.routines, MydumperChecksum::ROUTINE, "ROUTINES", "ROUTINE_SCHEMA")?,
        events_checksum: one(kinds.events, MydumperChecksum::EVENT, "EVENTS", "EVENT_SCHEMA")?,
        triggers_checksum: one(kinds.triggers, MydumperChecksum::TRIGGER, "TRIGGERS", "TRIGGER_SCHEMA")?,
    };
    Ok(sums)
}

/// CHECKSUM TABLE, which should be `dumped`.
pub fn of_rows(context: &mut Context, job: &Job, table: &QualifiedName, dumped: u64) -> Result<Outcome, Error> {
    let found = checksum_of_rows(context, table, dumped);
    let (found, is_sure) = found.map_err(|source| Error::Job { job: job.to_string(), source })?;
    Ok(Outcome::DataChecksum { found, is_sure })
}

fn checksum_of_rows(
    context: &mut Context,
    table: &QualifiedName,
    dumped: u64,
) -> Result<(Option<u64>, bool), ServerError> {
    rows::begin_reading(context, None)?;
    let is_mariadb = context.shared.server.is_mariadb();
    let has_expressions = context.shared.server.is_mysql_since(8, 0, 13);
    let ask = |connection: &mut Connection| {
        let row = connection.query_first(format!("CHECKSUM TABLE {}", table.to_sql()))?;
        Ok::<_, ServerError>(row.and_then(|row| row.number(1)))
    };
    let mut found = ask(context.session.unchanged())?;
    if found != Some(dumped) && !is_mariadb {
        // MySQL computes virtual columns too, in the session's zone: that of most dumps is UTC.
        rows::begin_reading(context, Some("+00:00"))?;
        let again = ask(context.session.unchanged())?;
        found = again.filter(|again| *again == dumped).or(found);
    }
    let connection = context.session.unchanged();
    if found == Some(0) && dumped != 0 {
        // MySQL 9.7 says so of an ARCHIVE table that nobody has read since rows were written.
        connection.query(format!("SELECT 1 FROM {} LIMIT 1", table.to_sql()))?;
        found = ask(connection)?;
    }
    if found == Some(dumped) {
        return Ok((found, true));
    }
    // MariaDB 10.11 sums up what lies in memory behind a NULL of generated columns, MySQL 9.7 behind the hidden columns of
    // multi-valued indexes: of equal tables, something else each time.
    let (view, condition) = match is_mariadb {
        true => ("COLUMNS", "IS_GENERATED = 'ALWAYS'"),
        false if has_expressions => ("STATISTICS", "EXPRESSION IS NOT NULL"),
        false => return Ok((found, true)),
    };
    let unsure = format!(
        "SELECT COUNT(*) FROM information_schema.{view} WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} AND {condition}",
        quote_string(&table.database),
        quote_string(&table.name)
    );
    let row = connection.query_first(unsure)?;
    Ok((found, row.and_then(|row| row.number(0)) == Some(0)))
}

/// The checksum of a view, whose text names each table with its database, as it was under the old name.
fn view_checksum(database: &DatabaseTarget) -> String {
    if database.source == database.target {
        return MydumperChecksum::VIEW.to_owned();
    }
    let named = |name: &str| quote_string(&format!("{}.", quote_identifier(name)));
    let (old, new) = (named(&database.source), named(&database.target));
    let text = format!("REPLACE(VIEW_DEFINITION, {new}, {old})");
    format!("CRC32(REPLACE({text}, {}, ''))", quote_string(&database.source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_summed_up_with_the_name_that_the_dump_has() {
        let of = |source: &str, target: &str| DatabaseTarget { source: source.into(), target: target.into() };
        assert_eq!(view_checksum(&of("d", "d")), MydumperChecksum::VIEW);
        assert_eq!(view_checksum(&of("d", "e")), "CRC32(REPLACE(REPLACE(VIEW_DEFINITION, '`e`.', '`d`.'), 'd', ''))");
    }
}
