//! What a user can do about errors of the server.

use crate::server::error_codes::*;

/// Advice on a server's error, if there is any.
pub(super) fn on_code(code: u16) -> Option<&'static str> {
    Some(match code {
        ACCESS_DENIED | ACCESS_DENIED_NO_PASSWORD => "check --user and --password",
        DATABASE_ACCESS_DENIED | TABLE_ACCESS_DENIED | PRIVILEGE_NEEDED | ROUTINE_ACCESS_DENIED => {
            "the user lacks a privilege: grant it, or use another user"
        }
        UNKNOWN_DATABASE => "check the name of the database",
        TABLE_EXISTS => "choose with --drop-table what to do with tables that exist",
        PACKET_TOO_LARGE => "raise max_allowed_packet on the server, or dump with a smaller --statement-size",
        TOO_MANY_CONNECTIONS | TOO_MANY_USER_CONNECTIONS => {
            "use fewer --threads, or raise max_connections on the server"
        }
        USER_LIMIT_REACHED => "use fewer --threads, or raise the user's limits on the server",
        TABLE_FULL => "free space on the server's disk",
        TABLE_DEFINITION_CHANGED => "the table was changed or dropped meanwhile: run again when no DDL is running",
        LOCK_WAIT_TIMEOUT | DEADLOCK => "other sessions hold locks: run again when they are done",
        NO_SUCH_USER => {
            "the account of the DEFINER does not exist: dump and restore with --users, create it, or choose another with \
             --replace-definer or --skip-definer"
        }
        NO_SUCH_TABLESPACE => "dump with --all-tablespaces, or create the tablespace",
        UNKNOWN_COLLATION | UNKNOWN_CHARACTER_SET => {
            "this server does not have the character set or collation that the other server used"
        }
        LOCAL_INFILE_DISABLED | LOCAL_INFILE_DISABLED_MARIADB | COMMAND_NOT_ALLOWED => {
            "LOAD DATA LOCAL is off: SET GLOBAL local_infile=1 on the server"
        }
        UNKNOWN_ENGINE => "this server does not have the storage engine: convert the table before the dump",
        WRONG_VALUE_FOR_VARIABLE | UNKNOWN_VARIABLE => {
            "this server does not know the variable or its value: the statement is for another product or version"
        }
        _ => return None,
    })
}
