//! What a restore computes anew of a table: stored generated columns, indexes on expressions, CHECKs.
//!
//! The server evaluates them in the session that inserts the rows, so their values may depend on its time zone and other
//! settings. The settings of the source are tried on its own rows: those under which each stored value equals the
//! recomputed one go into the table's files. Where none do, say because rows were written in several zones, the files say
//! that too, and the restore can refuse the table before it loads any rows.

mod candidates;
mod expressions;
mod proof;

use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::sql::name::QualifiedName;

use self::candidates::{Candidate, Globals};
use self::expressions::Definition;
use self::proof::Proof;
use super::column::Column;

/// The settings of a session in which a table's rows are restored, where they differ from those of all files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Computation {
    /// The time zone; `None` for that of all files.
    pub time_zone: Option<String>,
    /// Whether a TIMESTAMP value carries its offset from UTC, since it is not certain in the zone: its hour came twice.
    pub with_offset: bool,
    /// The `sql_mode`; `None` for that of all files.
    pub sql_mode: Option<String>,
    /// Further session variables and their values, as SQL.
    pub variables: Vec<(&'static str, String)>,
    /// Columns whose stored values, and CHECKs whose results, no settings give.
    pub inexact: Vec<String>,
}

/// The settings of most tables: those of all files.
pub static OF_ALL_FILES: Computation =
    Computation { time_zone: None, with_offset: false, sql_mode: None, variables: Vec::new(), inexact: Vec::new() };

/// Finds the settings of tables, one after the other.
pub struct ComputationFinder {
    globals: Option<Globals>,
    /// Whether TIMESTAMP values are dumped in UTC.
    utc: bool,
    /// Whether rows are dumped.
    data: bool,
}

impl ComputationFinder {
    /// `utc`: TIMESTAMP values are dumped in UTC. `data`: rows are dumped.
    pub fn new(utc: bool, data: bool) -> ComputationFinder {
        ComputationFinder { globals: None, utc, data }
    }

    /// The settings of a table; `None` for those of all files.
    pub fn find(
        &mut self,
        connection: &mut Connection,
        server: &Server,
        name: &QualifiedName,
        columns: &[Column],
    ) -> Result<Option<Box<Computation>>, ServerError> {
        connection.execute("SET SESSION character_set_results = NULL")?;
        let row = connection.query_first(format!("SHOW CREATE TABLE {}", name.to_sql()));
        connection.execute("SET SESSION character_set_results = utf8mb4")?;
        // What cannot be shown is reported when its definition is read.
        let Some(text) = row.ok().flatten().and_then(|row| row.bytes(1).map(<[u8]>::to_vec)) else { return Ok(None) };
        let definition = Definition::parse(&text, server, columns);
        if !definition.depends_on_session() {
            return Ok(None);
        }
        let globals = match self.globals.take() {
            Some(globals) => globals,
            None => Globals::read(connection)?,
        };
        let globals = self.globals.insert(globals);
        let candidates = globals.candidates(connection, &definition, self.utc)?;
        let Some(first) = candidates.first() else { return Ok(None) };
        let proven = if self.data {
            let proof = Proof { server, name, columns, definition: &definition };
            let proven = proof.choose(connection, globals, &candidates);
            globals.leave(connection)?;
            proven?
        } else {
            Proven { candidate: first.clone(), with_offset: false, inexact: Vec::new() }
        };
        let computation = proven.computation(&definition);
        if !computation.inexact.is_empty() {
            tracing::warn!(
                "table {name}: {} cannot be computed again as stored, under no time zone or sql_mode of this server: a \
                 restore will refuse the table (recompute the column here, for example with ALTER TABLE … FORCE, or leave \
                 the table out)",
                computation.inexact.join(", ")
            );
        }
        let differs =
            computation.time_zone.is_some() || computation.sql_mode.is_some() || !computation.inexact.is_empty();
        let has_variables = differs || computation.variables.iter().any(|(name, _)| *name != "max_error_count");
        Ok(has_variables.then(|| Box::new(computation)))
    }
}

/// A candidate, and what speaks against it.
struct Proven {
    candidate: Candidate,
    with_offset: bool,
    inexact: Vec<String>,
}

impl Proven {
    fn computation(self, definition: &Definition) -> Computation {
        let mut variables = self.candidate.variables;
        if definition.on_dates {
            // So that the loader sees of each warning whether it is about an expression.
            variables.push(("max_error_count", "65535".to_owned()));
        }
        Computation {
            time_zone: self.candidate.time_zone,
            with_offset: self.with_offset,
            sql_mode: self.candidate.sql_mode,
            variables,
            inexact: self.inexact,
        }
    }
}
