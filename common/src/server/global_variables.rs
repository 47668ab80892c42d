//! `[mydumper_global_variables]` and `[myloader_global_variables]`: SET GLOBAL while the program works.

use crate::process::signals::PendingReset;
use crate::process::stop::Stop;
use crate::server::connection::{Connection, ServerError, Settings};
use crate::sql::quote_string;

/// A variable and its value.
pub type Variable = (String, String);

/// A value that may be for servers of some versions only: `VALUE /*!80030`, as in an executable comment.
pub struct Conditional<'a> {
    /// The value.
    pub value: &'a str,
    /// The digits of the comment.
    pub version: Option<&'a str>,
}

impl Conditional<'_> {
    /// Parses a value. mydumper leaves the comment open.
    pub fn parse(text: &str) -> Conditional<'_> {
        let text = text.trim();
        let open = text.strip_suffix("*/").unwrap_or(text).trim_end();
        match open.rsplit_once("/*!").filter(|(_, version)| version.bytes().all(|byte| byte.is_ascii_digit())) {
            Some((value, "")) => Conditional { value: value.trim(), version: None },
            Some((value, version)) => Conditional { value: value.trim(), version: Some(version) },
            None => Conditional { value: text, version: None },
        }
    }
}

/// Variables to change, with their current values.
pub struct GlobalVariables {
    connection: Option<Connection>,
    changes: Vec<Change>,
}

struct Change {
    name: String,
    /// As SQL, as the user wrote it, for all servers or some.
    new: String,
    /// `None` for NULL.
    old: Option<String>,
}

/// Variables that were changed. Dropping this resets them.
pub struct ChangedVariables {
    settings: Settings,
    /// The statements that set the old values.
    resets: Vec<String>,
    _pending_reset: Option<PendingReset>,
}

impl GlobalVariables {
    /// Reads the current values, over a connection of its own.
    ///
    /// # Errors
    /// If a variable does not exist.
    pub fn read(settings: &Settings, variables: &[Variable], stop: &Stop) -> Result<GlobalVariables, ServerError> {
        if variables.is_empty() {
            return Ok(GlobalVariables { connection: None, changes: Vec::new() });
        }
        let mut connection = Connection::open(settings, stop)?;
        let mut changes = Vec::new();
        for (name, new) in variables {
            let old = match Conditional::parse(new).version {
                None => connection.query_first(format!("SELECT @@GLOBAL.{name}"))?.map(|row| row.text(0)),
                Some(version) => {
                    let row = connection.query_first(format!("SELECT 1 /*!{version} , @@GLOBAL.{name} */"))?;
                    // The value is for other servers.
                    let Some(old) = row.filter(|row| row.len() > 1).map(|row| row.text(1)) else { continue };
                    Some(old)
                }
            };
            changes.push(Change { name: name.clone(), new: new.clone(), old });
        }
        Ok(GlobalVariables { connection: Some(connection), changes })
    }

    /// Takes the original values that a killed run had found. Returns the variables among them that this run does not
    /// change, and that still have the killed run's values.
    pub fn left_by_earlier_run(&mut self, left: Vec<Variable>) -> Vec<Variable> {
        let mut others = Vec::new();
        for (name, old) in left {
            match self.changes.iter_mut().find(|change| change.name == name) {
                Some(change) => change.old = Some(old),
                None => others.push((name, old)),
            }
        }
        others
    }

    /// The values to reset them to.
    pub fn old(&self) -> impl Iterator<Item = Variable> {
        self.changes.iter().filter_map(|change| Some((change.name.clone(), change.old.clone()?)))
    }

    /// Sets the new values.
    ///
    /// # Errors
    /// If the user may not set one; those before it are reset.
    pub fn set(self, settings: &Settings) -> Result<ChangedVariables, ServerError> {
        let mut changed = ChangedVariables { settings: settings.clone(), resets: Vec::new(), _pending_reset: None };
        let Some(mut connection) = self.connection else { return Ok(changed) };
        changed._pending_reset = Some(PendingReset::new());
        for Change { name, new, old } in self.changes {
            connection.execute(format!("SET GLOBAL {name} = {}", Conditional::parse(&new).value))?;
            changed.resets.extend(old.and_then(|old| set_back(&name, &old)));
        }
        Ok(changed)
    }
}

/// The statement that sets a variable to a value that the server reported; `None` if `name` cannot be a variable's.
pub fn set_back(name: &str, value: &str) -> Option<String> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
    let value = if value.parse::<f64>().is_ok() { value.to_owned() } else { quote_string(value) };
    is_name.then(|| format!("SET GLOBAL {name} = {value}"))
}

impl Drop for ChangedVariables {
    fn drop(&mut self) {
        if self.resets.is_empty() {
            return;
        }
        // With a stop of its own, since the program's may be triggered.
        let result = Connection::open(&self.settings, &Stop::default()).and_then(|mut connection| {
            self.resets.iter().try_for_each(|statement| connection.execute(statement).map(drop))
        });
        if let Err(error) = result {
            tracing::error!(
                "global variables could not be reset, run this yourself: {} ({error})",
                self.resets.join("; ")
            );
        }
    }
}
