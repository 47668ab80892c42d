//! Foreign keys that refer to tables of a database.

use common::server::connection::{Connection, ServerError};
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use crate::jobs::target::{Reference, ReferenceColumn};

/// All of them that the user may see, on MySQL since 8.0.
pub fn read(connection: &mut Connection, database: &str) -> Result<Vec<Reference>, ServerError> {
    let sql = format!(
        "SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, \
         c.DATA_TYPE, c.COLUMN_TYPE, c.CHARACTER_SET_NAME, c.COLLATION_NAME \
         FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.COLUMNS c \
         USING (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME) WHERE k.REFERENCED_TABLE_SCHEMA = {} \
         ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
        quote_string(database)
    );
    let mut references: Vec<Reference> = Vec::new();
    for row in connection.query(sql)? {
        let optional = |column| row.bytes(column).map(|text| String::from_utf8_lossy(text).into_owned());
        let column = ReferenceColumn {
            parent: row.text(4),
            data_type: row.text(5).to_ascii_lowercase(),
            unsigned: row.text(6).contains("unsigned"),
            charset: optional(7),
            collation: optional(8),
        };
        let (child, constraint) = (QualifiedName::new(row.text(0), row.text(1)), row.text(2));
        match references.last_mut().filter(|last| last.child == child && last.constraint == constraint) {
            Some(last) => last.columns.push(column),
            None => {
                let parent = QualifiedName::new(database, row.text(3));
                references.push(Reference { child, constraint, parent, columns: vec![column] });
            }
        }
    }
    Ok(references)
}
