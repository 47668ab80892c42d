//! The collation that a database had when a routine, trigger or event was made, which the server keeps with it.
//!
//! It reads it off the database, and no setting of a session changes that (tried on MariaDB 10.11 and MySQL 9.7). So the
//! database gets that collation for the moment, and its own one back, also if the restore fails. Meanwhile no other
//! program is made in any database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use common::backup::file_name::DumpFile;
use common::process::signals::PendingReset;
use common::process::stop::Stop;
use common::process::sync::lock;
use common::server::connection::{Connection, ServerError, Settings};
use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;
use common::sql::{quote_identifier, quote_string};

use crate::ddl::set;
use crate::jobs::context::Context;
use crate::jobs::database_collations::Programs;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::DatabaseTarget;

/// Makes the programs of a file, each under the collation that it was made under. `run` calls [`before_create`] and
/// [`noted`].
pub fn keeping(
    context: &mut Context,
    database: &DatabaseTarget,
    file: &DumpFile,
    run: impl FnOnce(&mut Context) -> Result<Outcome, Error>,
) -> Result<Outcome, Error> {
    let shared = Arc::clone(&context.shared);
    let collations = &shared.database_collations;
    let declared = lock(&collations.declared).get(&database.source).cloned();
    let named = named_in(context, file)?;
    let failed = |source| Error::Job { job: file.to_string(), source };
    {
        let _no_other = collations.making.read().unwrap_or_else(PoisonError::into_inner);
        let now = collation_of(context, &database.target).map_err(failed)?;
        let is_left_by_a_lost_session = lock(&collations.changed).contains_key(&database.target);
        let is_other = |wanted: &String| now.as_ref() != Some(wanted);
        if !is_left_by_a_lost_session && !named.iter().chain(&declared).any(is_other) {
            return run(context);
        }
    }
    let _alone = collations.making.write().unwrap_or_else(PoisonError::into_inner);
    let _pending_reset = PendingReset::new();
    let now = collation_of(context, &database.target).map_err(failed)?.unwrap_or_default();
    let own = lock(&collations.changed).entry(database.target.clone()).or_insert(now.clone()).clone();
    context.programs = Some(Programs {
        database: database.target.clone(),
        usual: declared.unwrap_or_else(|| own.clone()),
        wanted: None,
        now,
    });
    let result = run(context);
    let now = context.programs.take().map(|programs| programs.now);
    let back = if now.as_ref() == Some(&own) { Ok(()) } else { set(context, &database.target, &own) };
    match back {
        Ok(()) => {
            lock(&collations.changed).remove(&database.target);
            result
        }
        // It is done when the session is there again, or at the end.
        Err(error) => result.and(Err(failed(error))),
    }
}

/// Takes a statement that says under which collation the next program was made. Returns whether it is one.
pub fn noted(context: &mut Context, statement: &[u8]) -> bool {
    let Some(wanted) = set::database_collation(statement) else { return false };
    if let Some(programs) = &mut context.programs {
        programs.wanted = wanted;
    }
    true
}

/// Gives the database the collation of the program that is made next.
pub fn before_create(context: &mut Context) -> Result<(), ServerError> {
    let Some(programs) = &context.programs else { return Ok(()) };
    let wanted = programs.wanted.clone().unwrap_or_else(|| programs.usual.clone());
    if wanted == programs.now {
        return Ok(());
    }
    let database = programs.database.clone();
    set(context, &database, &wanted)?;
    if let Some(programs) = &mut context.programs {
        programs.now = wanted;
    }
    Ok(())
}

fn set(context: &mut Context, database: &str, collation: &str) -> Result<(), ServerError> {
    context.session.unchanged().execute(alter(database, collation)).map(drop)
}

fn alter(database: &str, collation: &str) -> String {
    format!("ALTER DATABASE {} COLLATE {}", quote_identifier(database), quote_string(collation))
}

fn collation_of(context: &mut Context, database: &str) -> Result<Option<String>, ServerError> {
    let query = format!(
        "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
        quote_string(database)
    );
    Ok(context.session.unchanged().query_first(query)?.map(|row| row.text(0)))
}

/// The collation that CREATE DATABASE gives, if it names one or a character set.
pub fn declared(context: &mut Context, create: &[u8]) -> Result<Option<String>, ServerError> {
    let (mut charset, mut collation) = (None, None);
    let mut cursor = Cursor::new(create, SqlDialect::default());
    while let Some(token) = cursor.take() {
        let is_charset = token.is_word("CHARSET") || (token.is_word("CHARACTER") && cursor.eat("SET"));
        if is_charset || token.is_word("COLLATE") {
            cursor.eat_punctuation(b'=');
            let name = cursor
                .take()
                .and_then(|name| name.identifier())
                .map(|name| String::from_utf8_lossy(&name).into_owned());
            if is_charset { charset = name } else { collation = name }
        }
    }
    let (None, Some(charset)) = (&collation, charset) else { return Ok(collation) };
    let query = format!("SHOW CHARACTER SET LIKE {}", quote_string(&charset.replace('_', "\\_")));
    Ok(context.session.unchanged().query_first(query)?.and_then(|row| row.named_text("Default collation")))
}

/// The collations that a file names.
fn named_in(context: &Context, file: &DumpFile) -> Result<Vec<String>, Error> {
    let mut reader = context.shared.files.statements(file)?;
    let mut names = Vec::new();
    while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
        names.extend(set::database_collation(statement.text).flatten());
    }
    Ok(names)
}

/// Puts the collations of databases back that a failing restore could not, when it is dropped.
pub struct PutBack {
    pub settings: Settings,
    pub changed: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Drop for PutBack {
    fn drop(&mut self) {
        let changed = std::mem::take(&mut *lock(&self.changed));
        if changed.is_empty() {
            return;
        }
        // The program may be stopping: this still has to be done.
        let result = Connection::open(&self.settings, &Stop::default()).and_then(|mut connection| {
            changed.iter().try_for_each(|(database, own)| connection.execute(alter(database, own)).map(drop))
        });
        if let Err(error) = result {
            let statements: Vec<String> = changed.iter().map(|(database, own)| alter(database, own)).collect();
            tracing::error!("databases keep another collation, run this yourself: {} ({error})", statements.join("; "));
        }
    }
}
