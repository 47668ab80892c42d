//! `[mydumper_global_variables]` and `[myloader_global_variables]`: SET GLOBAL for the time of the work.

use crate::connection::{Connection, Error, Settings};
use crate::signals::ToSetBack;
use crate::sql::quote_string;
use crate::stop::Stop;

/// Variables that are to be changed, with what they are now.
pub struct GlobalVariables {
    connection: Option<Connection>,
    changes: Vec<Change>,
}

struct Change {
    set: String,
    /// What `set_back` begins with: the same for the same variable.
    variable: String,
    set_back: Option<String>,
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
    pub fn read(settings: &Settings, variables: &[(String, String)], stop: &Stop) -> Result<GlobalVariables, Error> {
        if variables.is_empty() {
            return Ok(GlobalVariables { connection: None, changes: Vec::new() });
        }
        let mut connection = Connection::open(settings, stop)?;
        let mut changes = Vec::new();
        for (name, value) in variables {
            let old = connection.query_first(format!("SELECT @@GLOBAL.{name}"))?.map(|row| row.text(0));
            let variable = format!("SET GLOBAL {name} = ");
            let set_back = old.map(|old| {
                let old = if old.parse::<f64>().is_ok() { old } else { quote_string(&old) };
                format!("{variable}{old}")
            });
            changes.push(Change { set: format!("{variable}{value}"), variable, set_back });
        }
        Ok(GlobalVariables { connection: Some(connection), changes })
    }

    /// Of a run that was killed, these statements were left to be done: their values are the old ones.
    pub fn left_by_earlier_run(&mut self, statements: &[String]) {
        for change in &mut self.changes {
            if let Some(left) = statements.iter().find(|statement| statement.starts_with(&change.variable)) {
                change.set_back = Some(left.clone());
            }
        }
    }

    /// The statements that set them back.
    pub fn set_back(&self) -> impl Iterator<Item = &String> {
        self.changes.iter().filter_map(|change| change.set_back.as_ref())
    }

    /// Sets them.
    ///
    /// # Errors
    /// When the user may not set one; those before it are set back.
    pub fn set(self, settings: &Settings) -> Result<ChangedVariables, Error> {
        let mut changed = ChangedVariables { settings: settings.clone(), set_back: Vec::new(), _to_set_back: None };
        let Some(mut connection) = self.connection else { return Ok(changed) };
        changed._to_set_back = Some(ToSetBack::new());
        for change in self.changes {
            connection.execute(change.set)?;
            changed.set_back.extend(change.set_back);
        }
        Ok(changed)
    }
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
