//! A case: everything that a seed stands for.

use super::objects::{Objects, Statement};
use super::options::Options;
use super::prng::Random;
use super::schema::{self, Extra, Maker, Table};
use super::text::{self, Names};
use harness::quote_name;
use harness::server::{Product, Server};
use harness::sql::Client;

/// A row's values are gathered into statements of so many bytes.
const BATCH: usize = 200_000;

/// The description of a database and of its dump and restore.
#[derive(Debug, Clone)]
pub struct Case {
    pub seed: u64,
    pub product: Product,
    pub database: String,
    pub database_options: String,
    pub tables: Vec<Table>,
    pub objects: Vec<Statement>,
    pub options: Options,
}

impl Case {
    /// The case of a seed.
    pub fn new(seed: u64, product: Product) -> Case {
        // A stream for each part, so that a change of one leaves the others as they are.
        let mut random = Random::new(seed, 0);
        let mut names = Names::default();
        let mut tables: Vec<Table> = Vec::new();
        for number in 0..1 + random.below(5) {
            let mut maker = Maker { random: Random::new(seed, 100 + number as u64), product, names: &mut names };
            let twin = tables.last().and_then(|table| Names::twin(&table.name)).filter(|_| random.percent(10));
            let name = twin.unwrap_or_else(|| maker.names.next(&mut random, "t"));
            tables.push(maker.table(name));
        }
        let mut maker = Maker { random: Random::new(seed, 1), product, names: &mut names };
        maker.foreign_keys(&mut tables);
        let database = text::database_name(&mut random, product, seed);
        let objects = Objects::new(Random::new(seed, 2), product, &database, &mut names, &tables).make();
        let mut options = Options::any(&mut Random::new(seed, 3));
        // MariaDB shows a view whose definer does not exist with the database's name before its columns.
        options.renamed &= !objects.iter().any(|object| object.sql.contains("no``body"));
        Case {
            seed,
            product,
            database_options: schema::database_options(&mut random, product),
            objects,
            options,
            database,
            tables,
        }
    }

    /// Makes the database. Returns what was executed.
    pub fn build(&self, server: &Server) -> Script {
        let mut script = Script { client: server.client(), text: Vec::new(), taken: 0, refused: Vec::new() };
        let database = quote_name(&self.database);
        script.must("SET NAMES utf8mb4, time_zone = '+00:00', foreign_key_checks = 0");
        script.must("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'");
        script.must(format!("CREATE DATABASE {database} {}", self.database_options));
        script.must(format!("USE {database}"));
        let made: Vec<Option<Vec<&Extra>>> =
            self.tables.iter().map(|table| script.create(self.product, table)).collect();
        for (table, _) in self.tables.iter().zip(&made).filter(|(_, made)| made.is_some()) {
            for key in &table.foreign_keys {
                script.may(format!("ALTER TABLE {} ADD {key}", quote_name(&table.name)));
            }
        }
        for (number, (table, made)) in self.tables.iter().zip(&made).enumerate() {
            if let Some(extras) = made {
                script.fill(table, extras, &mut Random::new(self.seed, 10_000 + number as u64));
            }
        }
        for object in &self.objects {
            script.must(object.session());
            script.may(object.bytes());
        }
        script
    }
}

/// A session that keeps what was executed in it.
pub struct Script {
    client: Client,
    /// What the server took, for the stock client.
    pub text: Vec<u8>,
    pub taken: usize,
    /// What it did not take, with its error.
    pub refused: Vec<String>,
}

/// What ends a statement in the script: no statement has it.
const DELIMITER: &str = "$~end~$";

impl Script {
    fn must(&mut self, sql: impl AsRef<[u8]>) {
        let sql = sql.as_ref();
        self.client.run(sql);
        self.record(sql);
    }

    /// Executes what the server may refuse.
    fn may(&mut self, sql: impl AsRef<[u8]>) -> bool {
        let sql = sql.as_ref();
        match self.client.try_run(sql) {
            Ok(()) => {
                self.record(sql);
                self.taken += 1;
                true
            }
            Err(error) => {
                self.refused.push(format!("{error}\n  in: {}", String::from_utf8_lossy(&sql[..sql.len().min(1500)])));
                false
            }
        }
    }

    fn record(&mut self, sql: &[u8]) {
        if self.text.is_empty() {
            self.text = format!("DELIMITER {DELIMITER}\n").into_bytes();
        }
        self.text.extend_from_slice(sql);
        self.text.extend_from_slice(format!("\n{DELIMITER}\n").as_bytes());
    }

    /// Creates the table with as many of its extras as the server takes.
    fn create<'a>(&mut self, product: Product, table: &'a Table) -> Option<Vec<&'a Extra>> {
        let all: Vec<&Extra> = table.extras.iter().collect();
        if self.may(table.create(product, &all)) {
            return Some(all);
        }
        let mut taken: Vec<&Extra> = Vec::new();
        let drop = format!("DROP TABLE {}", quote_name(&table.name));
        for extra in all {
            taken.push(extra);
            match self.client.try_run(table.create(product, &taken)) {
                Ok(()) => self.client.run(&drop),
                Err(error) => {
                    taken.pop();
                    self.refused.push(format!("{error}\n  for: {extra:?}"));
                }
            }
        }
        self.may(table.create(product, &taken)).then_some(taken)
    }

    fn fill(&mut self, table: &Table, extras: &[&Extra], random: &mut Random) {
        let (head, columns) = table.insert(extras);
        let mut batch: Vec<String> = Vec::new();
        let mut length = 0;
        for row in 0..table.rows {
            let values: Vec<String> = columns.iter().map(|column| column.value(random, row)).collect();
            batch.push(format!("({})", values.join(", ")));
            length += batch[batch.len() - 1].len();
            if length > BATCH || row + 1 == table.rows {
                self.insert(&head, &batch);
                batch.clear();
                length = 0;
            }
        }
    }

    /// All at once, or if the server refuses one of them in halves, to find it.
    fn insert(&mut self, head: &str, rows: &[String]) {
        let statement = format!("{head}{}", rows.join(",\n"));
        match self.client.try_run(&statement) {
            Ok(()) => self.record(statement.as_bytes()),
            Err(_) if rows.len() > 1 => {
                let (left, right) = rows.split_at(rows.len() / 2);
                self.insert(head, left);
                self.insert(head, right);
            }
            Err(error) => {
                let head: String = statement.chars().take(1500).collect();
                self.refused.push(format!("{error}\n  in: {head}"));
            }
        }
    }
}
