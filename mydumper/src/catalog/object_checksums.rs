//! The checksums of mydumper that are not those of columns and indexes.

use std::collections::BTreeMap;

use common::backup::metadata::DatabaseEntry;
use common::backup::mydumper_checksum::MydumperChecksum;
use common::sql::name::QualifiedName;

use super::Error;
use super::reader::CatalogReader;

impl CatalogReader<'_> {
    /// The checksum of each database's character set and collation.
    pub(super) fn charset_checksums(&mut self) -> Result<BTreeMap<String, MydumperChecksum>, Error> {
        if !self.selection.checksums.databases {
            return Ok(BTreeMap::new());
        }
        let query = format!("SELECT SCHEMA_NAME, {} FROM information_schema.SCHEMATA", MydumperChecksum::DATABASE);
        let rows = self.connection.query(query)?;
        Ok(rows.iter().map(|row| (row.text(0), MydumperChecksum::of(row.number(1)))).collect())
    }

    /// The checksum of each view.
    pub(super) fn view_checksums(&mut self, database: &str) -> Result<BTreeMap<String, MydumperChecksum>, Error> {
        if !self.selection.checksums.views || !self.selection.objects.views {
            return Ok(BTreeMap::new());
        }
        let words = format!("TABLE_SCHEMA, TABLE_NAME, {}", MydumperChecksum::VIEW);
        let rows = self.select(database, &words, "VIEWS", "TABLE_SCHEMA", "TABLE_NAME")?;
        Ok(rows.iter().map(|row| (row.text(1), MydumperChecksum::of(row.number(2)))).collect())
    }

    /// Checksums of those routines, events and triggers of a database that are dumped.
    pub(super) fn object_checksums(
        &mut self,
        database: &str,
        charset: Option<MydumperChecksum>,
    ) -> Result<DatabaseEntry, Error> {
        let (kinds, objects) = (self.selection.checksums, self.selection.objects);
        let mut of = |wanted: bool,
                      view: &str,
                      owner: &str,
                      name: &str,
                      crc32: &str|
         -> Result<Option<MydumperChecksum>, Error> {
            if !wanted || self.selection.left_out.iter().any(|program| program.name.database == database) {
                return Ok(None);
            }
            let mut sum = MydumperChecksum::default();
            let words = format!("{owner}, {name}, {crc32}");
            for row in self.select(database, &words, view, owner, name)? {
                let passes = match view {
                    "TRIGGERS" => self.selection.filter.passes_table(&QualifiedName::new(database, row.text(1)))?,
                    _ => self.passes_object("", database, &row.text(1))?,
                };
                if passes {
                    sum.add(row.number(2));
                }
            }
            Ok(Some(sum))
        };
        Ok(DatabaseEntry {
            schema_checksum: charset,
            post_checksum: of(
                kinds.routines && objects.routines,
                "ROUTINES",
                "ROUTINE_SCHEMA",
                "ROUTINE_NAME",
                MydumperChecksum::ROUTINE,
            )?,
            events_checksum: of(
                kinds.events && objects.events,
                "EVENTS",
                "EVENT_SCHEMA",
                "EVENT_NAME",
                MydumperChecksum::EVENT,
            )?,
            triggers_checksum: of(
                kinds.triggers && objects.triggers,
                "TRIGGERS",
                "TRIGGER_SCHEMA",
                "EVENT_OBJECT_TABLE",
                MydumperChecksum::TRIGGER,
            )?,
        })
    }
}
