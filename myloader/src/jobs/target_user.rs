//! The user who restores.

use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::grants::Grants;
use common::sql::definer::Definer;

/// What the user may do on the target.
#[derive(Debug)]
pub struct TargetUser {
    pub grants: Grants,
    /// The account; `None` if it cannot be read as one.
    account: Option<Definer>,
    /// Whether only SUPER may create triggers and functions, as the server writes a binary log. That a session's statements
    /// do not get into it changes nothing. (Tried on MariaDB 10.11 and MySQL 9.7.)
    distrusts: bool,
}

impl TargetUser {
    /// Asks the server.
    pub fn read(connection: &mut Connection, server: &Server) -> Result<TargetUser, ServerError> {
        let settings = "SELECT CURRENT_USER(), @@GLOBAL.log_bin, @@GLOBAL.log_bin_trust_function_creators";
        let row = connection.query_first(settings)?;
        let number = |column| row.as_ref().and_then(|row| row.number(column));
        Ok(TargetUser {
            account: row.as_ref().and_then(|row| row.text(0).parse().ok()),
            distrusts: number(1) == Some(1) && number(2) == Some(0),
            grants: Grants::read(connection, server)?,
        })
    }

    /// One of whom nothing is known: the server decides.
    pub fn unknown() -> TargetUser {
        TargetUser { grants: Grants::unknown(), account: None, distrusts: false }
    }

    /// Whether the user may not make this account the definer of something.
    pub fn may_not_set(&self, definer: &Definer) -> bool {
        const ANY: [&str; 4] = ["SUPER", "SET USER", "SET_ANY_DEFINER", "SET_USER_ID"];
        self.account.as_ref().is_some_and(|account| account != definer) && !self.grants.globally(&ANY)
    }

    /// Whether the user may not create triggers and functions, whatever privileges there are on the database.
    pub fn is_distrusted(&self) -> bool {
        self.distrusts && !self.grants.globally(&["SUPER"])
    }
}
