//! `[mydumper_global_variables]` and `[myloader_global_variables]`: SET GLOBAL for the time of the work.

use crate::connection::{Connection, Error, Settings};
use crate::signals::ToSetBack;
use crate::sql::quote_string;
use crate::stop::Stop;

/// Variables that were changed. Dropping this sets them back.
pub struct GlobalVariables {
    settings: Settings,
    /// Statements that set the old values.
    restore: Vec<String>,
    _to_set_back: Option<ToSetBack>,
}

impl GlobalVariables {
    /// Sets the variables, over a connection of its own.
    ///
    /// # Errors
    /// When there is no such variable, or the user may not set it; those before it are set back.
    pub fn set(settings: &Settings, variables: &[(String, String)], stop: &Stop) -> Result<GlobalVariables, Error> {
        let mut changed = GlobalVariables { settings: settings.clone(), restore: Vec::new(), _to_set_back: None };
        if variables.is_empty() {
            return Ok(changed);
        }
        changed._to_set_back = Some(ToSetBack::new());
        let mut connection = Connection::open(settings, stop)?;
        for (name, value) in variables {
            let old = connection.query_first(format!("SELECT @@GLOBAL.{name}"))?.map(|row| row.text(0));
            connection.execute(format!("SET GLOBAL {name} = {value}"))?;
            if let Some(old) = old {
                let old = if old.parse::<f64>().is_ok() { old } else { quote_string(&old) };
                changed.restore.push(format!("SET GLOBAL {name} = {old}"));
            }
        }
        Ok(changed)
    }
}

impl Drop for GlobalVariables {
    fn drop(&mut self) {
        if self.restore.is_empty() {
            return;
        }
        // The program may be stopping: this still has to be done.
        let result = Connection::open(&self.settings, &Stop::default()).and_then(|mut connection| {
            self.restore.iter().try_for_each(|statement| connection.execute(statement).map(drop))
        });
        if let Err(error) = result {
            tracing::error!(
                "global variables could not be set back, do it by hand ({}): {error}",
                self.restore.join("; ")
            );
        }
    }
}
