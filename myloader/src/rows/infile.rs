//! LOAD DATA statements of a dump, each with the file beside it that it reads.

use std::io;

use common::backup::file_name::{Content, DumpFile, RowsFormat};
use common::backup::load_data_clause::expected_warnings;
use common::layers::compression::Compression;
use common::observe::printable::printable;
use common::server::connection::ServerError;
use common::server::is_generated;
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use crate::ddl::load_data::{OnDuplicate, on_duplicate, with_character_set};
use crate::ddl::statement_kind::load_data_file;
use crate::jobs::context::{Context, RowCounters};
use crate::jobs::error::Error;
use crate::rows::transaction::{Loaded, replaced, signed};

/// The file that a LOAD DATA statement reads: the one beside it, whatever path the statement names.
pub fn data_file(file: &DumpFile, statement: &[u8], line: u64) -> Result<DumpFile, Error> {
    let Content::Rows(rows) = &file.content else {
        return Err(Error::NoStatement { file: file.to_string(), what: "rows" });
    };
    let data = DumpFile::new(Content::Rows(rows.in_format(RowsFormat::Delimited)), file.layers);
    let named = load_data_file(statement).unwrap_or_default();
    let named = String::from_utf8_lossy(&named).into_owned();
    let base_name = named.rsplit('/').next().unwrap_or_default();
    let uncompressed = DumpFile::new(data.content.clone(), Compression::None);
    if base_name != data.to_string() && base_name != uncompressed.to_string() {
        return Err(Error::WrongInfile { file: file.to_string(), line, named, expected: data.to_string() });
    }
    Ok(data)
}

pub fn load_infile(
    context: &mut Context,
    table: &QualifiedName,
    file: &DumpFile,
    data: &DumpFile,
    (statement, line): (&[u8], u64),
) -> Result<Loaded, Error> {
    let failed = |source| Error::Statement { file: file.to_string(), line, source };
    let unreadable = |source| Error::Parse { file: file.to_string(), line, source };
    let with_charset = with_character_set(statement).map_err(unreadable)?;
    let on_duplicate = on_duplicate(statement).map_err(unreadable)?;
    let input = Counted { input: context.shared.files.open(data)?, counters: context.counters.clone() };
    let outcome =
        context.session.unchanged().load_infile(&with_charset, input).map_err(|error| match error.into_data() {
            Ok(source) => context.shared.files.read_error(data, source).into(),
            Err(source) => failed(source),
        })?;
    let (affected, sent) = (outcome.affected_rows, outcome.records.unwrap_or(outcome.affected_rows));
    // As with INSERT IGNORE and REPLACE, rows that the dump's maker did not want twice count.
    let (restored, skipped, net) = match on_duplicate {
        OnDuplicate::Fail => (affected, 0, signed(affected)),
        OnDuplicate::Ignore => (sent, outcome.skipped, signed(affected)),
        OnDuplicate::Replace => (sent, 0, replaced(sent, affected)),
    };
    // Under LOCAL the server turns duplicate keys and bad values into warnings, and leaves out or changes rows.
    let mut expected = expected_warnings(statement).saturating_add(skipped);
    if outcome.warnings > expected && outcome.skipped == skipped {
        expected = expected.saturating_add(computing_warnings(context, table).map_err(failed)?).min(outcome.warnings);
    }
    if outcome.warnings != expected || outcome.skipped != skipped {
        let (code, first) = first_warnings(context);
        return Err(Error::Warnings {
            file: file.to_string(),
            line,
            warnings: outcome.warnings,
            expected,
            first,
            code,
            rows: sent,
        });
    }
    context.counters.add_rows(restored, 0);
    Ok(Loaded { rows: restored, net })
}

/// How many of the last statement's warnings are about what the server computes, expressions and generated columns: nothing
/// of the dump was changed.
fn computing_warnings(context: &mut Context, table: &QualifiedName) -> Result<u64, ServerError> {
    /// A function's argument is no date; division by zero.
    const OF_EXPRESSIONS: [u64; 2] = [1411, 1365];
    let warnings = context.session.unchanged().query("SHOW WARNINGS")?;
    let columns = context.session.unchanged().query(format!(
        "SELECT COLUMN_NAME, UPPER(EXTRA) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
        quote_string(&table.database),
        quote_string(&table.name)
    ))?;
    let generated: Vec<String> = columns
        .iter()
        .filter(|column| is_generated(&column.text(1)))
        .flat_map(|column| [format!("'{}' at row", column.text(0)), format!("`{}` at row", column.text(0))])
        .collect();
    let is_computed = |code: Option<u64>, text: &str| {
        code.is_some_and(|code| OF_EXPRESSIONS.contains(&code)) || generated.iter().any(|end| text.contains(end))
    };
    Ok(warnings.iter().filter(|row| is_computed(row.number(1), &row.text(2))).count() as u64)
}

/// The first one's code, and the texts of some.
pub fn first_warnings(context: &mut Context) -> (Option<u16>, String) {
    match context.session.unchanged().query("SHOW WARNINGS LIMIT 3") {
        Ok(rows) if !rows.is_empty() => {
            let texts: Vec<String> =
                rows.iter().map(|row| format!("{} {}", row.text(1), printable(&row.text(2)))).collect();
            let code = rows.first().and_then(|row| row.number(1)).and_then(|code| code.try_into().ok());
            (code, texts.join("; "))
        }
        _ => (None, "(the server does not say)".to_owned()),
    }
}

/// Counts what LOAD DATA reads as progress.
struct Counted {
    input: Box<dyn io::Read + Send>,
    counters: RowCounters,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.counters.add_rows(0, read as u64);
        Ok(read)
    }
}
