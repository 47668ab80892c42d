//! Storage engines and tablespaces that definitions name and the server does not have.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use common::backup::file_name::{Content, DumpFile};
use common::layers::compression::Compression;
use common::server::connection::{Connection, ServerError};
use common::server::{Server, error_codes};
use common::sql::cursor::Cursor;
use common::sql::token::{SqlDialect, TokenKind};

use crate::check::charset_support::Missing;
use crate::ddl::create_table::CreateTable;
use crate::ddl::created_object::text;
use crate::ddl::portability::split_by_version;
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::jobs::context::Context;
use crate::jobs::error::Error;

/// Words that servers take for another engine's name.
const ALIASES: [&str; 7] = ["HEAP", "MERGE", "INNOBASE", "NDB", "NDBCLUSTER", "MARIA", "DEFAULT"];

/// What the server has answered, for all workers.
#[derive(Default)]
pub struct StorageSupport {
    /// In upper case.
    engines: OnceLock<Engines>,
    /// Those of the server and of the dump; `None` if they cannot be known.
    tablespaces: OnceLock<Option<BTreeSet<String>>>,
}

#[derive(Default)]
struct Engines {
    there: BTreeSet<String>,
    disabled: BTreeSet<String>,
}

impl StorageSupport {
    /// What a table needs that the server does not have.
    pub fn missing(&self, context: &mut Context, file: &DumpFile, sql: &[u8]) -> Result<Option<Missing>, Error> {
        let failed = |source| Error::Job { job: file.to_string(), source };
        let Ok(table) = CreateTable::parse(sql, SqlDialect::default()) else { return Ok(None) };
        if let Some(engine) = table.engine.as_deref().map(|engine| text(engine).to_ascii_uppercase()) {
            let engines = match self.engines.get() {
                Some(known) => known,
                None => {
                    let read = Engines::read(context.session.unchanged(), context.shared.server).map_err(failed)?;
                    self.engines.get_or_init(|| read)
                }
            };
            if !engines.there.contains(&engine) && !ALIASES.contains(&engine.as_str()) {
                let why = format!(
                    "this server does not have the storage engine {} (install it there, or convert the table before the \
                     dump)",
                    engine.escape_debug()
                );
                return Ok(Some((Some(error_codes::UNKNOWN_ENGINE), why)));
            }
            if engines.disabled.contains(&engine) {
                let why = format!("the storage engine {engine} is among this server's disabled_storage_engines");
                return Ok(Some((Some(error_codes::DISABLED_ENGINE), why)));
            }
        }
        let server = context.shared.server;
        if server.is_mariadb() {
            return Ok(None);
        }
        for name in tablespaces(sql, &table, server) {
            let known = match self.tablespaces.get() {
                Some(known) => known,
                None => {
                    let read = read_tablespaces(context)?;
                    self.tablespaces.get_or_init(|| read)
                }
            };
            if known.as_ref().is_some_and(|known| !known.contains(&name)) {
                let why = format!(
                    "this server has no tablespace {} (dump with --all-tablespaces, or create the tablespace)",
                    name.escape_debug()
                );
                return Ok(Some((Some(error_codes::NO_SUCH_TABLESPACE), why)));
            }
        }
        Ok(None)
    }
}

impl Engines {
    fn read(connection: &mut Connection, server: Server) -> Result<Engines, ServerError> {
        let there = "SELECT UPPER(ENGINE) FROM information_schema.ENGINES WHERE SUPPORT IN ('YES', 'DEFAULT')";
        let there = connection.query(there)?.iter().map(|row| row.text(0)).collect();
        let mut disabled = BTreeSet::new();
        if server.is_mysql_since(5, 7, 8)
            && let Some(row) = connection.query_first("SELECT UPPER(@@GLOBAL.disabled_storage_engines)")?
        {
            disabled.extend(row.text(0).split(',').map(|name| name.trim().to_owned()));
        }
        Ok(Engines { there, disabled })
    }
}

/// The general tablespaces that a table, or a partition of it, is in.
fn tablespaces(sql: &[u8], table: &CreateTable<'_>, server: Server) -> Vec<String> {
    let start = table.elements.last().map_or(0, |element| element.end());
    let (tokens, _) = split_by_version(sql, SqlDialect::default(), server);
    let options: Vec<_> = tokens.into_iter().filter(|token| token.start >= start).collect();
    let mut names = Vec::new();
    for (index, token) in options.iter().enumerate() {
        if token.kind != TokenKind::Word || !token.is_word("TABLESPACE") {
            continue;
        }
        let equals = usize::from(options.get(index + 1).is_some_and(|next| next.is_punctuation(b'=')));
        let name = options.get(index + 1 + equals).and_then(|token| token.identifier()).map(|name| text(&name));
        names.extend(name.filter(|name| !name.starts_with("innodb_") && name != "mysql"));
    }
    names
}

/// The server's, and those that the restore creates before the tables.
fn read_tablespaces(context: &mut Context) -> Result<Option<BTreeSet<String>>, Error> {
    if !context.shared.server.is_mysql_since(8, 0, 0) {
        return Ok(None);
    }
    // It takes the privilege PROCESS.
    let names = "SELECT NAME FROM information_schema.INNODB_TABLESPACES WHERE SPACE_TYPE = 'General'";
    let mut known: BTreeSet<String> = match context.session.unchanged().query(names) {
        Ok(rows) => rows.iter().map(|row| row.text(0)).collect(),
        Err(error) if error.server_code().is_some() => return Ok(None),
        Err(source) => return Err(Error::Job { job: "tablespaces".to_owned(), source }),
    };
    for compression in [Compression::None, Compression::Zstd, Compression::Gzip, Compression::Lz4] {
        let file = DumpFile::new(Content::Tablespaces, compression);
        if !context.shared.files.has(&file) {
            continue;
        }
        let mut reader = context.shared.files.statements(&file)?;
        while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(&file, source))? {
            if classify(statement.text) == StatementKind::CreateTablespace {
                known.extend(created(statement.text));
            }
        }
    }
    Ok(Some(known))
}

/// The name in `CREATE [UNDO] TABLESPACE name`.
fn created(sql: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    cursor.expect("CREATE").ok()?;
    cursor.eat("UNDO");
    cursor.expect("TABLESPACE").ok()?;
    Some(text(&cursor.name("a tablespace").ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tablespaces_of_tables_and_partitions() {
        let of = |sql: &str| {
            let table = CreateTable::parse(sql.as_bytes(), SqlDialect::default()).unwrap();
            tablespaces(sql.as_bytes(), &table, "mysql-9.7.0".parse().unwrap())
        };
        assert_eq!(of("CREATE TABLE t (`tablespace` int) /*!50100 TABLESPACE `a b` */ ENGINE=InnoDB"), ["a b"]);
        assert_eq!(of("CREATE TABLE t (a int COMMENT 'TABLESPACE x') TABLESPACE = y COMMENT='TABLESPACE z'"), ["y"]);
        assert_eq!(of("CREATE TABLE t (a int) /*!50100 TABLESPACE `innodb_system` */ ENGINE=InnoDB"), [""; 0]);
        let parts =
            "CREATE TABLE t (a int) PARTITION BY HASH (a) (PARTITION p TABLESPACE `x`, PARTITION q TABLESPACE = z)";
        assert_eq!(of(parts), ["x", "z"]);
        assert_eq!(created(b"CREATE UNDO TABLESPACE `u` ADD DATAFILE 'u.ibu'").as_deref(), Some("u"));
        assert_eq!(created(b"CREATE TABLESPACE t ADD DATAFILE 'u.ibu'").as_deref(), Some("t"));
    }
}
