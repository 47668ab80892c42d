//! Columns that the user may not read. The server does not list them, or lists them without saying so to a SELECT of the
//! others: the dump would lack them.

use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::account::Account;
use common::sql::name::QualifiedName;
use common::sql::{quote_identifier, quote_string};

use super::{Catalog, Error, Table};

/// Tables that an error names.
const MOST_NAMED: usize = 5;

/// A table with columns that the user may not read.
#[derive(Debug)]
struct Unreadable {
    table: QualifiedName,
    /// `None` if the server does not list them.
    columns: Option<Vec<String>>,
}

/// Fails if the user may not read a column whose values are dumped.
///
/// A user with privileges on single columns sees only these in information_schema, even with a privilege such as DELETE
/// on the table. Then SHOW CREATE TABLE shows all; without any on the table it is denied, and nothing tells whether there
/// are other columns. With SELECT, INSERT, UPDATE or REFERENCES on the table all are listed, each with the privileges on
/// it. (Tried on MySQL 9.7 and MariaDB 10.11.)
pub fn check(connection: &mut Connection, catalog: &Catalog) -> Result<(), Error> {
    let mut unreadable = Vec::new();
    for (table, columns) in &catalog.unreadable_columns {
        if may_not_read(connection, table, columns)? {
            unreadable.push(Unreadable { table: table.clone(), columns: Some(columns.clone()) });
        }
    }
    let databases: Vec<&str> = catalog.databases.iter().map(|database| database.name.as_str()).collect();
    let doubtful = without_select(connection, &databases)?;
    let of_doubtful = |table: &&Table| {
        doubtful.contains(&table.name.database) && !catalog.unreadable_columns.contains_key(&table.name)
    };
    for table in catalog
        .tables()
        .map(|table| &**table)
        .filter(|table| table.is_base() && table.has_dumped_rows())
        .filter(of_doubtful)
    {
        unreadable.extend(hidden_columns(connection, table)?);
    }
    if unreadable.is_empty() {
        return Ok(());
    }
    let user = connection.query_first("SELECT CURRENT_USER()")?.map(|row| row.text(0)).unwrap_or_default();
    Err(Error::Unreadable { tables: listed(&unreadable), grants: grants(&unreadable, &user) })
}

/// The databases that the user was not granted SELECT on, unless by a role.
fn without_select(connection: &mut Connection, databases: &[&str]) -> Result<Vec<String>, ServerError> {
    if databases.is_empty() {
        return Ok(Vec::new());
    }
    // A user who can read all privileges sees those of others too.
    let own = "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AND PRIVILEGE_TYPE = 'SELECT'";
    let names = databases.iter().map(|name| format!("SELECT {} AS name", quote_string(name))).collect::<Vec<_>>();
    // TABLE_SCHEMA is a LIKE pattern.
    let rows = connection.query(format!(
        "SELECT d.name FROM ({}) AS d WHERE NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE {own}) \
         AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES WHERE {own} \
         AND d.name LIKE CONVERT(TABLE_SCHEMA USING utf8mb4) COLLATE utf8mb4_bin)",
        names.join(" UNION ALL ")
    ))?;
    Ok(rows.iter().map(|row| row.text(0)).collect())
}

/// What information_schema does not list of a table's columns.
fn hidden_columns(connection: &mut Connection, table: &Table) -> Result<Option<Unreadable>, ServerError> {
    let name = &table.name;
    let shown = connection.query_first(format!("SHOW CREATE TABLE {}", name.to_sql()));
    let definition = match shown {
        Err(error) if is_denied(&error) => return Ok(Some(Unreadable { table: name.clone(), columns: None })),
        shown => shown?.map(|row| row.text(1)).unwrap_or_default(),
    };
    let is_listed = |name: &String| table.columns.iter().any(|column| *column.name == **name);
    let columns: Vec<String> = defined_columns(&definition).filter(|name| !is_listed(name)).collect();
    let hidden = !columns.is_empty() && may_not_read(connection, name, &columns)?;
    Ok(hidden.then(|| Unreadable { table: name.clone(), columns: Some(columns) }))
}

/// The names of the columns in SHOW CREATE TABLE, where each has a line of its own.
fn defined_columns(definition: &str) -> impl Iterator<Item = String> {
    definition.lines().filter_map(|line| {
        let line = line.strip_prefix("  `")?;
        let mut name = String::new();
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '`' if characters.as_str().starts_with('`') => name.extend(characters.next()),
                '`' => return Some(name),
                other => name.push(other),
            }
        }
        None
    })
}

fn may_not_read(connection: &mut Connection, table: &QualifiedName, columns: &[String]) -> Result<bool, ServerError> {
    let quoted: Vec<String> = columns.iter().map(|column| quote_identifier(column)).collect();
    match connection.query(format!("SELECT {} FROM {} LIMIT 0", quoted.join(","), table.to_sql())) {
        Err(error) if is_denied(&error) => Ok(true),
        answer => answer.map(|_| false),
    }
}

fn is_denied(error: &ServerError) -> bool {
    const DENIED: [u16; 2] = [error_codes::TABLE_ACCESS_DENIED, error_codes::COLUMN_ACCESS_DENIED];
    error.server_code().is_some_and(|code| DENIED.contains(&code))
}

fn listed(unreadable: &[Unreadable]) -> String {
    let list = unreadable.iter().take(MOST_NAMED).map(|Unreadable { table, columns }| match columns {
        Some(columns) => {
            let names: Vec<String> = columns.iter().map(|column| column.escape_debug().to_string()).collect();
            format!("{table} ({})", names.join(", "))
        }
        None => format!("{table} (columns that the server hides from the user, if it has any)"),
    });
    list.collect::<Vec<_>>().join(", ") + &others(unreadable)
}

fn grants(unreadable: &[Unreadable], user: &str) -> String {
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    let account = Account { user: name.to_owned(), host: Some(host.to_owned()) }.to_sql();
    let grants = unreadable.iter().take(MOST_NAMED);
    let grants = grants.map(|unreadable| format!("GRANT SELECT ON {} TO {account}", unreadable.table.to_sql()));
    grants.collect::<Vec<_>>().join("; ")
}

fn others(unreadable: &[Unreadable]) -> String {
    match unreadable.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns_in_a_definition() {
        let definition = "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a``b` int,\n  KEY `k` (`id`)\n) ENGINE=InnoDB";
        assert_eq!(defined_columns(definition).collect::<Vec<_>>(), ["id", "a`b"]);
    }
}
