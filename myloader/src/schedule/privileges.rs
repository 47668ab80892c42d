//! What the user needs on the server, before anything is changed.

use super::database_state::Database;
use super::error::Lacking;
use super::{Error, Scheduler};
use crate::options::DropTable;

impl Scheduler {
    /// All that is certainly needed and certainly lacking, of all databases.
    pub(super) fn check_privileges(&self) -> Result<(), Error> {
        let mut found = Vec::new();
        for (name, database) in &self.databases {
            let Some(target) = database.target() else { continue };
            let needed = self.needed(name, database)?;
            let lacking = |privilege: &&str| database.existing.lacking.contains(privilege);
            let privileges: Vec<&'static str> = needed.into_iter().filter(lacking).collect();
            if !privileges.is_empty() {
                found.push(Lacking { database: target.target.clone(), privileges });
            }
        }
        // With --keep-going the rest is restored.
        if found.is_empty() || self.settings.tolerance.keep_going { Ok(()) } else { Err(Error::Privileges(found)) }
    }

    fn needed(&self, name: &str, database: &Database) -> Result<Vec<&'static str>, Error> {
        let settings = &self.settings;
        let exists = |real: &str| database.existing.names.contains(&*settings.server.folded(real));
        let (mut creates, mut inserts, mut keeps) = (false, false, false);
        for (file, state) in self.tables.iter().filter(|(file, _)| file.database == name) {
            // Tables that stand in for views are not created.
            if self.is_view_or_sequence(file) || database.views.iter().any(|view| view.content.table() == Some(file)) {
                continue;
            }
            let Ok(real) = self.real_table_name(file) else { continue };
            if !self.passes_source(file)? {
                continue;
            }
            let is_there = exists(&real);
            creates |= state.schema.is_some() && !is_there;
            keeps |= state.schema.is_some() && is_there;
            inserts |= state.row_bytes > 0;
        }
        let drops = settings.drop_table == DropTable::Drop && keeps;
        let mut needed = Vec::new();
        let mut add = |is_needed: bool, privilege| {
            if is_needed {
                needed.push(privilege);
            }
        };
        add(settings.create_tables && (creates || drops), "CREATE");
        let truncates =
            settings.empties_tables() && settings.drop_table == DropTable::Truncate && keeps && self.has_rows();
        let deletes = settings.empties_tables() && settings.drop_table == DropTable::Delete && keeps && self.has_rows();
        add(settings.create_tables && (drops || truncates), "DROP");
        add(settings.data && inserts, "INSERT");
        add(deletes, "DELETE");
        let wants_all = settings.filter.is_empty();
        add(settings.schemas && wants_all && !database.views.is_empty(), "CREATE VIEW");
        add(settings.triggers && wants_all && !database.triggers.is_empty(), "TRIGGER");
        Ok(needed)
    }
}
