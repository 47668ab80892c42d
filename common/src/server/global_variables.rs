//! `[mydumper_global_variables]` and `[myloader_global_variables]`: SET GLOBAL for the time of the work.

use crate::process::signals::ToSetBack;
use crate::process::stop::Stop;
use crate::server::connection::{Connection, Error, Settings};
use crate::sql::quote_string;

/// A variable and its value.
pub type Variable = (String, String);

/// Variables that are to be changed, with what they are now.
pub struct GlobalVariables {
    connection: Option<Connection>,
    changes: Vec<Change>,
}

struct Change {
    name: String,
    /// As the user has written it.
    new: String,
    /// `None` if it has no value.
    old: Option<String>,
}

/// Variables that were changed. Dropping this sets them back.
pub struct ChangedVariables {
    settings: Settings,
    /// Statements that set the old values.
    set_back: Vec<String>,
    _to_set_back: Option<ToSetBack>,
}

impl GlobalVariables {
    /// Asks for their values, over a connection of its own.
    ///
    /// # Errors
    /// When there is no such variable.
    pub fn read(settings: &Settings, variables: &[Variable], stop: &Stop) -> Result<GlobalVariables, Error> {
        if variables.is_empty() {
            return Ok(GlobalVariables { connection: None, changes: Vec::new() });
        }
        let mut connection = Connection::open(settings, stop)?;
        let mut changes = Vec::new();
        for (name, new) in variables {
            let old = connection.query_first(format!("SELECT @@GLOBAL.{name}"))?.map(|row| row.text(0));
            changes.push(Change { name: name.clone(), new: new.clone(), old });
        }
        Ok(GlobalVariables { connection: Some(connection), changes })
    }

    /// A run that was killed has left some of them changed: what it has found is what they were. Returns those that are not
    /// changed again.
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

    /// What they are to be again.
    pub fn old(&self) -> impl Iterator<Item = Variable> {
        self.changes.iter().filter_map(|change| Some((change.name.clone(), change.old.clone()?)))
    }

    /// Sets them.
    ///
    /// # Errors
    /// When the user may not set one; those before it are set back.
    pub fn set(self, settings: &Settings) -> Result<ChangedVariables, Error> {
        let mut changed = ChangedVariables { settings: settings.clone(), set_back: Vec::new(), _to_set_back: None };
        let Some(mut connection) = self.connection else { return Ok(changed) };
        changed._to_set_back = Some(ToSetBack::new());
        for Change { name, new, old } in self.changes {
            connection.execute(format!("SET GLOBAL {name} = {new}"))?;
            changed.set_back.extend(old.and_then(|old| set_back(&name, &old)));
        }
        Ok(changed)
    }
}

/// The statement that gives a variable a value that the server has told; `None` if it is no name of a variable.
pub fn set_back(name: &str, value: &str) -> Option<String> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
    let value = if value.parse::<f64>().is_ok() { value.to_owned() } else { quote_string(value) };
    is_name.then(|| format!("SET GLOBAL {name} = {value}"))
}

impl Drop for ChangedVariables {
    fn drop(&mut self) {
        if self.set_back.is_empty() {
            return;
        }
        // The program may be stopping: this still has to be done.
        let result = Connection::open(&self.settings, &Stop::default()).and_then(|mut connection| {
            self.set_back.iter().try_for_each(|statement| connection.execute(statement).map(drop))
        });
        if let Err(error) = result {
            tracing::error!(
                "global variables could not be set back, do it by hand ({}): {error}",
                self.set_back.join("; ")
            );
        }
    }
}
