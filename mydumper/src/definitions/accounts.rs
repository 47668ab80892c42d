//! Accounts, roles and their privileges, as the text of one file: `--users`.
//!
//! The texts are those of SHOW CREATE USER and SHOW GRANTS, except for clauses that could not be restored. All accounts
//! are created first, since a privilege can name another account (a role, a proxy); then come the privileges, then the
//! default roles. The server's own accounts are not dumped: every server has them.

use common::backup::accounts_file;
use common::exit_codes;
use common::server::connection::{Connection, Row, ServerError};
use common::server::error_codes;
use common::server::{Product, Server};
use common::sql::account::{Account, AccountStatement, Action};
use common::sql::quote_string;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use crate::definitions::Preamble;

/// Accounts that servers create for themselves.
const SYSTEM_ACCOUNTS: [&str; 4] = ["mysql.sys", "mysql.session", "mysql.infoschema", "mariadb.sys"];

/// Errors about an account that is in the table, but not in effect.
const NOT_IN_EFFECT: [u16; 3] =
    [error_codes::NO_MATCHING_USER, error_codes::NO_SUCH_GRANT, error_codes::ACCOUNT_OPERATION_FAILED];

/// The accounts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The list of accounts could not be read.
    #[error("--users: cannot read the accounts: {0}; the user needs SELECT on the database mysql")]
    List(#[source] ServerError),
    /// An account could not be read.
    #[error("--users: cannot read account {account}: {source}")]
    Account {
        /// Its name.
        account: Account,
        /// The server's failure.
        source: ServerError,
    },
}

exit_codes! { Error:
    of source: List, Account.source;
}

/// The text of the file.
pub fn read(connection: &mut Connection, server: &Server, preamble: Preamble) -> Result<Vec<u8>, Error> {
    let mut out = preamble.for_definitions();
    if server.is_mariadb() {
        // A GRANT to an account that could not be created would otherwise create it without a password.
        out.add(b"SET SQL_MODE=CONCAT(@@SQL_MODE, ',NO_AUTO_CREATE_USER')");
    }
    let mut reader = AccountReader { connection, server, statements: Statements::default() };
    reader.read_all()?;
    let Statements { accounts, privileges, default_roles } = reader.statements;
    for statement in accounts.iter().chain(&privileges).chain(&default_roles) {
        out.add(statement.as_bytes());
    }
    Ok([accounts_file::head(server.product).as_bytes(), &out.finish()].concat())
}

/// In the order in which they have to be executed.
#[derive(Default)]
struct Statements {
    accounts: Vec<String>,
    privileges: Vec<String>,
    default_roles: Vec<String>,
}

struct AccountReader<'a> {
    connection: &'a mut Connection,
    server: &'a Server,
    statements: Statements,
}

impl AccountReader<'_> {
    fn read_all(&mut self) -> Result<(), Error> {
        if self.server.is_mysql_since(8, 0, 17) {
            // A hash of caching_sha2_password can contain any bytes.
            self.connection.execute("SET SESSION print_identified_with_as_hex = ON").map_err(Error::List)?;
        }
        let mut rows = self.connection.query("SELECT * FROM mysql.user").map_err(Error::List)?;
        rows.sort_by_key(|row| (row.named_text("User"), row.named_text("Host")));
        for row in rows {
            let account = self.account(&row);
            if SYSTEM_ACCOUNTS.contains(&account.user.as_str()) {
                continue;
            }
            match self.create(&account, &row).and_then(|()| self.privileges(&account)) {
                Err(source) if source.server_code().is_some_and(|code| NOT_IN_EFFECT.contains(&code)) => {
                    tracing::warn!(
                        "--users: {account} is skipped, since it has no effect: it was dropped meanwhile, or \
                         skip_name_resolve disables host names ({source})"
                    );
                }
                result => result.map_err(|source| Error::Account { account: account.clone(), source })?,
            }
        }
        Ok(())
    }

    fn account(&self, row: &Row) -> Account {
        // Only MariaDB has this column. Its roles have no host.
        let is_role = row.named_text("is_role").as_deref() == Some("Y");
        let host = row.named_text("Host").filter(|_| !is_role);
        Account { user: row.named_text("User").unwrap_or_default(), host }
    }

    fn create(&mut self, account: &Account, row: &Row) -> Result<(), ServerError> {
        if account.is_public() {
            return Ok(());
        }
        if account.host.is_none() {
            self.statements.accounts.push(format!("CREATE ROLE IF NOT EXISTS {}", account.to_sql()));
            return Ok(());
        }
        // MariaDB may add an ALTER USER.
        let mut created = self.texts(&format!("SHOW CREATE USER {}", account.to_sql()))?.into_iter();
        let Some(create) = created.next() else { return Ok(()) };
        let create = match self.server.product {
            Product::MariaDb => with_plugin_of_invalid_hash(&create),
            Product::MySql => {
                let second =
                    row.named_text("User_attributes").is_some_and(|text| text.contains("\"additional_password\""));
                if second {
                    tracing::warn!(
                        "--users: account {account} has a second password (RETAIN CURRENT PASSWORD), which no statement \
                         can restore: the dump has the first one only"
                    );
                }
                let create = with_escaped_requirements(&create, row);
                let (create, roles) = without_default_role(&create);
                if let Some(roles) = roles {
                    self.statements.default_roles.push(format!("SET DEFAULT ROLE {roles} TO {}", account.to_sql()));
                }
                create
            }
        };
        self.statements.accounts.push(create.replacen("CREATE USER ", "CREATE USER IF NOT EXISTS ", 1));
        self.statements.accounts.extend(created);
        Ok(())
    }

    fn privileges(&mut self, account: &Account) -> Result<(), ServerError> {
        let nothing = format!("GRANT USAGE ON *.* TO {}", account.to_sql());
        for text in self.texts(&format!("SHOW GRANTS FOR {}", account.to_sql()))? {
            // SHOW GRANTS FOR a role includes grants of the roles granted to it.
            let Some(statement) = AccountStatement::parse(text.as_bytes()).filter(|it| it.account == *account) else {
                continue;
            };
            match statement.action {
                Action::DefaultRole => self.statements.default_roles.push(text),
                _ => {
                    let grant = only_privileges(&text, &statement);
                    if grant != nothing {
                        self.statements.privileges.push(grant);
                    }
                }
            }
        }
        Ok(())
    }

    fn texts(&mut self, statement: &str) -> Result<Vec<String>, ServerError> {
        Ok(self.connection.query(statement)?.iter().map(|row| row.text(0)).collect())
    }
}

/// The grant without the password, TLS requirements and limits, which MariaDB repeats in GRANT and which would be set again.
fn only_privileges(text: &str, statement: &AccountStatement) -> String {
    let grant = text.get(..statement.end).unwrap_or(text);
    match statement.with_option {
        Some(option) => format!("{grant} WITH {option} OPTION"),
        None => grant.to_owned(),
    }
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    Tokens::new(text.as_bytes(), SqlDialect::default())
}

/// Returns CREATE USER without `DEFAULT ROLE`, and the roles. In MySQL the clause also grants the roles, which may have
/// been granted indirectly only, and the roles have to exist.
fn without_default_role(create: &str) -> (String, Option<String>) {
    let tokens: Vec<Token<'_>> = tokens(create).collect();
    let clause = tokens.windows(2).position(|pair| pair[0].is_word("DEFAULT") && pair[1].is_word("ROLE"));
    let Some((first, role)) = clause.and_then(|at| Some((tokens.get(at)?, tokens.get(at + 1)?))) else {
        return (create.to_owned(), None);
    };
    // All names are quoted: the next word is another clause.
    let next = tokens.iter().find(|token| token.start > role.start && token.kind == TokenKind::Word);
    let end = next.map_or(create.len(), |token| token.start);
    let roles = create.get(role.end()..end).unwrap_or_default().trim();
    (format!("{}{}", &create[..first.start], &create[end..]), Some(roles.to_owned()))
}

/// MySQL prints the requirements on a certificate without escaping quotes and backslashes.
fn with_escaped_requirements(create: &str, row: &Row) -> String {
    let value = |column: &str| row.named_text(column).filter(|value| !value.is_empty());
    let clauses = [("SUBJECT", "x509_subject"), ("ISSUER", "x509_issuer"), ("CIPHER", "ssl_cipher")];
    let demands: Vec<(&str, String)> =
        clauses.iter().filter_map(|(word, column)| Some((*word, value(column)?))).collect();
    if !demands.iter().any(|(_, value)| value.contains(['\'', '\\'])) {
        return create.to_owned();
    }
    let raw: Vec<String> = demands.iter().map(|(word, value)| format!("{word} '{value}'")).collect();
    let escaped: Vec<String> = demands.iter().map(|(word, value)| format!("{word} {}", quote_string(value))).collect();
    create.replacen(&raw.join(" "), &escaped.join(" "), 1)
}

/// MariaDB accepts a text that is not a hash, as of an account that cannot log in, in this form only.
fn with_plugin_of_invalid_hash(create: &str) -> String {
    let tokens: Vec<Token<'_>> = tokens(create).collect();
    let place = tokens.windows(4).find(|four| {
        four[0].is_word("IDENTIFIED")
            && four[1].is_word("BY")
            && four[2].is_word("PASSWORD")
            && four[3].string_value(SqlDialect::default()).is_some_and(|hash| !hash.starts_with(b"*"))
    });
    match place {
        Some(four) => format!(
            "{}VIA mysql_native_password USING {}",
            create.get(..four[1].start).unwrap_or_default(),
            create.get(four[3].start..).unwrap_or_default()
        ),
        None => create.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_roles_are_set_at_the_end() {
        let create = "CREATE USER `at`@`%` IDENTIFIED WITH 'caching_sha2_password' AS 0x24 DEFAULT ROLE `r``1`@`%`,\
                      `r2`@`%` REQUIRE NONE PASSWORD EXPIRE DEFAULT";
        assert_eq!(
            without_default_role(create),
            (
                "CREATE USER `at`@`%` IDENTIFIED WITH 'caching_sha2_password' AS 0x24 REQUIRE NONE PASSWORD EXPIRE DEFAULT"
                    .to_owned(),
                Some("`r``1`@`%`,`r2`@`%`".to_owned())
            )
        );
        let without = "CREATE USER `DEFAULT ROLE`@`%` PASSWORD EXPIRE DEFAULT";
        assert_eq!(without_default_role(without), (without.to_owned(), None));
    }

    #[test]
    fn grants_lose_what_create_user_says() {
        for (text, expected) in [
            (
                "GRANT SELECT ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*B6' REQUIRE SSL WITH GRANT OPTION \
                 MAX_QUERIES_PER_HOUR 5",
                "GRANT SELECT ON *.* TO `u`@`%` WITH GRANT OPTION",
            ),
            ("GRANT USAGE ON *.* TO `u`@`%` WITH MAX_USER_CONNECTIONS 3", "GRANT USAGE ON *.* TO `u`@`%`"),
            ("GRANT `r` TO `u`@`%` WITH ADMIN OPTION", "GRANT `r` TO `u`@`%` WITH ADMIN OPTION"),
        ] {
            let statement = AccountStatement::parse(text.as_bytes()).unwrap();
            assert_eq!(only_privileges(text, &statement), expected);
        }
    }

    #[test]
    fn a_password_that_is_no_hash() {
        assert_eq!(
            with_plugin_of_invalid_hash("CREATE USER `q`@`%` IDENTIFIED BY PASSWORD 'invalid' ACCOUNT LOCK"),
            "CREATE USER `q`@`%` IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK"
        );
        let hash = "CREATE USER `q`@`%` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967B16F28227'";
        assert_eq!(with_plugin_of_invalid_hash(hash), hash);
    }
}
