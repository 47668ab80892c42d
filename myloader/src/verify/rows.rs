//! The rows of a part of a table on the server, counted or hashed as the dumper did.

use common::backup::row_hash::{RowsDigest, Selection};
use common::server::Server;
use common::server::connection::ServerError;
use common::server::error_codes;
use common::sql::quote_string;
use common::sql::token::{SqlDialect, TokenKind, Tokens};

use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::jobs::outcome::{Compared, Outcome};
use crate::jobs::target::{Comparison, Part};
use crate::session::Preamble;

/// Database, table, column or partition do not exist; the table has no partitions or no history.
const NOT_AS_IN_DUMP: [u16; 7] = [
    error_codes::UNKNOWN_DATABASE,
    error_codes::NO_SUCH_TABLE,
    error_codes::UNKNOWN_COLUMN,
    error_codes::UNKNOWN_PARTITION,
    error_codes::NOT_PARTITIONED,
    error_codes::NOT_VERSIONED,
    error_codes::UNKNOWN_TABLE,
];

/// Reads the rows.
pub fn compare(context: &mut Context, job: &Job, comparison: &Comparison, part: Part) -> Result<Outcome, Error> {
    let chunk = match part {
        Part::Chunk(index) => comparison.chunks.get(index),
        Part::Whole | Part::Count => None,
    };
    let (partition, range) = match chunk.map(|chunk| &chunk.selection) {
        None | Some(Selection::All) => ("", ""),
        Some(Selection::Partition(clause)) => (&**clause, ""),
        Some(Selection::Range(condition)) => ("", &**condition),
    };
    let columns = comparison.columns.as_deref().filter(|_| part != Part::Count);
    let generated = comparison.generated.as_ref().filter(|_| columns.is_some()).map(|generated| &*generated.columns);
    if ![columns.unwrap_or_default(), generated.unwrap_or_default(), partition, range].into_iter().all(only_reads) {
        return Err(Error::Selection { table: comparison.name.to_string() });
    }
    let statement = format!(
        "SELECT {}{}{}{} FROM {} {partition} {} {}{range}",
        if context.shared.server.is_mariadb() { "SQL_NO_CACHE " } else { "" },
        columns.unwrap_or("COUNT(*)"),
        if generated.is_some() { "," } else { "" },
        generated.unwrap_or_default(),
        comparison.name.to_sql(),
        if comparison.history { "FOR SYSTEM_TIME ALL" } else { "" },
        if range.is_empty() { "" } else { "WHERE " },
    );
    match read(context, comparison.time_zone.as_deref(), &statement, columns, generated) {
        Ok(rows) => Ok(Outcome::Compared(Compared::Rows(rows))),
        Err(error) if error.server_code().is_some_and(|code| NOT_AS_IN_DUMP.contains(&code)) => {
            Ok(Outcome::Compared(Compared::Impossible(error.without_statement())))
        }
        Err(source) => Err(Error::Job { job: job.to_string(), source }),
    }
}

fn read(
    context: &mut Context,
    zone: Option<&str>,
    statement: &str,
    columns: Option<&str>,
    generated: Option<&str>,
) -> Result<RowsDigest, ServerError> {
    begin_reading(context, zone)?;
    let width = generated.and(columns).map(list_length);
    let mut found = RowsDigest::default();
    let mut rows = context.session.unchanged().stream(statement)?;
    while let Some(row) = rows.next_row()? {
        match (columns, width) {
            (None, _) => found.count = row.number(0).unwrap_or(0),
            (Some(_), None) => found.add_row(row.packet()),
            (Some(_), Some(width)) => found.add_row_with_generated(row.prefix(width), row.packet()),
        }
    }
    Ok(found)
}

/// Prepares the session for reading rows as the dumper did.
pub fn begin_reading(context: &mut Context, zone: Option<&str>) -> Result<(), ServerError> {
    let mut preamble = Preamble::default();
    preamble.add(0, b"SET SESSION character_set_results = NULL");
    preamble.add(0, Server::READING_SESSION.as_bytes());
    if let Some(zone) = zone {
        preamble.add(0, format!("SET SESSION time_zone = {}", quote_string(zone)).as_bytes());
    }
    context.session.enter(None, &preamble).map_err(|(_, error)| error)
}

/// How many expressions a SELECT list has.
fn list_length(list: &str) -> usize {
    let (mut depth, mut commas) = (0_i32, 0);
    for token in Tokens::new(list.as_bytes(), SqlDialect::default()) {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth -= 1;
        } else if depth == 0 && token.is_punctuation(b',') {
            commas += 1;
        }
    }
    commas + 1
}

/// Whether text of the metadata, as a part of a SELECT, writes nothing: neither a file nor another statement.
fn only_reads(text: &str) -> bool {
    Tokens::new(text.as_bytes(), SqlDialect::default()).all(|token| match token.kind {
        TokenKind::Comment | TokenKind::CommentOpen | TokenKind::CommentClose | TokenKind::Unterminated => false,
        _ => !token.is_punctuation(b';') && !token.is_word("INTO"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_a_list_are_counted() {
        for (list, length) in [("1", 1), ("`a`,`b,(`", 2), ("IF(`f`=0,1,2),`d`*1e0,COALESCE(`t`,'a,b')", 3)] {
            assert_eq!(list_length(list), length, "{list}");
        }
    }

    #[test]
    fn what_could_do_more_than_read_is_told() {
        for text in ["", "`id`,`a;`*1e0", "WHERE `into` = 'INTO ;' AND `a` < 0x3B", "PARTITION (`p--`)"] {
            assert!(only_reads(text), "{text}");
        }
        for text in ["`a` INTO OUTFILE '/x'", "1;DROP TABLE t", "1 /*", "1 -- ", "1 /*! into @a */", "'", "`"] {
            assert!(!only_reads(text), "{text}");
        }
    }
}
