//! The description of a database's tables: plain data, made of random numbers alone.

use super::prng::Random;
use super::text::{self, Names};
use super::types::{self, Type, charset};
use super::{extras, values};
use harness::quote_name;
use harness::server::Product;

/// A table: a core of columns and a primary key, and extras that the server may refuse one by one.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub engine: &'static str,
    pub columns: Vec<Column>,
    pub primary: Vec<Part>,
    pub extras: Vec<Extra>,
    pub foreign_keys: Vec<String>,
    /// How many rows are tried; those whose keys are there already do not arrive.
    pub rows: usize,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub of: Type,
    pub nullable: bool,
}

/// A part of a key.
#[derive(Debug, Clone)]
pub struct Part {
    pub column: String,
    pub prefix: Option<u32>,
    pub descending: bool,
}

/// What a CREATE TABLE may have or not.
#[derive(Debug, Clone)]
pub enum Extra {
    /// Text behind a column's type: DEFAULT, COMMENT, INVISIBLE and so on.
    Attribute { column: usize, sql: String },
    /// The column is computed.
    Generated { column: usize, sql: String },
    /// An index or CHECK.
    Clause(String),
    /// A table option.
    Option(String),
    /// PARTITION BY.
    Partitions(String),
}

impl Part {
    pub fn to_sql(&self) -> String {
        let prefix = self.prefix.map(|prefix| format!("({prefix})")).unwrap_or_default();
        format!("{}{prefix}{}", quote_name(&self.column), if self.descending { " DESC" } else { "" })
    }
}

/// What all tables of a case share while they are made.
pub struct Maker<'a> {
    pub random: Random,
    pub product: Product,
    pub names: &'a mut Names,
}

impl Maker<'_> {
    /// A table with everything but foreign keys.
    pub fn table(&mut self, name: String) -> Table {
        let engine = self.engine();
        let mut table = Table {
            name,
            engine,
            columns: Vec::new(),
            primary: Vec::new(),
            extras: Vec::new(),
            foreign_keys: Vec::new(),
            rows: 0,
        };
        let mut columns = Names::default();
        if engine != "CSV" {
            self.primary(&mut table, &mut columns);
        }
        for _ in 0..self.random.weighted(&[(50, 1), (30, 4), (15, 9), (1, 60)]) + self.random.below(3) {
            let of = Type::any(&mut self.random, self.product, engine);
            self.column(&mut table, &mut columns, of);
        }
        extras::add(self, &mut table, &mut columns);
        table.rows = self.row_count(&table);
        table
    }

    fn engine(&mut self) -> &'static str {
        let last = if self.product == Product::MariaDb { "Aria" } else { "InnoDB" };
        self.random.weighted(&[(70, "InnoDB"), (8, "MyISAM"), (8, last), (5, "MEMORY"), (4, "ARCHIVE"), (5, "CSV")])
    }

    fn row_count(&mut self, table: &Table) -> usize {
        let wide = table.columns.len() > 8;
        match self.random.below(20) {
            0 | 1 => 0,
            2 => 1,
            3..=10 => 1 + self.random.below(40),
            11..=16 => 100 + self.random.below(if wide { 50 } else { 400 }),
            _ if wide => 60,
            _ => 1000 + self.random.below(3000),
        }
    }

    /// Adds a column, nullable where the engine allows it.
    pub fn column(&mut self, table: &mut Table, names: &mut Names, of: Type) -> usize {
        let name = names.next(&mut self.random, "c");
        let nullable = table.engine != "CSV" && self.random.percent(70);
        table.columns.push(Column { name, of, nullable });
        table.columns.len() - 1
    }

    fn primary(&mut self, table: &mut Table, names: &mut Names) {
        if table.engine == "ARCHIVE" {
            if self.random.percent(60) {
                self.counter(table, names);
            }
            return;
        }
        match self.random.below(20) {
            0..=2 => {}
            3..=7 => self.counter(table, names),
            8 | 9 => {
                let (signed, unsigned) = (("BIGINT", 64, false), ("BIGINT", 64, true));
                let (name, bits, unsigned) = self.random.pick(&[signed, unsigned, ("INT", 32, false)]);
                self.key_column(table, names, Type::Integer { name, bits, unsigned, zerofill: false });
            }
            10..=15 => {
                let of = Type::for_key(&mut self.random, self.product);
                self.key_column(table, names, of);
            }
            16 if table.engine != "MEMORY" => {
                let of = Type::any(&mut self.random, self.product, table.engine);
                if matches!(of, Type::Text { .. } | Type::Binary { .. }) && of.is_large() {
                    self.key_column(table, names, of);
                    table.primary[0].prefix = Some(20);
                }
            }
            _ => {
                for _ in 0..2 + self.random.below(2) {
                    let of = Type::for_key(&mut self.random, self.product);
                    self.key_column(table, names, of);
                }
                if self.random.percent(50) {
                    table.primary.reverse();
                }
            }
        }
    }

    fn counter(&mut self, table: &mut Table, names: &mut Names) {
        let mut of = Type::integer(&mut self.random);
        if let ("ARCHIVE", Type::Integer { unsigned, .. }) = (table.engine, &mut of) {
            // ARCHIVE takes a negative number after all others, as if it were unsigned, and chunks come in order.
            *unsigned = true;
        }
        let column = self.column(table, names, of);
        table.columns[column].nullable = false;
        let part = Part { column: table.columns[column].name.clone(), prefix: None, descending: false };
        table.primary.push(part);
        table.extras.push(Extra::Attribute { column, sql: "AUTO_INCREMENT".to_owned() });
        let Type::Integer { bits, .. } = table.columns[column].of else { return };
        // ARCHIVE takes no value below its counter.
        if self.random.percent(50) && table.engine != "ARCHIVE" {
            let next = self.random.pick(&[100, 5_000, 60_000]).min((1_u64 << (bits - 1)) - 1);
            table.extras.push(Extra::Option(format!("AUTO_INCREMENT={next}")));
        }
    }

    fn key_column(&mut self, table: &mut Table, names: &mut Names, of: Type) {
        let column = self.column(table, names, of);
        table.columns[column].nullable = false;
        let descending = table.engine == "InnoDB" && self.random.percent(15);
        table.primary.push(Part { column: table.columns[column].name.clone(), prefix: None, descending });
    }

    /// Foreign keys between the tables, from each to any, itself too.
    pub fn foreign_keys(&mut self, tables: &mut [Table]) {
        for child in 0..tables.len() {
            let parent = self.random.below(tables.len());
            let (engine, partitioned) = (tables[child].engine, tables[child].is_partitioned());
            if engine != "InnoDB" || tables[parent].engine != "InnoDB" || partitioned || self.random.percent(50) {
                continue;
            }
            let [key] = &tables[parent].primary[..] else { continue };
            let Some(of) = tables[parent].columns.iter().find(|column| column.name == key.column) else { continue };
            if key.prefix.is_some() {
                continue;
            }
            let (of, key) = (of.of.clone(), quote_name(&key.column));
            let name = self.names.next(&mut self.random, "fk");
            // Apart from the other columns' names by its blank.
            let column = format!("refers to {child}");
            let action = self.random.pick(&["", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE NO ACTION"]);
            let parent_name = quote_name(&tables[parent].name);
            tables[child].foreign_keys.push(format!(
                "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {parent_name} ({key}){action}",
                quote_name(&name),
                quote_name(&column)
            ));
            tables[child].columns.push(Column { name: column, of, nullable: true });
        }
    }
}

impl Table {
    pub fn is_partitioned(&self) -> bool {
        self.extras.iter().any(|extra| matches!(extra, Extra::Partitions(_)))
    }

    /// CREATE TABLE with these extras.
    pub fn create(&self, product: Product, extras: &[&Extra]) -> String {
        let mut lines: Vec<String> =
            self.columns.iter().enumerate().map(|(index, column)| column.to_sql(product, index, extras)).collect();
        if !self.primary.is_empty() {
            let parts: Vec<String> = self.primary.iter().map(Part::to_sql).collect();
            lines.push(format!("PRIMARY KEY ({})", parts.join(", ")));
        }
        let (mut options, mut partitions) = (format!("ENGINE={}", self.engine), String::new());
        for extra in extras {
            match extra {
                Extra::Clause(sql) => lines.push(sql.clone()),
                Extra::Option(sql) => options.push_str(&format!(" {sql}")),
                Extra::Partitions(sql) => partitions = format!("\n{sql}"),
                Extra::Attribute { .. } | Extra::Generated { .. } => {}
            }
        }
        format!("CREATE TABLE {} (\n  {}\n) {options}{partitions}", quote_name(&self.name), lines.join(",\n  "))
    }

    /// The beginning of an INSERT, and the columns that it gives values to.
    pub fn insert(&self, extras: &[&Extra]) -> (String, Vec<&Column>) {
        let generated =
            |index| extras.iter().any(|extra| matches!(extra, Extra::Generated { column, .. } if *column == index));
        let columns: Vec<&Column> =
            self.columns.iter().enumerate().filter(|(index, _)| !generated(*index)).map(|(_, column)| column).collect();
        let names: Vec<String> = columns.iter().map(|column| quote_name(&column.name)).collect();
        // A row that the table cannot take, for its key or a CHECK say, is left out.
        (format!("INSERT IGNORE INTO {} ({}) VALUES\n", quote_name(&self.name), names.join(", ")), columns)
    }
}

impl Column {
    fn to_sql(&self, product: Product, index: usize, extras: &[&Extra]) -> String {
        let of = self.of.to_sql(product);
        let name = quote_name(&self.name);
        let attributes = |generated: bool| {
            let own = extras.iter().filter_map(|extra| match extra {
                Extra::Attribute { column, sql } if *column == index => Some((0, sql.as_str())),
                Extra::Generated { column, sql } if *column == index => Some((1, sql.as_str())),
                _ => None,
            });
            own.filter(|(kind, _)| (*kind == 1) == generated).map(|(_, sql)| format!(" {sql}")).collect::<String>()
        };
        match attributes(true) {
            // A column of TIMESTAMP needs the word, lest old rules make it NOT NULL.
            generated if generated.is_empty() => {
                let null = if self.nullable { "NULL" } else { "NOT NULL" };
                format!("{name} {of} {null}{}", attributes(false))
            }
            generated => format!("{name} {of}{generated}{}", attributes(false)),
        }
    }

    /// A value for a row, NULL now and then.
    pub fn value(&self, random: &mut Random, row: usize) -> String {
        match self.nullable && random.percent(12) {
            true => "NULL".to_owned(),
            false => values::value(random, &self.of, row),
        }
    }
}

/// The options of a database.
pub fn database_options(random: &mut Random, product: Product) -> String {
    let collation = types::collation(random, product);
    let comment = match random.percent(30) && product == Product::MariaDb {
        true => format!(" COMMENT {}", text::quoted(&text::line(random, 200))),
        false => String::new(),
    };
    format!("CHARACTER SET {} COLLATE {collation}{comment}", charset(collation))
}
