//! Which settings give the values that are stored.

use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::sql::name::QualifiedName;
use common::sql::quote_identifier;

use super::Proven;
use super::candidates::{Candidate, Globals};
use super::expressions::{Definition, Expression, What};
use crate::catalog::column::Column;

/// A table whose rows decide.
pub struct Proof<'a> {
    pub server: &'a Server,
    pub name: &'a QualifiedName,
    pub columns: &'a [Column],
    pub definition: &'a Definition,
}

/// Something that has to hold for each row.
struct Condition {
    /// What does not come back otherwise.
    object: String,
    sql: Vec<u8>,
    /// It is only about whether a TIMESTAMP is certain in the zone.
    certain: bool,
}

impl Proof<'_> {
    /// The first settings under which all stored values come again; if there are none, those with the fewest columns that
    /// do not.
    pub fn choose(
        &self,
        connection: &mut Connection,
        globals: &Globals,
        candidates: &[Candidate],
    ) -> Result<Proven, ServerError> {
        let mut best: Option<Proven> = None;
        for candidate in candidates {
            let proven = self.try_one(connection, globals, candidate)?;
            if proven.inexact.is_empty() {
                return Ok(proven);
            }
            if best.as_ref().is_none_or(|best| proven.inexact.len() < best.inexact.len()) {
                best = Some(proven);
            }
        }
        let nothing = || Proven {
            candidate: Candidate { time_zone: None, sql_mode: None, variables: Vec::new() },
            with_offset: false,
            inexact: Vec::new(),
        };
        Ok(best.unwrap_or_else(nothing))
    }

    fn try_one(
        &self,
        connection: &mut Connection,
        globals: &Globals,
        candidate: &Candidate,
    ) -> Result<Proven, ServerError> {
        let conditions = self.conditions(candidate);
        let mut proven = Proven { candidate: candidate.clone(), with_offset: false, inexact: Vec::new() };
        if conditions.is_empty() {
            return Ok(proven);
        }
        // Literals of MySQL's expressions have introducers; those of MariaDB's are utf8. In a connection that is binary
        // altogether, MySQL would open the table with other bounds of its partitions.
        let names = match self.server.is_mariadb() {
            true => "utf8mb4",
            false => "binary, SESSION collation_connection = utf8mb4_bin",
        };
        globals.enter(connection, candidate, names)?;
        let counts = match connection.query_first(self.query(&conditions)) {
            Ok(row) => row,
            // Say, a result that is out of range: then no row could be inserted.
            Err(error) if error.server_code().is_some() => {
                tracing::debug!("table {}: {candidate:?}: {error}", self.name);
                proven.inexact = conditions.into_iter().map(|condition| condition.object).collect();
                proven.inexact.dedup();
                return Ok(proven);
            }
            Err(error) => return Err(error),
        };
        for (index, condition) in conditions.into_iter().enumerate() {
            if counts.as_ref().and_then(|row| row.number(index)).unwrap_or(0) == 0 {
                continue;
            }
            if condition.certain && self.server.is_mysql_since(8, 0, 19) {
                proven.with_offset = true;
            } else if !proven.inexact.contains(&condition.object) {
                proven.inexact.push(condition.object);
            }
        }
        Ok(proven)
    }

    fn query(&self, conditions: &[Condition]) -> Vec<u8> {
        let mut query = b"SELECT ".to_vec();
        for (index, condition) in conditions.iter().enumerate() {
            if index > 0 {
                query.push(b',');
            }
            query.extend_from_slice(b"SUM(NOT (");
            query.extend_from_slice(&condition.sql);
            query.extend_from_slice(b"))");
        }
        query.extend_from_slice(format!(" FROM {}", self.name.to_sql()).as_bytes());
        query
    }

    fn conditions(&self, candidate: &Candidate) -> Vec<Condition> {
        let mut conditions: Vec<Condition> =
            self.definition.expressions.iter().filter_map(|expression| self.of(expression, candidate)).collect();
        let stored = self.columns.iter().filter(|column| !column.generated);
        for column in stored {
            let (quoted, object) = (quote_identifier(&column.name), format!("column {}", column.name.escape_debug()));
            let named_zone = candidate.time_zone.as_ref().filter(|zone| !zone.starts_with(['+', '-']));
            if *column.data_type == *"timestamp" && named_zone.is_some() {
                let sql = format!("UNIX_TIMESTAMP({quoted}) <=> UNIX_TIMESTAMP(CAST({quoted} AS DATETIME(6)))");
                conditions.push(Condition { object: object.clone(), sql: sql.into_bytes(), certain: true });
            }
            // Under other modes than that of all files, a date that was stored might not be accepted.
            let strict = candidate
                .sql_mode
                .as_ref()
                .is_some_and(|modes| !modes.contains("ALLOW_INVALID_DATES") || modes.contains("NO_ZERO"));
            if strict && matches!(&*column.data_type, "date" | "datetime" | "timestamp") {
                let kind = if *column.data_type == *"date" { "DATE" } else { "DATETIME(6)" };
                let sql = format!("CAST({quoted} AS CHAR) <=> CAST(CAST(CAST({quoted} AS CHAR) AS {kind}) AS CHAR)");
                // A DATETIME may have fewer decimals than six.
                let sql = if kind == "DATE" {
                    sql
                } else {
                    format!("({quoted} IS NULL) = (CAST(CAST({quoted} AS CHAR) AS {kind}) IS NULL)")
                };
                conditions.push(Condition { object, sql: sql.into_bytes(), certain: false });
            }
        }
        conditions
    }

    /// What has to hold of an expression; nothing for what cannot be compared.
    fn of(&self, expression: &Expression, candidate: &Candidate) -> Option<Condition> {
        if !expression.sensitive {
            return None;
        }
        let sql = &expression.sql;
        match &expression.what {
            What::Stored { column, sql_type } => {
                let charset = self.columns.iter().find(|of_table| *of_table.name == **column)?.charset.as_deref();
                let (stored, before, after) = comparison(column, sql_type, charset)?;
                let computed = [before.as_bytes(), b"(", sql, b")", after.as_bytes()].concat();
                let mut sql = [stored.as_bytes(), b" <=> ", &computed].concat();
                if self.server.is_mariadb() && sql_type.starts_with("date") && !candidate.takes_invalid_dates() {
                    // There an expression may be a date that does not exist, and the zero date is stored for it.
                    let exists = [b"(", &computed[..], b" + INTERVAL 0 DAY IS NOT NULL"].concat();
                    let partial = [b" OR MONTH(", &computed[..], b") = 0 OR DAY(", &computed, b") = 0)"].concat();
                    sql = [b"IF(", &exists[..], &partial, b" OR ", &computed, b" IS NULL, ", &sql, b", "].concat();
                    sql.extend_from_slice(format!("{stored} = 0)").as_bytes());
                }
                Some(Condition { object: format!("column {}", column.escape_debug()), sql, certain: false })
            }
            What::Check { name } => Some(Condition {
                object: format!("CHECK {}", name.escape_debug()),
                sql: [b"COALESCE((", &sql[..], b"), 1)"].concat(),
                certain: false,
            }),
            What::Virtual { .. } | What::Key => None,
        }
    }
}

/// How a stored value is compared with its expression: the value, and what stands around the expression to convert it as
/// storing does.
fn comparison(column: &str, sql_type: &str, charset: Option<&str>) -> Option<(String, String, String)> {
    let quoted = quote_identifier(column);
    let word = sql_type.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
    let cast = |kind: &str| Some((quoted.clone(), "CAST(".to_owned(), format!(" AS {kind})")));
    let arguments = |default: &str| {
        sql_type
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .map_or(default.to_owned(), |(inside, _)| inside.to_owned())
    };
    match word {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" if sql_type.contains("unsigned") => cast("UNSIGNED"),
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => cast("SIGNED"),
        "decimal" => cast(&format!("DECIMAL({})", arguments("10,0"))),
        "double" => Some((quoted, String::new(), "+0e0".to_owned())),
        "date" => cast("DATE"),
        "datetime" | "timestamp" => cast(&format!("DATETIME({})", arguments("0"))),
        "time" => cast(&format!("TIME({})", arguments("0"))),
        "char" | "varchar" => text(&quoted, charset?, &format!(",{})", arguments("1"))),
        "tinytext" | "text" | "mediumtext" | "longtext" => text(&quoted, charset?, ",4294967295)"),
        "varbinary" | "blob" | "tinyblob" | "mediumblob" | "longblob" => {
            Some((format!("CAST({quoted} AS BINARY)"), "CAST(".to_owned(), " AS BINARY)".to_owned()))
        }
        _ => None,
    }
}

fn text(quoted: &str, charset: &str, length: &str) -> Option<(String, String, String)> {
    // CHAR loses its trailing blanks, as may be.
    Some((
        format!("CAST(RTRIM({quoted}) AS BINARY)"),
        "CAST(RTRIM(LEFT(CONVERT(".to_owned(),
        format!(" USING {charset}){length}) AS BINARY)"),
    ))
}
