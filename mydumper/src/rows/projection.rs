//! What is selected of a table's rows, and how each column of the result is written.
//!
//! The query and the encoder of all chunks of a table share its projection, which is made when the first one is given out.
//! The `hashed_columns` of metadata are its select list. A row is hashed as the query returns it, so what is hashed is what
//! is written.

use std::borrow::Cow;
use std::sync::Arc;

use common::backup::file_session::UTC;
use common::server::Server;
use common::sql::exact_float::float_expression;
use common::sql::{quote_identifier, quote_string};

use crate::catalog::{Column, Computation, Table};
use crate::rows::cells::CellKind;
use crate::rows::options::RowOptions;

/// The columns of a table that are dumped, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// One for each cell of a row.
    pub columns: Box<[ProjectedColumn]>,
    /// Whether an INSERT lists its columns. LOAD DATA always does.
    pub lists_columns: bool,
    /// The SQL that selects stored generated columns, which are hashed and not written.
    pub generated: Option<Box<str>>,
}

/// A column of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectedColumn {
    /// The column that a restore stores the value in.
    pub name: Arc<str>,
    /// The SQL that selects the value; `None` selects the column itself. Most columns of a server with very many tables
    /// have none, and take no memory for it.
    pub expression: Option<Box<str>>,
    /// How the value is written.
    pub kind: CellKind,
}

impl Projection {
    /// All columns of the table but those that the server generates.
    pub fn new(table: &Table, server: &Server, options: &RowOptions) -> Projection {
        let stored = table.columns.iter().filter(|column| !column.generated);
        Projection {
            columns: stored
                .map(|column| {
                    let projected = ProjectedColumn::new(column, server, options.hex_blob);
                    match (&table.computation, &*column.data_type) {
                        (Some(computation), "timestamp") => projected.in_zone(computation),
                        _ => projected,
                    }
                })
                .collect(),
            generated: generated_list(table, server),
            lists_columns: options.complete || table.columns.iter().any(|column| column.generated || column.invisible),
        }
    }

    /// The SQL between SELECT and FROM.
    pub fn select_list(&self) -> String {
        if self.columns.is_empty() {
            // A table whose columns are all generated still has rows.
            return "1".to_owned();
        }
        let mut list = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                list.push(',');
            }
            list.push_str(&column.expression());
        }
        list
    }

    /// The SQL between SELECT and FROM that reads what is hashed too.
    pub fn full_select_list(&self) -> String {
        let list = self.select_list();
        self.generated.as_ref().map(|generated| format!("{list},{generated}")).unwrap_or(list)
    }

    /// How many cells of a row are those of [`Projection::select_list`].
    pub fn width(&self) -> usize {
        self.columns.len().max(1)
    }

    /// How each cell is written.
    pub fn kinds(&self) -> Vec<CellKind> {
        self.columns.iter().map(|column| column.kind).collect()
    }
}

/// The stored generated columns of a table, but for those of its period.
fn generated_list(table: &Table, server: &Server) -> Option<Box<str>> {
    let stored = table.columns.iter().filter(|column| column.generated && column.stored && !column.period);
    let list: Vec<String> =
        stored.map(|column| ProjectedColumn::new(column, server, false).expression().into_owned()).collect();
    (!list.is_empty()).then(|| list.join(",").into())
}

impl ProjectedColumn {
    /// Selects the column so that the server's text has the whole value.
    ///
    /// A FLOAT is printed with six digits, and a DOUBLE(M,D) with D decimals. The product with a DOUBLE is printed with
    /// as many digits as it needs. MariaDB prints the negative zero of a FLOAT as `0`. Both products get the same
    /// expression, so that a copy on the other one can be verified.
    fn new(column: &Column, server: &Server, hex_blob: bool) -> ProjectedColumn {
        let quoted = || quote_identifier(&column.name);
        let unsigned = || Some(format!("CAST({} AS UNSIGNED)", quoted()));
        let (expression, kind) = match &*column.data_type {
            "float" => (Some(float_expression(&quoted())), CellKind::Float),
            "double" => (Some(format!("{}*1e0", quoted())), CellKind::Double),
            "enum" if column.has_empty_member => (unsigned(), CellKind::EnumIndex),
            "set" if column.has_empty_member => (unsigned(), CellKind::SetBits),
            "enum" => (None, CellKind::Enum),
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" => (None, CellKind::Number),
            data_type if server.takes_only_text(data_type) => (None, CellKind::Utf8),
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" if hex_blob => {
                (None, CellKind::Hex)
            }
            _ => (None, CellKind::Text),
        };
        ProjectedColumn {
            name: Arc::clone(&column.name),
            expression: expression.map(String::into_boxed_str),
            kind: if column.auto_increment { CellKind::Counter } else { kind },
        }
    }

    /// A TIMESTAMP as it is written for a session in another zone than the one that reads it, which has UTC. The zero value
    /// is the same in every zone, and CONVERT_TZ returns NULL for it.
    fn in_zone(self, computation: &Computation) -> ProjectedColumn {
        let Some(zone) = &computation.time_zone else { return self };
        let column = quote_identifier(&self.name);
        let converted = if computation.with_offset {
            format!("CONCAT(CONVERT_TZ({column},'{UTC}','{UTC}'),'{UTC}')")
        } else {
            format!("CONVERT_TZ({column},'{UTC}',{})", quote_string(zone))
        };
        ProjectedColumn { expression: Some(format!("COALESCE({converted},{column})").into_boxed_str()), ..self }
    }

    /// The SQL that selects the value.
    fn expression(&self) -> Cow<'_, str> {
        match &self.expression {
            Some(expression) => Cow::Borrowed(expression),
            None => Cow::Owned(quote_identifier(&self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::TableKind;
    use crate::rows::options::{OnDuplicate, RowFormat};
    use common::backup::file_name::TableFileName;
    use common::server::{Flavour, Product};
    use common::sql::name::QualifiedName;

    const MARIADB: Server =
        Server { product: Product::MariaDb, version: (10, 11, 0), flavour: Flavour::Plain, folds_names: false };
    const MYSQL: Server = Server { product: Product::MySql, version: (9, 7, 0), ..MARIADB };

    fn column(name: &str, data_type: &str) -> Column {
        Column {
            name: name.into(),
            data_type: data_type.into(),
            charset: None,
            no_pad: false,
            generated: false,
            stored: false,
            invisible: false,
            auto_increment: false,
            has_empty_member: false,
            period: false,
        }
    }

    fn table(columns: Vec<Column>) -> Table {
        Table {
            name: QualifiedName::new("d", "t"),
            file: TableFileName { database: "d".into(), table: "t".into() },
            kind: TableKind::Base { engine: "InnoDB".into() },
            columns,
            primary_key: Vec::new(),
            chunk_key: None,
            partitions: None,
            referenced: Vec::new(),
            triggers: Vec::new(),
            history: false,
            row_estimate: 0,
            data_length: 0,
            schema_checksum: None,
            indexes_checksum: None,
            computation: None,
        }
    }

    fn options() -> RowOptions {
        RowOptions {
            condition: None,
            format: RowFormat::Insert,
            on_duplicate: OnDuplicate::Fail,
            complete: false,
            hex_blob: false,
            statement_size: 1_000_000,
            statement_end: crate::rows::encoder::STATEMENT_END.into(),
            order_by_primary: false,
        }
    }

    fn with_hex_blob() -> RowOptions {
        RowOptions { hex_blob: true, ..options() }
    }

    /// Names and kinds of the columns.
    fn cells(projection: &Projection) -> Vec<(&str, CellKind)> {
        projection.columns.iter().map(|column| (&*column.name, column.kind)).collect()
    }

    /// Every `DATA_TYPE` of both servers, each the name of a column too, and how its values are written without options.
    fn every_type() -> Vec<(&'static str, CellKind)> {
        use CellKind::{Double, Enum, Float, Number, Text};
        let of_kind = |kind, types: &[&'static str]| types.iter().map(|name| (*name, kind)).collect::<Vec<_>>();
        [
            of_kind(Number, &["tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"]),
            of_kind(Float, &["float"]),
            of_kind(Double, &["double"]),
            of_kind(Text, &["bit", "date", "time", "datetime", "timestamp"]),
            of_kind(Text, &["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]),
            of_kind(Text, &["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]),
            of_kind(Enum, &["enum"]),
            of_kind(Text, &["set", "vector", "geometry", "point", "linestring", "polygon", "geomcollection"]),
            of_kind(Text, &["multipoint", "multilinestring", "multipolygon"]),
            of_kind(Text, &["json", "uuid", "inet4", "inet6"]),
        ]
        .concat()
    }

    #[test]
    fn every_type_is_selected_whole_and_written_as_the_server_takes_it() {
        let all = table(every_type().iter().map(|(name, _)| column(name, name)).collect());
        for (server, utf8) in [(MARIADB, &["uuid", "inet4", "inet6"][..]), (MYSQL, &["json", "uuid", "inet4", "inet6"])]
        {
            let projection = Projection::new(&all, &server, &options());
            let mut expected = every_type();
            expected.iter_mut().filter(|(name, _)| utf8.contains(name)).for_each(|(_, kind)| *kind = CellKind::Utf8);
            assert_eq!(cells(&projection), expected);
            assert_eq!(
                projection.select_list(),
                "`tinyint`,`smallint`,`mediumint`,`int`,`bigint`,`decimal`,`year`,\
                 IF(`float`=0 AND ATAN2(`float`,-1)<0,-1e-60,`float`*1e0),`double`*1e0,\
                 `bit`,`date`,`time`,`datetime`,`timestamp`,\
                 `char`,`varchar`,`tinytext`,`text`,`mediumtext`,`longtext`,\
                 `binary`,`varbinary`,`tinyblob`,`blob`,`mediumblob`,`longblob`,\
                 `enum`,`set`,`vector`,`geometry`,`point`,`linestring`,`polygon`,`geomcollection`,\
                 `multipoint`,`multilinestring`,`multipolygon`,`json`,`uuid`,`inet4`,`inet6`"
            );
            assert!(!projection.lists_columns);

            let hex = Projection::new(&all, &server, &with_hex_blob());
            let binary = ["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"];
            expected.iter_mut().filter(|(name, _)| binary.contains(name)).for_each(|(_, kind)| *kind = CellKind::Hex);
            assert_eq!(cells(&hex), expected);
            assert_eq!(hex.select_list(), projection.select_list());
        }
    }

    #[test]
    fn members_of_columns_with_an_empty_member_are_selected_by_their_numbers() {
        let with_empty_member =
            |name: &str, data_type: &str| Column { has_empty_member: true, ..column(name, data_type) };
        let table = table(vec![with_empty_member("e`", "enum"), with_empty_member("s", "set"), column("x", "enum")]);
        let projection = Projection::new(&table, &MARIADB, &with_hex_blob());
        assert_eq!(cells(&projection), [("e`", CellKind::EnumIndex), ("s", CellKind::SetBits), ("x", CellKind::Enum)]);
        assert_eq!(projection.select_list(), "CAST(`e``` AS UNSIGNED),CAST(`s` AS UNSIGNED),`x`");
    }

    #[test]
    fn generated_columns_are_left_out_and_the_others_listed() {
        let generated = || Column { generated: true, ..column("g", "int") };
        let some = table(vec![column("a", "int"), generated(), column("b", "text")]);
        let projection = Projection::new(&some, &MYSQL, &options());
        assert_eq!(cells(&projection), [("a", CellKind::Number), ("b", CellKind::Text)]);
        assert_eq!((projection.select_list().as_str(), projection.lists_columns), ("`a`,`b`", true));

        let none = Projection::new(&table(vec![generated()]), &MYSQL, &options());
        assert_eq!((cells(&none), none.select_list().as_str(), none.lists_columns), (vec![], "1", true));
    }

    #[test]
    fn invisible_columns_are_listed() {
        // MySQL's generated invisible primary key, and the period of a system-versioned table.
        let key = Column { auto_increment: true, invisible: true, ..column("my_row_id", "bigint") };
        let projection = Projection::new(&table(vec![key, column("a", "varchar")]), &MYSQL, &options());
        assert_eq!(cells(&projection), [("my_row_id", CellKind::Counter), ("a", CellKind::Text)]);
        assert_eq!((projection.select_list().as_str(), projection.lists_columns), ("`my_row_id`,`a`", true));

        let period =
            ["row_start", "row_end"].map(|name| Column { invisible: true, period: true, ..column(name, "timestamp") });
        let projection =
            Projection::new(&table([vec![column("a", "int")], period.into()].concat()), &MARIADB, &options());
        assert_eq!(
            cells(&projection),
            [("a", CellKind::Number), ("row_start", CellKind::Text), ("row_end", CellKind::Text)]
        );
        assert_eq!((projection.select_list().as_str(), projection.lists_columns), ("`a`,`row_start`,`row_end`", true));
    }

    #[test]
    fn counters_of_every_type_are_counters() {
        let counter = |data_type: &str| Column { auto_increment: true, ..column("id", data_type) };
        for (data_type, expression) in [
            ("int", "`id`"),
            ("bigint", "`id`"),
            ("double", "`id`*1e0"),
            ("float", "IF(`id`=0 AND ATAN2(`id`,-1)<0,-1e-60,`id`*1e0)"),
        ] {
            let projection = Projection::new(&table(vec![counter(data_type)]), &MARIADB, &options());
            assert_eq!(cells(&projection), [("id", CellKind::Counter)]);
            assert_eq!((projection.select_list().as_str(), projection.lists_columns), (expression, false));
        }
    }

    #[test]
    fn complete_inserts_list_all_columns() {
        let complete = RowOptions { complete: true, ..options() };
        let projection = Projection::new(&table(vec![column("a", "int")]), &MARIADB, &complete);
        assert_eq!((cells(&projection), projection.lists_columns), (vec![("a", CellKind::Number)], true));
    }
}
