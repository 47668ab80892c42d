//! Triggers, routines and events.

use std::collections::BTreeMap;

use common::server::Server;
use common::server::connection::{Connection, Row};
use common::sql::name::QualifiedName;

use super::program::Program;
use super::reader::CatalogReader;
use super::selection::CatalogSelection;
use super::survey::SurveyedDatabase;
use super::{Error, Routine};

impl Program {
    /// Lists all that are selected of a database: triggers of these tables, routines and events.
    pub fn read_all(
        connection: &mut Connection,
        server: &Server,
        selection: &CatalogSelection<'_>,
        database: &SurveyedDatabase,
    ) -> Result<Vec<Program>, Error> {
        let mut reader = CatalogReader::new(connection, server, selection);
        let program = |kind: &str, name: String| Program {
            kind: kind.to_owned(),
            name: QualifiedName::new(database.name.clone(), name),
        };
        let mut programs = Vec::new();
        if selection.objects.triggers {
            let mut triggers = reader.triggers(&database.name)?;
            let of_tables = database.tables.iter().filter_map(|table| triggers.remove(&table.name.name));
            programs.extend(of_tables.flatten().map(|name| program("TRIGGER", name)));
        }
        let routines = reader.routines(&database.name)?;
        programs.extend(routines.into_iter().map(|routine| program(&routine.kind, routine.name)));
        programs.extend(reader.events(&database.name)?.into_iter().map(|name| program("EVENT", name)));
        Ok(programs)
    }
}

impl CatalogReader<'_> {
    pub(super) fn triggers(&mut self, database: &str) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let mut triggers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let rows = self.select(
            database,
            "TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME",
            "TRIGGERS",
            "TRIGGER_SCHEMA",
            "EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER",
        )?;
        for row in rows {
            if !self.selection.leaves_out("TRIGGER", database, &row.text(2)) {
                triggers.entry(row.text(1)).or_default().push(row.text(2));
            }
        }
        Ok(triggers)
    }

    pub(super) fn routines(&mut self, database: &str) -> Result<Vec<Routine>, Error> {
        if !self.selection.objects.routines {
            return Ok(Vec::new());
        }
        // Functions first: procedures and views may need them. A package body needs its package.
        let order = "FIELD(ROUTINE_TYPE, 'FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY'), ROUTINE_NAME";
        let what = "ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE";
        let rows = self.select(database, what, "ROUTINES", "ROUTINE_SCHEMA", order)?;
        let mut routines = Vec::new();
        // Routines cannot be created without the libraries that they use.
        for row in self.libraries(database)? {
            if self.passes_object("LIBRARY", database, &row.text(1))? {
                routines.push(Routine { kind: "LIBRARY".to_owned(), name: row.text(1) });
            }
        }
        for row in rows.iter().filter(|row| row.text(2) != "LIBRARY") {
            if self.passes_object(&row.text(2), database, &row.text(1))? {
                routines.push(Routine { kind: row.text(2), name: row.text(1) });
            }
        }
        Ok(routines)
    }

    pub(super) fn libraries(&mut self, database: &str) -> Result<Vec<Row>, Error> {
        if !self.server.is_mysql_since(9, 2, 0) {
            return Ok(Vec::new());
        }
        self.select(database, "LIBRARY_SCHEMA, LIBRARY_NAME", "LIBRARIES", "LIBRARY_SCHEMA", "LIBRARY_NAME")
    }

    pub(super) fn events(&mut self, database: &str) -> Result<Vec<String>, Error> {
        if !self.selection.objects.events {
            return Ok(Vec::new());
        }
        let rows = self.select(database, "EVENT_SCHEMA, EVENT_NAME", "EVENTS", "EVENT_SCHEMA", "EVENT_NAME")?;
        let mut events = Vec::new();
        for row in rows {
            if self.passes_object("EVENT", database, &row.text(1))? {
                events.push(row.text(1));
            }
        }
        Ok(events)
    }

    /// `--tables-list` excludes all routines and events.
    pub(super) fn passes_object(&self, kind: &str, database: &str, name: &str) -> Result<bool, Error> {
        Ok(!self.selection.leaves_out(kind, database, name)
            && self.selection.filter.tables.is_empty()
            && self.selection.filter.passes_table(&QualifiedName::new(database, name))?)
    }
}
