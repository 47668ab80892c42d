//! Which character sets and collations the server has. Each is asked for once, by using it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use common::process::sync::lock;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::{quote_identifier, quote_string};

use crate::ddl::portability::CharsetNames;

/// What the server has answered so far, for all workers.
#[derive(Default)]
pub struct CharsetSupport {
    known: Mutex<BTreeMap<(NameKind, String), Option<Missing>>>,
}

/// Why the server does not have one: its error number, and the message.
pub type Missing = (Option<u16>, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NameKind {
    CharacterSet,
    Collation,
}

impl CharsetSupport {
    /// The first of these names that the server does not have.
    pub fn first_missing(
        &self,
        connection: &mut Connection,
        names: CharsetNames,
    ) -> Result<Option<Missing>, ServerError> {
        let collations = names.collations.into_iter().map(|name| (NameKind::Collation, name));
        let character_sets = names.character_sets.into_iter().map(|name| (NameKind::CharacterSet, name));
        for name in collations.chain(character_sets) {
            if let Some(missing) = self.ask(connection, name)? {
                return Ok(Some(missing));
            }
        }
        Ok(None)
    }

    pub fn has_collation(&self, connection: &mut Connection, name: &str) -> Result<bool, ServerError> {
        Ok(self.ask(connection, (NameKind::Collation, name.to_owned()))?.is_none())
    }

    fn ask(&self, connection: &mut Connection, name: (NameKind, String)) -> Result<Option<Missing>, ServerError> {
        let lock = || lock(&self.known);
        if let Some(answer) = lock().get(&name) {
            return Ok(answer.clone());
        }
        let statement = match &name {
            (NameKind::Collation, name) => format!("SET collation_connection = {}", quote_string(name)),
            (NameKind::CharacterSet, name) => format!("SELECT CONVERT('' USING {})", quote_identifier(name)),
        };
        let result = connection.execute(statement);
        connection.execute("SET NAMES utf8mb4")?;
        let answer = match result {
            Err(error)
                if matches!(
                    error.server_code(),
                    Some(error_codes::UNKNOWN_CHARACTER_SET | error_codes::UNKNOWN_COLLATION)
                ) =>
            {
                Some((error.server_code(), error.without_statement()))
            }
            // Whatever else is wrong with it shows when the object is made.
            Err(error) if error.server_code().is_none() => return Err(error),
            _ => None,
        };
        lock().insert(name, answer.clone());
        Ok(answer)
    }
}
