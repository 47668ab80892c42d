//! Views, triggers, routines, events and sequences over the tables of a case.

use super::prng::Random;
use super::schema::Table;
use super::text::{self, Names};
use harness::quote_name;
use harness::server::Product;

/// A statement and the session that it is executed in.
#[derive(Debug, Clone)]
pub struct Statement {
    pub charset: &'static str,
    pub sql_mode: &'static str,
    pub time_zone: &'static str,
    pub sql: String,
}

impl Statement {
    /// The text in the session's character set.
    pub fn bytes(&self) -> Vec<u8> {
        match self.charset {
            "latin1" => self.sql.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect(),
            _ => self.sql.clone().into_bytes(),
        }
    }

    /// What makes the session so.
    pub fn session(&self) -> String {
        format!("SET NAMES {}, sql_mode = '{}', time_zone = '{}'", self.charset, self.sql_mode, self.time_zone)
    }
}

/// Makes objects over tables, in an order in which they can be made.
pub struct Objects<'a> {
    pub random: Random,
    pub product: Product,
    pub names: &'a mut Names,
    pub tables: &'a [Table],
    /// Whether a session of latin1 can name the database: MySQL cannot use what was made in one that cannot.
    database_is_latin1: bool,
    /// What a view can read: name and columns.
    sources: Vec<(String, Vec<String>)>,
    functions: Vec<String>,
    sql_mode: &'static str,
    made: Vec<Statement>,
}

impl<'a> Objects<'a> {
    pub fn new(
        random: Random,
        product: Product,
        database: &str,
        names: &'a mut Names,
        tables: &'a [Table],
    ) -> Objects<'a> {
        let columns = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect();
        let sources = tables.iter().map(|table| (table.name.clone(), columns(table))).collect();
        let (functions, made, sql_mode) = (Vec::new(), Vec::new(), "");
        Objects {
            random,
            product,
            names,
            tables,
            database_is_latin1: is_latin1(database),
            sources,
            functions,
            sql_mode,
            made,
        }
    }

    /// All of them.
    pub fn make(mut self) -> Vec<Statement> {
        for _ in 0..self.random.below(3) {
            self.function();
        }
        if self.product == Product::MariaDb {
            for _ in 0..self.random.below(3) {
                self.sequence();
            }
        }
        for _ in 0..self.random.below(4) {
            self.view();
        }
        for table in self.tables {
            for _ in 0..self.random.weighted(&[(60, 0), (20, 1), (20, 3)]) {
                self.trigger(table);
            }
        }
        for _ in 0..self.random.below(3) {
            self.procedure();
        }
        for _ in 0..self.random.below(3) {
            self.event();
        }
        if self.product == Product::MariaDb && self.random.percent(15) {
            self.package();
        }
        self.made
    }

    fn next_mode(&mut self) {
        let own = if self.product == Product::MariaDb { "ORACLE" } else { "HIGH_NOT_PRECEDENCE" };
        self.sql_mode = self.random.pick(&[
            "",
            "",
            "ANSI_QUOTES",
            "NO_BACKSLASH_ESCAPES",
            "ANSI",
            "TRADITIONAL,PIPES_AS_CONCAT",
            own,
        ]);
    }

    fn push(&mut self, sql: String) {
        let is_latin1 = self.database_is_latin1 && is_latin1(&sql);
        let charset = if is_latin1 && self.random.percent(40) { "latin1" } else { "utf8mb4" };
        let time_zone = self.random.pick(&["SYSTEM", "+00:00", "-09:30", "+12:45"]);
        self.made.push(Statement { charset, sql_mode: self.sql_mode, time_zone, sql });
    }

    fn name(&mut self, prefix: &str) -> String {
        quote_name(&self.names.next(&mut self.random, prefix))
    }

    /// A hostile text: half of them such that a session of latin1 can say it.
    fn hostile(&mut self) -> String {
        match self.random.percent(50) {
            true => text::latin1(&mut self.random, 60),
            // MySQL keeps definitions as utf8mb3.
            false if self.product == Product::MySql => text::bmp(&text::line(&mut self.random, 60)),
            false => text::line(&mut self.random, 60),
        }
    }

    fn literal(&mut self) -> String {
        let hostile = self.hostile();
        match self.sql_mode {
            "NO_BACKSLASH_ESCAPES" => format!("'{}'", hostile.replace('\'', "''")),
            _ => text::quoted(&hostile),
        }
    }

    /// A comment in a body, which ends where it should.
    fn comment(&mut self) -> String {
        format!("/* {} */", self.hostile().replace('*', "x").replace('!', "."))
    }

    fn definer(&mut self) -> &'static str {
        self.random.weighted(&[
            (70, ""),
            (10, "DEFINER=`root`@`localhost` "),
            (10, "DEFINER=`no``body é`@`%` "),
            (10, "DEFINER=CURRENT_USER "),
        ])
    }

    fn characteristics(&mut self) -> String {
        let comment = text::quoted(&text::latin1(&mut self.random, 40).replace('\\', ""));
        let security = self.random.pick(&["", "SQL SECURITY INVOKER ", "NOT DETERMINISTIC READS SQL DATA "]);
        format!("{security}COMMENT {comment}")
    }

    fn view(&mut self) {
        self.next_mode();
        if self.sql_mode == "ORACLE" {
            self.sql_mode = "";
        }
        let (from, columns) = self.random.pick(&self.sources);
        let name = self.names.next(&mut self.random, "v");
        let mut aliases = Names::default();
        let mut selected = Vec::new();
        let mut fields = Vec::new();
        for column in columns.iter().take(5) {
            let alias = aliases.next(&mut self.random, "f");
            selected.push(format!("{} AS {}", quote_name(column), quote_name(&alias)));
            fields.push(alias);
        }
        let alias = aliases.next(&mut self.random, "f");
        let expression = match self.functions.last().cloned() {
            // A server cannot use a view of a latin1 session with another name of a function.
            Some(function) if function.is_ascii() && self.random.percent(40) => format!("{function}(1)"),
            _ => self.literal(),
        };
        selected.push(format!("{expression} AS {}", quote_name(&alias)));
        fields.push(alias);
        let algorithm = self.random.pick(&["", "ALGORITHM=MERGE ", "ALGORITHM=TEMPTABLE "]);
        let security = self.random.pick(&["", "SQL SECURITY INVOKER "]);
        let condition = match self.random.below(3) {
            // No comparison of the column with the literal: MySQL shows it wrong when the column is another literal.
            0 => format!(" WHERE {} IS NULL OR LENGTH({}) < 100", quote_name(&columns[0]), self.literal()),
            _ => String::new(),
        };
        let definer = self.definer();
        let (view, from) = (quote_name(&name), quote_name(&from));
        self.push(format!(
            "CREATE {algorithm}{definer}{security}VIEW {view} AS SELECT {} FROM {from}{condition}",
            selected.join(", ")
        ));
        self.sources.push((name, fields));
    }

    fn trigger(&mut self, table: &Table) {
        self.next_mode();
        // In this mode MySQL cannot open a table that has a quote in an expression.
        if self.product == Product::MySql && self.sql_mode == "NO_BACKSLASH_ESCAPES" {
            self.sql_mode = "";
        }
        let name = self.name("trigger");
        let moment = self.random.pick(&["BEFORE INSERT", "AFTER INSERT", "BEFORE UPDATE", "AFTER DELETE"]);
        let (definer, body) = (self.definer(), self.body());
        self.push(format!(
            "CREATE {definer}TRIGGER {name} {moment} ON {} FOR EACH ROW {body}",
            quote_name(&table.name)
        ));
    }

    /// A body: one statement, or several with what looks like the end of one.
    fn body(&mut self) -> String {
        let (literal, comment) = (self.literal(), self.comment());
        match self.random.below(3) {
            0 => format!("SET @seen = {literal}"),
            1 => format!(
                "BEGIN {comment}\n  SET @a = 1;\n\n  IF @a = 2 THEN SET @b = {literal}; END IF; -- ; é\n  # $$ // ;;\nEND"
            ),
            _ => format!("BEGIN\n  DECLARE x INT;\n  SET x = 1; {comment}\n  SET @c = CONCAT({literal}, x);\nEND"),
        }
    }

    fn function(&mut self) {
        self.next_mode();
        if self.sql_mode == "ORACLE" {
            self.sql_mode = "ANSI_QUOTES";
        }
        let name = self.name("f");
        let (definer, characteristics, literal, comment) =
            (self.definer(), self.characteristics(), self.literal(), self.comment());
        let parameter = quote_name(self.random.pick(&["x", "two words", "sel`ect", "é"]));
        let returned = self.random.pick(&["VARCHAR(300) CHARACTER SET utf8mb4", "VARCHAR(300)", "TEXT"]);
        self.push(format!(
            "CREATE {definer}FUNCTION {name}({parameter} INT) RETURNS {returned} DETERMINISTIC {characteristics}\n\
             BEGIN {comment}\n  RETURN {literal};\nEND"
        ));
        self.functions.push(name);
    }

    fn procedure(&mut self) {
        self.next_mode();
        let name = self.name("p");
        let (definer, characteristics, comment) = (self.definer(), self.characteristics(), self.comment());
        if self.sql_mode == "ORACLE" {
            self.push(format!(
                "CREATE {definer}PROCEDURE {name} (x IN INT) AS {comment}\n  y INT := 1;\nBEGIN\n  y := x;\nEND"
            ));
            return;
        }
        let body = self.body();
        self.push(format!(
            "CREATE {definer}PROCEDURE {name}(INOUT x VARCHAR(9), OUT `y é` INT) {characteristics} {body}"
        ));
    }

    fn event(&mut self) {
        self.next_mode();
        if self.sql_mode == "ORACLE" {
            self.sql_mode = "";
        }
        let (name, definer, body) = (self.name("e"), self.definer(), self.body());
        let comment = text::quoted(&text::latin1(&mut self.random, 40).replace('\\', ""));
        // Nothing may happen while the two servers are compared.
        let schedule = self.random.pick(&[
            "AT '2037-03-29 02:30:00'",
            "EVERY 1 YEAR STARTS '2037-01-01 00:00:00'",
            "EVERY '1:30' HOUR_MINUTE STARTS '2036-02-29 12:00:00' ENDS '2037-01-01 00:00:00'",
        ]);
        let keep = self.random.pick(&["", " ON COMPLETION PRESERVE"]);
        let state = self.random.pick(&["ENABLE", "DISABLE"]);
        self.push(format!(
            "CREATE {definer}EVENT {name} ON SCHEDULE {schedule}{keep} {state} COMMENT {comment} DO {body}"
        ));
    }

    fn sequence(&mut self) {
        self.sql_mode = "";
        let name = self.name("s");
        let options = self.random.pick(&[
            "",
            "START 5 INCREMENT 3 CACHE 10",
            "MINVALUE -50 MAXVALUE 3 START -2 INCREMENT 2 CYCLE NOCACHE",
            "START 9223372036854775000 CACHE 100",
            "INCREMENT -1 MINVALUE -9223372036854775807 MAXVALUE -1 CACHE 2",
        ]);
        self.push(format!("CREATE SEQUENCE {name} {options}"));
        for _ in 0..self.random.below(7) {
            self.push(format!("DO NEXTVAL({name})"));
        }
    }

    fn package(&mut self) {
        self.sql_mode = "ORACLE";
        let (name, comment) = (self.name("pkg"), self.comment());
        self.push(format!("CREATE PACKAGE {name} AS {comment}\n  FUNCTION f1 RETURN INT;\n  PROCEDURE p1;\nEND"));
        self.push(format!(
            "CREATE PACKAGE BODY {name} AS\n  FUNCTION f1 RETURN INT AS BEGIN RETURN 1; END;\n  PROCEDURE p1 AS BEGIN {comment}\n    NULL;\n  END;\nEND"
        ));
    }
}

fn is_latin1(text: &str) -> bool {
    text.chars().all(|c| u8::try_from(c).is_ok())
}
