//! Accounts and privileges: `--users`.
//!
//! Accounts are created before the objects whose definers they are. An existing account stays unchanged, with its password
//! and privileges: it may be the one that restores. A failed statement does not end the restore, which does not depend on
//! it; failures are reported together at the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use common::backup::accounts_file;
use common::backup::file_name::DumpFile;
use common::server::Product;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::account::{Account, AccountStatement, Action};

use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::{LaterGrant, Outcome};
use crate::journal::{AccountOutcome, Record};
use crate::tolerance::{Fault, Rejection};

/// No such table, no such routine.
const NOT_THERE_YET: [u16; 2] = [error_codes::NO_SUCH_TABLE, error_codes::NO_SUCH_ROUTINE];
/// User exists (MySQL), user exists, role exists (MariaDB): notes of CREATE … IF NOT EXISTS.
const EXISTS: [&str; 3] = ["3163", "1973", "1975"];

/// Whether the file is for this product: known before any rows are loaded.
pub fn check(context: &mut Context, file: &DumpFile) -> Result<Outcome, Error> {
    let mut reader = context.shared.files.statements(file)?;
    let first = reader.next_statement().map_err(|source| context.cannot_read(file, source))?;
    let Some(dump) = first.and_then(|statement| accounts_file::product_of(statement.text)) else {
        return Err(Error::NoStatement { file: file.to_string(), what: "first line that names the server" });
    };
    let server = context.shared.server;
    if dump == server.product {
        return Ok(Outcome::Done);
    }
    Err(Error::OtherAccounts { file: file.to_string(), dump: dump.name(), server: server.to_string() })
}

/// Creates the accounts, and grants their privileges on what exists.
pub fn create(context: &mut Context, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, None)?;
    let statements = read(context, file)?;
    let mut progress =
        AccountsWork { file: file.to_string(), left_alone: BTreeSet::new(), later: Vec::new(), failures: Vec::new() };
    progress.reject_partial_revokes(context.session.connection(), context.shared.server.product, &statements)?;
    let journal = &Arc::clone(&context.shared).journal;
    for (index, statement) in statements.iter().enumerate() {
        let Some((_, action)) = &statement.account else {
            progress.run_setting(context, statement)?;
            continue;
        };
        let line = statement.line;
        let earlier = journal.account(line);
        // An earlier run may have been cut off at this one.
        let mut in_doubt = earlier == Some(AccountOutcome::Begun);
        if let Some(outcome) = earlier.filter(|_| !in_doubt) {
            progress.came_to(statement, &outcome);
            continue;
        }
        if *action == Action::Create {
            journal.write_and_wait(Record::Account { line, outcome: AccountOutcome::Begun })?;
        }
        // What has come of the accounts before this one is known here only, so the job does not begin again when the
        // connection is lost.
        let mut attempts = 0;
        let outcome = loop {
            let error = match progress.run(context, statement, in_doubt) {
                Err(error) if error.is_lost_connection() && attempts < context.shared.restore.retry_count => error,
                result => break result?,
            };
            attempts += 1;
            in_doubt = true;
            context.reconnect(error)?;
            context.begin_file(file, None)?;
            for setting in statements[..index].iter().filter(|statement| statement.account.is_none()) {
                progress.run_setting(context, setting)?;
            }
        };
        progress.came_to(statement, &outcome);
        journal.write(Record::Account { line, outcome })?;
    }
    Ok(Outcome::Accounts { later: progress.later, failures: progress.failures })
}

/// Grants the privileges on what did not exist before.
pub fn grant_later(context: &mut Context, file: &DumpFile, grants: &[LaterGrant]) -> Result<Outcome, Error> {
    context.begin_file(file, None)?;
    let mut failures = Vec::new();
    for grant in grants {
        if let Err(source) = context.session.execute_ddl(&grant.statement) {
            failures.push(failure(&grant.account, &file.to_string(), grant.line, stop_or(source)?));
        }
    }
    context.end_file(file)?;
    Ok(Outcome::Accounts { later: Vec::new(), failures })
}

/// A statement of the file.
struct FileStatement {
    line: u64,
    text: Vec<u8>,
    /// None for those of the session.
    account: Option<(Account, Action)>,
}

fn read(context: &Context, file: &DumpFile) -> Result<Vec<FileStatement>, Error> {
    let mut reader = context.shared.files.statements(file)?;
    let mut statements = Vec::new();
    while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
        context.expects(file, &statement, None)?;
        let account = AccountStatement::parse(statement.text).map(|parsed| (parsed.account, parsed.action));
        statements.push(FileStatement { line: statement.line, text: statement.text.to_vec(), account });
    }
    Ok(statements)
}

/// The outcomes of the file's statements so far.
struct AccountsWork {
    file: String,
    /// Accounts that existed before, or could not be created.
    left_alone: BTreeSet<Account>,
    later: Vec<LaterGrant>,
    failures: Vec<Rejection>,
}

impl AccountsWork {
    /// Without `partial_revokes`, MySQL takes the GRANT of such an account but not what restricts it.
    fn reject_partial_revokes(
        &mut self,
        connection: &mut Connection,
        product: Product,
        statements: &[FileStatement],
    ) -> Result<(), Error> {
        let restricted = statements.iter().filter_map(|statement| match &statement.account {
            Some((account, Action::Revoke)) => Some((statement.line, account.clone())),
            _ => None,
        });
        let mut restricted = restricted.peekable();
        if product != Product::MySql || restricted.peek().is_none() {
            return Ok(());
        }
        let job = || "@@GLOBAL.partial_revokes".to_owned();
        let row = connection.query_first("SELECT @@GLOBAL.partial_revokes");
        let on = row.map_err(|source| Error::Job { job: job(), source })?.and_then(|row| row.number(0)) == Some(1);
        if on {
            return Ok(());
        }
        for (line, account) in restricted {
            if self.left_alone.insert(account.clone()) {
                let why = format!(
                    "{}, line {line}: it has partial revokes, without which this server would grant it more than it \
                     had: the account was not created (SET GLOBAL partial_revokes=ON)",
                    self.file
                );
                self.failures.push(Rejection { object: account.to_string(), why, fault: Fault::Server(None) });
            }
        }
        Ok(())
    }

    /// A statement of the session.
    fn run_setting(&self, context: &mut Context, statement: &FileStatement) -> Result<(), Error> {
        let failed = |source| Error::Statement { file: self.file.clone(), line: statement.line, source };
        let adapted = context.session.adapt_set(&statement.text);
        context.session.execute_ddl(adapted).map(drop).map_err(failed)
    }

    /// Runs a statement on an account. One that is in doubt may have been run before.
    fn run(&self, context: &mut Context, statement: &FileStatement, in_doubt: bool) -> Result<AccountOutcome, Error> {
        let Some((account, action)) = &statement.account else { return Ok(AccountOutcome::Done) };
        if self.left_alone.contains(account) {
            return Ok(AccountOutcome::LeftAlone);
        }
        let connection = context.session.connection();
        match connection.execute(&statement.text) {
            Ok(outcome) if *action == Action::Create && outcome.warnings > 0 && exists(connection)? => {
                if in_doubt {
                    let why = format!(
                        "{}, line {}: the connection was lost while the account was created; it exists now, but it is \
                         unknown whether it existed before, so it got no privileges (if it did not, drop it and \
                         restore again with --users --no-data)",
                        self.file, statement.line
                    );
                    return Ok(AccountOutcome::Failed { why, code: None });
                }
                tracing::warn!(
                    "--users: {account} already exists and stays unchanged, without the password and privileges of \
                     the dump"
                );
                Ok(AccountOutcome::LeftAlone)
            }
            Ok(_) => Ok(AccountOutcome::Done),
            Err(source) => {
                let source = stop_or(source)?;
                let code = source.server_code();
                if *action == Action::Grant && code.is_some_and(|code| NOT_THERE_YET.contains(&code)) {
                    return Ok(AccountOutcome::Later);
                }
                let why = format!("{}, line {}: {source}", self.file, statement.line);
                Ok(AccountOutcome::Failed { why, code })
            }
        }
    }

    /// Takes in the outcome of a statement, of this run or an earlier one.
    fn came_to(&mut self, statement: &FileStatement, outcome: &AccountOutcome) {
        let Some((account, action)) = &statement.account else { return };
        match outcome {
            AccountOutcome::Begun | AccountOutcome::Done => {}
            AccountOutcome::LeftAlone => drop(self.left_alone.insert(account.clone())),
            AccountOutcome::Later => self.later.push(LaterGrant {
                line: statement.line,
                statement: statement.text.clone(),
                account: account.to_string(),
            }),
            AccountOutcome::Failed { why, code } => {
                if *action == Action::Create {
                    // A GRANT might create it without a password.
                    self.left_alone.insert(account.clone());
                }
                let (object, fault) = (account.to_string(), Fault::Server(*code));
                self.failures.push(Rejection { object, why: why.clone(), fault });
            }
        }
    }
}

/// Whether the last statement noted that the account exists.
fn exists(connection: &mut Connection) -> Result<bool, Error> {
    let rows = connection.query("SHOW WARNINGS");
    let rows = rows.map_err(|source| Error::Job { job: "accounts".to_owned(), source })?;
    Ok(rows.iter().any(|row| EXISTS.contains(&row.text(1).as_str())))
}

/// A failure to report at the end, unless the connection itself is unusable.
fn stop_or(source: ServerError) -> Result<ServerError, Error> {
    match source.server_code() {
        Some(_) => Ok(source),
        None => Err(Error::Job { job: "accounts".to_owned(), source }),
    }
}

fn failure(account: &str, file: &str, line: u64, source: ServerError) -> Rejection {
    let fault = Fault::Server(source.server_code());
    Rejection { object: account.to_owned(), why: format!("{file}, line {line}: {source}"), fault }
}
