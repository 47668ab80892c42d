//! What the server says of a table that rows go into, and which LOAD DATA statement fills it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::backup::load_data_clause::{Assignment, columns_clause};
use common::server::connection::{Connection, ServerError};
use common::server::{Server, is_generated};
use common::sql::name::QualifiedName;
use common::sql::{quote_identifier, quote_string};

use super::convert::{Head, Verb};
use super::literal::{ColumnFormat, ColumnKind, Literals};
use super::output::{FIELD_END, LINE_END};

/// A table that LOAD DATA can fill.
#[derive(Debug)]
pub struct LoadDataTable {
    columns: Vec<TableColumn>,
    /// Whether the server lets only one LOAD DATA at a time into it.
    pub one_at_a_time: bool,
    /// Workers that load files of it.
    pub workers: AtomicUsize,
    /// Whether LOAD DATA did not do what INSERT would have done: then it is not tried again.
    disabled: AtomicBool,
}

#[derive(Debug)]
struct TableColumn {
    name: String,
    column: ColumnFormat,
    assignment: Assignment,
    generated: bool,
    invisible: bool,
}

/// Why rows of a table stay INSERTs.
pub type Reason = String;

impl LoadDataTable {
    pub fn read(
        connection: &mut Connection,
        server: &Server,
        name: &QualifiedName,
    ) -> Result<Result<LoadDataTable, Reason>, ServerError> {
        let condition = |prefix: &str| {
            format!(
                "{prefix}_SCHEMA = {} AND {prefix}_{} = {}",
                quote_string(&name.database),
                if prefix == "TABLE" { "NAME" } else { "TABLE" },
                quote_string(&name.name)
            )
        };
        let table = connection.query_first(format!(
            "SELECT ENGINE, (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE {}), @@innodb_autoinc_lock_mode \
             FROM information_schema.TABLES WHERE {}",
            condition("EVENT_OBJECT"),
            condition("TABLE")
        ))?;
        let Some(table) = table else { return Ok(Err("the server does not list the table".to_owned())) };
        if !table.text(0).eq_ignore_ascii_case("InnoDB") {
            return Ok(Err(format!("its engine {} may not roll rows back", table.text(0))));
        }
        if table.number(1) != Some(0) {
            return Ok(Err("it has triggers".to_owned()));
        }
        let mut columns = Vec::new();
        let mut counts = false;
        let rows = connection.query(format!(
            "SELECT ORDINAL_POSITION, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, EXTRA FROM information_schema.COLUMNS \
             WHERE {} ORDER BY ORDINAL_POSITION",
            condition("TABLE")
        ))?;
        for (row, position) in rows.iter().zip(1..) {
            if row.number(0) != Some(position) {
                return Ok(Err("the server also lists a table of a similar name".to_owned()));
            }
            let (name, data_type, extra) =
                (row.text(1), row.text(2).to_ascii_lowercase(), row.text(4).to_ascii_uppercase());
            let Some(kind) = kind(&data_type, server) else {
                return Ok(Err(format!("its column {} is of type {data_type}", name.escape_debug())));
            };
            counts |= extra.contains("AUTO_INCREMENT");
            columns.push(TableColumn {
                name,
                column: ColumnFormat { kind, nullable: row.text(3) == "YES" },
                assignment: match kind {
                    ColumnKind::Utf8 => Assignment::Utf8,
                    _ if extra.contains("AUTO_INCREMENT") => Assignment::Counter,
                    _ => Assignment::Direct,
                },
                generated: is_generated(&extra),
                invisible: extra.contains("INVISIBLE"),
            });
        }
        Ok(Ok(LoadDataTable {
            columns,
            // The lock on the counter, which INSERT does not hold for its statement's time.
            one_at_a_time: counts && table.number(2) != Some(2),
            workers: AtomicUsize::new(0),
            disabled: AtomicBool::new(false),
        }))
    }

    /// Gives up LOAD DATA for this table.
    pub fn disable(&self) {
        self.disabled.store(true, Ordering::Relaxed);
    }

    /// Whether it may be tried.
    pub fn is_disabled(&self) -> bool {
        self.disabled.load(Ordering::Relaxed)
    }

    /// For the rows that follow `head`: the columns in their order, and the statement.
    ///
    /// `None` when the statement leaves out columns, whose defaults may differ, or fills generated ones.
    pub fn statement(&self, head: &Head, literals: Literals) -> Option<LoadDataStatement> {
        let mut filled = Vec::new();
        match &head.columns {
            Some(names) => {
                for name in names {
                    filled.push(self.columns.iter().find(|column| column.name.as_bytes() == name)?);
                }
            }
            None => filled.extend(self.columns.iter().filter(|column| !column.invisible)),
        }
        let fills = |column: &TableColumn| filled.iter().filter(|filled| filled.name == column.name).count();
        let exact = self.columns.iter().all(|column| fills(column) == usize::from(!column.generated));
        if !exact || filled.is_empty() {
            return None;
        }
        let verb = match head.verb {
            Verb::Insert => "",
            Verb::InsertIgnore => " IGNORE",
            Verb::Replace => " REPLACE",
        };
        let character_set = if literals.binary { "binary" } else { "utf8mb4" };
        let table = String::from_utf8(head.table.clone()).ok()?;
        let statement = format!(
            "LOAD DATA LOCAL INFILE 'rows'{verb} INTO TABLE {} CHARACTER SET {character_set} \
             FIELDS TERMINATED BY 0x{FIELD_END:02x} ENCLOSED BY '' ESCAPED BY 0x5c \
             LINES STARTING BY '' TERMINATED BY 0x{LINE_END:02x} {}",
            quote_identifier(&table),
            columns_clause(filled.iter().map(|column| (column.name.as_str(), column.assignment)))
        );
        Some(LoadDataStatement { statement, columns: filled.iter().map(|column| column.column).collect() })
    }
}

/// A LOAD DATA statement, and what its lines hold.
#[derive(Debug, PartialEq, Eq)]
pub struct LoadDataStatement {
    /// The statement; the name of its file says nothing.
    pub statement: String,
    /// The columns of a line.
    pub columns: Vec<ColumnFormat>,
}

/// What a column of this type takes; `None` for a type that nothing is known of.
fn kind(data_type: &str, server: &Server) -> Option<ColumnKind> {
    if server.takes_only_text(data_type) {
        return Some(ColumnKind::Utf8);
    }
    Some(match data_type {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => ColumnKind::Integer,
        "decimal" => ColumnKind::Decimal,
        "float" | "double" => ColumnKind::Real,
        "year" => ColumnKind::Year,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "set" | "bit" | "date" | "time"
        | "datetime" | "timestamp" => ColumnKind::Text,
        "enum" => ColumnKind::Enum,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "vector" | "geometry" | "point"
        | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection"
        | "geomcollection" => ColumnKind::Binary,
        _ => return None,
    })
}
