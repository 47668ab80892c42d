//! The settings under which the rows may have been written: those that new sessions of the server have.

use common::backup::file_session::{FILE_SQL_MODE, UTC};
use common::server::Server;
use common::server::connection::{Connection, Row, ServerError};
use common::sql::quote_string;

use super::expressions::Definition;

/// Modes that change what expressions give, whatever they are.
const COMPUTING: [&str; 4] =
    ["NO_UNSIGNED_SUBTRACTION", "PAD_CHAR_TO_FULL_LENGTH", "TIME_TRUNCATE_FRACTIONAL", "TIME_ROUND_FRACTIONAL"];
/// What reads of the same settings in the session and of new ones.
const QUERY: &str = "SELECT @@SESSION.time_zone, @@GLOBAL.time_zone, @@GLOBAL.sql_mode, \
                     TIME_FORMAT(TIMEDIFF(CONVERT_TZ('2000-01-15 12:00:00', '+00:00', 'SYSTEM'), '2000-01-15 12:00:00'), '%H:%i'), \
                     TIME_FORMAT(TIMEDIFF(CONVERT_TZ('2000-07-15 12:00:00', '+00:00', 'SYSTEM'), '2000-07-15 12:00:00'), '%H:%i')";

/// Other variables that expressions read. MariaDB has a function's argument in place of the last.
const VARIABLES: [&str; 3] = ["lc_time_names", "div_precision_increment", "block_encryption_mode"];

/// Variables with values as SQL.
type Variables = Vec<(&'static str, String)>;

/// Settings of the server.
#[derive(Debug)]
pub struct Globals {
    session_zone: String,
    zone: String,
    modes: Vec<String>,
    variables: Variables,
    /// What sessions of this program have.
    session_variables: Variables,
    /// The system's offsets from UTC in January and July.
    offsets: [String; 2],
    /// Zones with a name that has the system's rules, once they were looked for.
    like_system: Option<Vec<String>>,
}

/// Settings to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// `None` for that of all files.
    pub time_zone: Option<String>,
    /// `None` for that of all files.
    pub sql_mode: Option<String>,
    /// Those that the expressions read.
    pub variables: Variables,
}

impl Candidate {
    /// Whether any date can be stored.
    pub fn takes_invalid_dates(&self) -> bool {
        self.sql_mode.as_ref().is_none_or(|modes| modes.contains("ALLOW_INVALID_DATES") && !modes.contains("NO_ZERO"))
    }
}

impl Globals {
    /// Asks the server.
    pub fn read(connection: &mut Connection) -> Result<Globals, ServerError> {
        let row = connection.query_first(QUERY)?;
        let text = |column| row.as_ref().map(|row: &Row| row.text(column)).unwrap_or_default();
        Ok(Globals {
            variables: variables(connection, "GLOBAL")?,
            session_variables: variables(connection, "SESSION")?,
            session_zone: text(0),
            zone: text(1),
            modes: text(2).split(',').map(str::to_ascii_uppercase).collect(),
            offsets: [text(3), text(4)].map(|offset| signed(&offset)),
            like_system: None,
        })
    }

    /// What to try, the likeliest first.
    pub fn candidates(
        &mut self,
        connection: &mut Connection,
        definition: &Definition,
        utc: bool,
    ) -> Result<Vec<Candidate>, ServerError> {
        let zones = if definition.on_zone && utc { self.zones(connection)? } else { vec![None] };
        let modes = self.sql_modes(definition);
        let mut candidates = Vec::new();
        for variables in self.variables(definition) {
            for (zone, mode) in zones.iter().flat_map(|zone| modes.iter().map(move |mode| (zone, mode))) {
                let (time_zone, sql_mode) = (zone.clone(), mode.clone());
                candidates.push(Candidate { time_zone, sql_mode, variables: variables.clone() });
            }
        }
        Ok(candidates)
    }

    fn zones(&mut self, connection: &mut Connection) -> Result<Vec<Option<String>>, ServerError> {
        let mut zones = Vec::new();
        if self.zone.eq_ignore_ascii_case("SYSTEM") {
            let [january, july] = self.offsets.clone();
            if january == july {
                zones.push(Some(january));
            } else {
                zones.extend(self.like_system(connection)?.into_iter().map(Some));
                zones.extend([Some(january), Some(july)]);
            }
        } else {
            zones.push(Some(self.zone.clone()));
        }
        zones.push(None);
        // The zone of all files needs no other name.
        zones.iter_mut().for_each(|zone| *zone = zone.take().filter(|name| name != UTC));
        let mut seen = Vec::new();
        zones.retain(|zone| {
            !seen.contains(zone) && {
                seen.push(zone.clone());
                true
            }
        });
        Ok(zones)
    }

    /// The first names of zones that have the system's rules in all years that a TIMESTAMP can have.
    fn like_system(&mut self, connection: &mut Connection) -> Result<Vec<String>, ServerError> {
        if let Some(known) = &self.like_system {
            return Ok(known.clone());
        }
        let instants = (1970..2038).flat_map(|year| {
            [(1, 15), (4, 5), (7, 15), (10, 28)].map(move |(month, day)| {
                let instant = format!("'{year}-{month:02}-{day:02} 12:00:00'");
                format!("CONVERT_TZ({instant}, '+00:00', Name) <=> CONVERT_TZ({instant}, '+00:00', 'SYSTEM')")
            })
        });
        let equal: Vec<String> = instants.collect();
        let query = format!(
            "SELECT Name FROM mysql.time_zone_name WHERE Name NOT LIKE 'posix/%' AND Name NOT LIKE 'right/%' AND {} \
             ORDER BY Name LIKE '%/%' DESC, Name LIMIT 1",
            equal.join(" AND ")
        );
        // The user may not read the table: then there is none.
        let names: Vec<String> = match connection.query(query) {
            Ok(rows) => rows.iter().map(|row| row.text(0)).collect(),
            Err(error) if error.server_code().is_some() => Vec::new(),
            Err(error) => return Err(error),
        };
        self.like_system = Some(names.clone());
        Ok(names)
    }

    fn sql_modes(&self, definition: &Definition) -> Vec<Option<String>> {
        let has = |mode: &str| self.modes.iter().any(|of_server| of_server == mode);
        let computing: Vec<&str> = COMPUTING.into_iter().filter(|mode| has(mode)).collect();
        let mut sets = vec![[&["ALLOW_INVALID_DATES"][..], &computing].concat()];
        if definition.on_dates {
            let dates = ["ALLOW_INVALID_DATES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE"];
            let of_server: Vec<&str> = dates.into_iter().filter(|mode| has(mode)).collect();
            for dates in [&of_server[..], &[], &dates[1..], &dates[2..]] {
                sets.push([dates, &computing].concat());
            }
        }
        if definition.on_subtraction {
            let flipped = match has(COMPUTING[0]) {
                true => computing.iter().copied().filter(|mode| *mode != COMPUTING[0]).collect(),
                false => [&computing[..], &COMPUTING[..1]].concat(),
            };
            sets.push([&["ALLOW_INVALID_DATES"][..], &flipped].concat());
        }
        let mut modes: Vec<Option<String>> = Vec::new();
        for set in sets {
            let mode = [&["NO_AUTO_VALUE_ON_ZERO"][..], &set].concat().join(",");
            let mode = (mode != FILE_SQL_MODE).then_some(mode);
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        modes
    }

    /// Variables that the table's expressions read: as new sessions have them, then as those of this program.
    fn variables(&self, definition: &Definition) -> Vec<Variables> {
        let is_read = |(name, _): &&(&str, String)| match *name {
            "lc_time_names" => definition.on_language,
            "div_precision_increment" => definition.on_division,
            _ => definition.on_encryption,
        };
        let mut sets: Vec<Variables> = [&self.variables, &self.session_variables]
            .map(|variables| variables.iter().filter(is_read).cloned().collect())
            .into();
        sets.dedup();
        sets
    }

    /// Sets a session as files of rows set theirs.
    pub fn enter(&self, connection: &mut Connection, candidate: &Candidate, names: &str) -> Result<(), ServerError> {
        connection.execute(format!(
            "SET NAMES {names}, SESSION sql_mode = {}, SESSION time_zone = {}",
            quote_string(candidate.sql_mode.as_deref().unwrap_or(FILE_SQL_MODE)),
            quote_string(candidate.time_zone.as_deref().unwrap_or(&self.session_zone))
        ))?;
        set(connection, &candidate.variables)
    }

    /// Sets the session back.
    pub fn leave(&self, connection: &mut Connection) -> Result<(), ServerError> {
        connection.execute("SET NAMES utf8mb4")?;
        connection.execute(Server::READING_SESSION)?;
        connection.execute(format!("SET SESSION time_zone = {}", quote_string(&self.session_zone)))?;
        set(connection, &self.session_variables)
    }
}

fn variables(connection: &mut Connection, scope: &str) -> Result<Variables, ServerError> {
    let names = VARIABLES.map(quote_string).join(", ");
    let rows = connection.query(format!("SHOW {scope} VARIABLES WHERE Variable_name IN ({names})"))?;
    let value = |name: &str| rows.iter().find(|row| row.text(0) == name).map(|row| row.text(1));
    let quoted = |name: &str, value: String| if name == VARIABLES[1] { value } else { quote_string(&value) };
    Ok(VARIABLES.into_iter().filter_map(|name| Some((name, quoted(name, value(name)?)))).collect())
}

fn set(connection: &mut Connection, variables: &Variables) -> Result<(), ServerError> {
    variables.iter().try_for_each(|(name, value)| connection.execute(format!("SET SESSION {name} = {value}")).map(drop))
}

/// `05:30` with a sign.
fn signed(offset: &str) -> String {
    if offset.starts_with('-') { offset.to_owned() } else { format!("+{offset}") }
}
