//! Statements that may hold a password, and servers' texts that quote them.

use crate::sql::token::{SqlDialect, TokenKind, Tokens};

/// What messages say in place of such text.
pub(super) const NOT_SHOWN: &str = "(not shown: it may hold a password)";
/// Bytes of a statement that are searched: more than messages show of it.
const LOOKED_AT: usize = 4096;

/// Whether the beginning of a statement may hold a password: `IDENTIFIED BY`, `PASSWORD` in any word but a quoted name
/// (`SET PASSWORD`, `MASTER_PASSWORD`, the options of a server), an address with an account
/// (`CONNECTION='mysql://user:password@host'`), or settings of the cluster's own account.
pub(super) fn may_hold(statement: &[u8]) -> bool {
    let start = &statement[..statement.len().min(LOOKED_AT)];
    let has = |text: &[u8], word: &str| contains_word(text, word.as_bytes());
    // Most statements have none of the words anywhere.
    if !["IDENTIFIED", "PASSWORD", "://", "_AUTH"].iter().any(|word| has(start, word)) {
        return false;
    }
    let shown = |token: &crate::sql::token::Token<'_>| token.kind != TokenKind::QuotedIdentifier;
    Tokens::new(start, SqlDialect::default()).filter(shown).any(|token| {
        ["IDENTIFIED", "PASSWORD", "WSREP_SST_AUTH"].iter().any(|word| has(token.text, word))
            || (has(token.text, "://") && token.text.contains(&b'@'))
    })
}

/// A server's message up to the part of the statement that it quotes (`near '…'`, `the value of '…'`).
pub(super) fn without_quotations(message: &str) -> String {
    let quotation =
        [" near ", " value of ", " value: "].iter().filter_map(|before| Some(message.find(before)? + before.len()));
    match quotation.min() {
        Some(at) => format!("{}{NOT_SHOWN}", &message[..at]),
        None => message.to_owned(),
    }
}

/// Whether a text has a word, in any case.
fn contains_word(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_with_passwords() {
        for secret in [
            "CREATE USER a IDENTIFIED BY 'secret'",
            "/*!50706 alter user a identified WITH x AS 'hash' */",
            "GRANT SELECT ON *.* TO a IDENTIFIED VIA ed25519 USING PASSWORD('secret')",
            "SET PASSWORD FOR a = 'secret'",
            "SET @x = 1, @y = PASSWORD('secret')",
            "CHANGE MASTER TO MASTER_HOST='h', MASTER_PASSWORD='secret'",
            "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD='secret'",
            "START REPLICA USER='u' PASSWORD='secret'",
            "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD 'secret')",
            "CREATE TABLE t (a INT) ENGINE=FEDERATED CONNECTION='mysql://u:secret@h/d/t'",
            "CREATE TABLE t (a INT) ENGINE=SPIDER COMMENT='user \"u\", password \"secret\"'",
            "SET GLOBAL wsrep_sst_auth='u:secret'",
            "EXECUTE IMMEDIATE 'CREATE USER a IDENTIFIED BY ''secret'' '",
            "CREATE USER a -- \n IDENTIFIED BY 'cut off",
        ] {
            assert!(may_hold(secret.as_bytes()), "{secret}");
        }
        for other in [
            "INSERT INTO `users` (`name`,`password`) VALUES('a','b')",
            "CREATE TABLE `t` (`password_identified` INT, `u` VARCHAR(9) DEFAULT 'http://h')",
            "DROP USER a",
        ] {
            assert!(!may_hold(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_a_server_quotes() {
        let syntax = "You have an error in your SQL syntax near 'secret' at line 1";
        assert_eq!(without_quotations(syntax), format!("You have an error in your SQL syntax near {NOT_SHOWN}"));
        let plugin = "Plugin 'x' is not loaded";
        assert_eq!(without_quotations(plugin), plugin);
        let variable = "Variable 'wsrep_sst_auth' can't be set to the value of 'u:secret'";
        let shown = format!("Variable 'wsrep_sst_auth' can't be set to the value of {NOT_SHOWN}");
        assert_eq!(without_quotations(variable), shown);
    }
}
