//! LOAD DATA statements of a dump, each with the file beside it that it reads.

use std::io;

use common::backup::file_name::{Content, DumpFile, RowsFormat};
use common::backup::load_data_clause::expected_warnings;
use common::layers::compression::Compression;
use common::sql::Statement;

use crate::ddl::load_data::{OnDuplicate, on_duplicate, with_character_set};
use crate::ddl::statement_kind::load_data_file;
use crate::jobs::context::{Context, RowCounters};
use crate::jobs::error::Error;
use crate::jobs::target::TableTarget;
use crate::rows::as_dumped::Taken;
use crate::rows::transaction::{Loaded, replaced, signed};

/// The file that a LOAD DATA statement reads: the one beside it, whatever path the statement names.
pub fn data_file(
    file: &DumpFile,
    statement: &[u8],
    line: u64,
    stored_name: impl Fn(&str) -> String,
) -> Result<DumpFile, Error> {
    let Content::Rows(rows) = &file.content else {
        return Err(Error::NoStatement { file: file.to_string(), what: "rows" });
    };
    let data = DumpFile::new(Content::Rows(rows.in_format(RowsFormat::Delimited)), file.layers);
    let named = load_data_file(statement).unwrap_or_default();
    let named = String::from_utf8_lossy(&named).into_owned();
    let base_name = named.rsplit('/').next().unwrap_or_default();
    let uncompressed = DumpFile::new(data.content.clone(), Compression::None);
    let expected = [stored_name(&data.to_string()), data.to_string(), uncompressed.to_string()];
    if !expected.iter().any(|expected| expected == base_name) {
        return Err(Error::WrongInfile { file: file.to_string(), line, named, expected: data.to_string() });
    }
    Ok(data)
}

/// Runs the statement with the data file beside it.
pub fn load_infile(
    context: &mut Context,
    table: &TableTarget,
    file: &DumpFile,
    data: &DumpFile,
    statement: &Statement<'_>,
) -> Result<Loaded, Error> {
    let (text, line) = (statement.text, statement.line);
    let failed = |source| Error::Statement { file: file.to_string(), line, source };
    let unreadable = |source| Error::Parse { file: file.to_string(), line, source };
    let with_charset = with_character_set(text).map_err(unreadable)?;
    let on_duplicate = on_duplicate(text).map_err(unreadable)?;
    let input = Counted { input: context.shared.files.open(data)?, counters: context.counters.clone() };
    let outcome =
        context.session.unchanged().load_infile(&with_charset, input).map_err(|error| match error.into_data() {
            Ok(source) => context.shared.files.read_error(data, source).into(),
            Err(source) => failed(source),
        })?;
    let (affected, sent) = (outcome.affected_rows, outcome.records.unwrap_or(outcome.affected_rows));
    // As with INSERT IGNORE and REPLACE, rows that the dump's maker did not want twice count.
    let (restored, net) = match on_duplicate {
        OnDuplicate::Fail => (affected, signed(affected)),
        OnDuplicate::Ignore => (sent, signed(affected)),
        OnDuplicate::Replace => (sent, replaced(sent, affected)),
    };
    let expected = expected_warnings(text);
    let mut changed = 0;
    // Under LOCAL the server turns duplicate keys and bad values into warnings, and leaves out or changes rows.
    if outcome.warnings > 0 || outcome.skipped > 0 || expected > 0 {
        let taken = Taken {
            table,
            file,
            line,
            warnings: outcome.warnings,
            skipped: outcome.skipped,
            ignores_duplicates: on_duplicate == OnDuplicate::Ignore,
            rows: Some(sent),
        };
        changed = taken.check(context, |_| Ok(expected))?;
    }
    context.counters.add_rows(restored, 0);
    Ok(Loaded { rows: restored, net, changed })
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
