//! What is known of the tables that LOAD DATA may fill, for all workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use common::process::sync::lock;
use common::server::Server;
use common::server::connection::ServerError;
use common::sql::name::QualifiedName;

use super::table::LoadDataTable;
use crate::options::LoadMethod;
use crate::session::Session;

pub struct LoadDataTables {
    pub method: LoadMethod,
    /// `None`: rows of the table stay INSERT statements.
    known: Mutex<HashMap<QualifiedName, Option<Arc<LoadDataTable>>>>,
}

impl LoadDataTables {
    /// For a method that the server can do.
    pub fn new(method: LoadMethod) -> LoadDataTables {
        LoadDataTables { method, known: Mutex::default() }
    }

    /// A table, if LOAD DATA may fill it. If the server has to be asked, the session is then the one that files start
    /// from.
    pub fn get(
        &self,
        session: &mut Session,
        server: &Server,
        name: &QualifiedName,
    ) -> Result<Option<Arc<LoadDataTable>>, ServerError> {
        let lock = || lock(&self.known);
        // Not held while the server is asked.
        let known = lock().get(name).cloned();
        if let Some(table) = known {
            return Ok(table);
        }
        session.reset(Some(&name.database))?;
        let read = LoadDataTable::read(session.unchanged(), server, name)?;
        let table =
            read.map_err(|reason| tracing::info!("rows of {name} are sent as INSERT statements: {reason}")).ok();
        // Another worker may have asked meanwhile.
        Ok(lock().entry(name.clone()).or_insert(table.map(Arc::new)).clone())
    }
}
