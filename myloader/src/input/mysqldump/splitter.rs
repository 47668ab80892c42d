//! The statements of a dump, each into the file that it belongs to.

use std::borrow::Cow;
use std::collections::BTreeMap;

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::layers::Layers;
use common::sql::quote_identifier;
use common::sql::token::{SqlDialect, TokenKind, Tokens};

use super::ending::Ending;
use super::error::{Error, Problem};
use super::generated::GeneratedColumns;
use super::names;
use super::output::{Output, append, append_program};
use super::programs::Programs;
use super::rows::{Insert, RowFiles};
use super::scanner::Rules;
use super::session::Session;
use super::tables::{Kind, Tables};
use super::words::{first_words, has_word, is_setval, sets_position, shown_words};
use crate::ddl::statement_kind::{Dropped, StatementKind, classify};
use crate::ddl::trigger::table_of_trigger;

/// What a reading of the dump is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// All, in the order in which it comes.
    Whole,
    /// The definitions: the rows come in another.
    Definitions,
    Rows,
}

impl Pass {
    fn has_definitions(self) -> bool {
        self != Pass::Rows
    }

    fn has_rows(self) -> bool {
        self != Pass::Definitions
    }
}

/// Splits one dump.
#[derive(Debug)]
pub struct Splitter {
    pub pass: Pass,
    pub output: Output,
    pub ending: Ending,
    /// `--database`: where objects go before the dump names a database.
    target: Option<String>,
    session: Session,
    /// The first lines of files of rows in this session.
    head: Option<Vec<u8>>,
    tables: Tables,
    database: Option<String>,
    rows: RowFiles,
    programs: Programs,
    sequence: Option<(TableFileName, Vec<u8>)>,
    /// Views of which only the stand-in has come, as files.
    stand_ins: BTreeMap<TableFileName, Vec<u8>>,
    /// Statements of MySQL's engine RocksDB.
    prepared: bool,
}

impl Splitter {
    pub fn new(pass: Pass, target: Option<String>) -> Splitter {
        Splitter {
            pass,
            output: Output::default(),
            ending: Ending::default(),
            target,
            session: Session::default(),
            head: None,
            tables: Tables::default(),
            database: None,
            rows: RowFiles::new(pass.has_rows()),
            programs: Programs::default(),
            sequence: None,
            stand_ins: BTreeMap::new(),
            prepared: false,
        }
    }

    /// The dump is read again, for its rows.
    pub fn restart(&mut self) {
        self.pass = Pass::Rows;
        self.rows = RowFiles::new(true);
        self.session = Session::default();
        self.head = None;
        self.database = None;
        self.ending = Ending::default();
        self.programs = Programs::default();
        self.tables.forget_rows();
    }

    /// Rows and their bytes so far.
    pub fn totals(&self) -> (u64, u64) {
        self.tables.totals()
    }

    /// How what follows is to be read.
    pub fn rules(&self) -> Rules {
        // Without comments, the dump does not say.
        let is_mysql = self.ending.server.is_none_or(|server| server.is_mysql_since(9, 0, 0));
        Rules { dialect: self.session.dialect(), dollars: is_mysql }
    }

    fn dialect(&self) -> SqlDialect {
        self.session.dialect()
    }

    /// Takes a statement that begins at this line.
    pub fn statement(&mut self, sql: &[u8], line: u64, groups: u64) -> Result<(), Error> {
        self.ending.has_statements = true;
        self.dispatch(sql, groups).map_err(|problem| Error::Statement { line, problem })
    }

    fn dispatch(&mut self, sql: &[u8], groups: u64) -> Result<(), Problem> {
        let kind = classify(sql);
        if kind == StatementKind::Insert {
            return self.insert(sql, groups);
        }
        if sets_position(sql) {
            return self.set_position(sql);
        }
        if self.sequence.is_some() && !is_setval(sql) {
            self.end_sequence();
        }
        match kind {
            StatementKind::Insert | StatementKind::Empty | StatementKind::Lock | StatementKind::Unlock => Ok(()),
            StatementKind::Set => self.set(sql),
            StatementKind::CreateDatabase => self.create_database(sql),
            StatementKind::Use => self.use_database(sql),
            StatementKind::CreateTable => self.create_table(sql),
            StatementKind::CreateView => self.create_view(sql),
            StatementKind::CreateSequence => self.create_sequence(sql),
            StatementKind::CreateTrigger => self.create_trigger(sql),
            StatementKind::CreateRoutine if has_word(sql, "SONAME", 12) => {
                Err(Problem::OfServer("CREATE FUNCTION".into()))
            }
            StatementKind::CreateRoutine | StatementKind::CreateEvent => self.create_program(sql),
            // What exists is dropped as the options say. Programs are replaced, as the dump says it.
            StatementKind::Drop { what: Dropped::Routine | Dropped::Event | Dropped::Trigger } => {
                self.programs.dropped(sql);
                Ok(())
            }
            StatementKind::Drop { what: Dropped::Other } => Err(unknown(sql)),
            StatementKind::Drop { .. } => Ok(()),
            StatementKind::Alter => self.alter(sql),
            StatementKind::LoadData | StatementKind::CreateTablespace => Err(unknown(sql)),
            StatementKind::Other => self.other(sql),
        }
    }

    fn set(&mut self, sql: &[u8]) -> Result<(), Problem> {
        if ["ROLE", "PASSWORD", "DEFAULT"]
            .iter()
            .any(|word| first_words(sql).get(1).is_some_and(|second| second == word))
        {
            return Err(Problem::OfServer(shown_words(sql)));
        }
        self.ending.set(sql);
        let beyond = self.session.set(sql)?;
        self.head = None;
        if let Some(variable) = beyond.position {
            self.note_position(variable);
        }
        let charset = self.session.charset();
        if names::is_readable(&charset) { Ok(()) } else { Err(Problem::Charset(charset)) }
    }

    fn note_position(&mut self, what: &str) {
        if self.pass.has_definitions() {
            self.output.note(format!("the dump sets the position of a replica ({what}), which is left to you"));
        }
    }

    /// CHANGE REPLICATION SOURCE and its like.
    fn set_position(&mut self, sql: &[u8]) -> Result<(), Problem> {
        self.note_position(&shown_words(sql));
        Ok(())
    }

    fn name(&self, name: &[u8]) -> Result<String, Problem> {
        let charset = self.session.charset();
        names::decode(name, &charset).ok_or(Problem::Name(charset))
    }

    /// The tools write the names of stand-ins in the character set of their connection, and all else of these statements in
    /// that of the view.
    fn stand_in_name(&self, sql: &[u8]) -> Option<String> {
        let (_, name) = names::after(sql, self.dialect(), "VIEW")?;
        self.session.connection_charset().and_then(|charset| names::decode(&name, &charset))
    }

    fn named(&self, sql: &[u8], keyword: &str) -> Result<(Option<String>, String), Problem> {
        let (database, name) = names::after(sql, self.dialect(), keyword).ok_or_else(|| unknown(sql))?;
        Ok((database.map(|name| self.name(&name)).transpose()?, self.name(&name)?))
    }

    fn create_database(&mut self, sql: &[u8]) -> Result<(), Problem> {
        let keyword = if has_word(sql, "DATABASE", 3) { "DATABASE" } else { "SCHEMA" };
        let (_, name) = self.named(sql, keyword)?;
        let charset = self.session.charset();
        let text = names::decode(&names::in_backticks(sql, self.dialect()), &charset).ok_or(Problem::Name(charset))?;
        self.end_rows();
        self.begin_database(&name, text.as_bytes());
        Ok(())
    }

    /// A database that the dump uses is made, if it is not there, whether the dump has its definition or not.
    fn begin_database(&mut self, name: &str, create: &[u8]) {
        let (file, _) = self.tables.database(name);
        if self.pass.has_definitions() && self.tables.is_first(format!("database {name}")) {
            let mut text = self.session.definitions_head();
            append(&mut text, create);
            self.output.whole(Content::Database(file), text);
        }
    }

    fn use_database(&mut self, sql: &[u8]) -> Result<(), Problem> {
        let (_, name) = self.named(sql, "USE")?;
        self.end_rows();
        self.programs.end_all(&mut self.output);
        self.begin_database(&name, format!("CREATE DATABASE IF NOT EXISTS {}", quote_identifier(&name)).as_bytes());
        self.database = Some(name);
        Ok(())
    }

    /// The database of what comes next.
    fn database(&mut self, named: Option<String>) -> Result<String, Problem> {
        if let Some(name) = named {
            return Ok(name);
        }
        if let Some(name) = &self.database {
            return Ok(name.clone());
        }
        let target = self.target.clone().ok_or(Problem::NoDatabase)?;
        // Filters, and bodies that name their database, mean that of the source.
        let name = self.ending.database.clone().unwrap_or(target);
        self.begin_database(&name, format!("CREATE DATABASE IF NOT EXISTS {}", quote_identifier(&name)).as_bytes());
        self.database = Some(name.clone());
        Ok(name)
    }

    fn create_table(&mut self, sql: &[u8]) -> Result<(), Problem> {
        let (database, name) = self.named(sql, "TABLE")?;
        let database = self.database(database)?;
        self.end_rows();
        let is_first = self.pass == Pass::Rows || self.tables.is_first(format!("table {database}.{name}"));
        let table = self.tables.table(&database, &name);
        // Of servers before 10.3 and 5.7: a table with the columns, until the view comes.
        if Tokens::new(sql, SqlDialect::default()).next().is_some_and(|token| token.kind == TokenKind::CommentOpen) {
            table.kind = Kind::View;
            return Ok(());
        }
        if !is_first {
            return Err(Problem::Again(format!("table {database}.{name}").escape_debug().to_string()));
        }
        let create = names::without_if_not_exists(&names::in_backticks(sql, self.session.dialect()));
        table.generated = GeneratedColumns::of(&create);
        if self.pass.has_definitions() {
            let file = table.file.clone();
            let mut text = self.session.file_head();
            append(&mut text, &create);
            self.output.whole(Content::Table(file), text);
        }
        Ok(())
    }

    fn create_view(&mut self, sql: &[u8]) -> Result<(), Problem> {
        let is_stand_in = names::is_stand_in(sql, self.dialect());
        let (database, name) = match self.stand_in_name(sql).filter(|_| is_stand_in) {
            Some(name) => (None, name),
            None => self.named(sql, "VIEW")?,
        };
        let database = self.database(database)?;
        self.end_rows();
        let table = self.tables.table(&database, &name);
        table.kind = Kind::View;
        if !self.pass.has_definitions() {
            return Ok(());
        }
        let file = table.file.clone();
        let mut text = self.session.definitions_head();
        append(&mut text, format!("DROP TABLE IF EXISTS {}", quote_identifier(&name)).as_bytes());
        append(&mut text, format!("DROP VIEW IF EXISTS {}", quote_identifier(&name)).as_bytes());
        text.extend_from_slice(&self.session.of_program());
        append_program(&mut text, sql);
        if is_stand_in {
            self.stand_ins.insert(file, text);
            return Ok(());
        }
        self.stand_ins.remove(&file);
        if !self.tables.is_first(format!("view {database}.{name}")) {
            return Err(Problem::Again(format!("view {database}.{name}").escape_debug().to_string()));
        }
        self.output.whole(Content::View(file), text);
        Ok(())
    }

    fn create_sequence(&mut self, sql: &[u8]) -> Result<(), Problem> {
        let (database, name) = self.named(sql, "SEQUENCE")?;
        let database = self.database(database)?;
        self.end_rows();
        let table = self.tables.table(&database, &name);
        table.kind = Kind::Sequence;
        let file = table.file.clone();
        if self.pass.has_definitions() && !self.tables.is_first(format!("sequence {database}.{name}")) {
            return Err(Problem::Again(format!("sequence {database}.{name}").escape_debug().to_string()));
        }
        let mut text = self.session.definitions_head();
        append(&mut text, &names::in_backticks(sql, self.dialect()));
        self.sequence = Some((file, text));
        Ok(())
    }

    fn end_sequence(&mut self) {
        if let Some((file, text)) = self.sequence.take()
            && self.pass.has_definitions()
        {
            self.output.whole(Content::Sequence(file), text);
        }
    }

    fn create_trigger(&mut self, sql: &[u8]) -> Result<(), Problem> {
        let table = table_of_trigger(sql).map_err(|_| unknown(sql))?;
        let table = self.name(&table)?;
        let database = self.database(None)?;
        self.end_rows();
        let file = self.tables.table(&database, &table).file.clone();
        self.program(Content::Triggers(file), sql)
    }

    fn create_program(&mut self, sql: &[u8]) -> Result<(), Problem> {
        let database = self.database(None)?;
        self.end_rows();
        let (file, _) = self.tables.database(&database);
        self.program(Content::Post(file), sql)
    }

    fn program(&mut self, content: Content, sql: &[u8]) -> Result<(), Problem> {
        if !self.pass.has_definitions() {
            return Ok(());
        }
        let what = DumpFile::new(content.clone(), Layers::default());
        if !self.programs.is_open(&content) && !self.tables.is_first(what.to_string()) {
            return Err(Problem::Again(format!("{what}: routines, events or triggers")));
        }
        self.programs.add(&mut self.output, content, &self.session, sql);
        Ok(())
    }

    fn alter(&mut self, sql: &[u8]) -> Result<(), Problem> {
        if has_word(sql, "TABLE", 2)
            && has_word(sql, "KEYS", 10)
            && (has_word(sql, "DISABLE", 10) || has_word(sql, "ENABLE", 10))
        {
            return Ok(());
        }
        if has_word(sql, "DATABASE", 2) {
            self.programs.database_altered(sql);
            return Ok(());
        }
        Err(if has_word(sql, "USER", 2) { Problem::OfServer(shown_words(sql)) } else { unknown(sql) })
    }

    fn other(&mut self, sql: &[u8]) -> Result<(), Problem> {
        if is_setval(sql)
            && let Some((_, text)) = &mut self.sequence
        {
            append(text, &names::in_backticks(sql, self.session.dialect()));
            return Ok(());
        }
        let words = first_words(sql);
        let first = words.first().map(String::as_str).unwrap_or_default();
        let second = words.get(1).map(String::as_str).unwrap_or_default();
        let is_of_engine = self.prepared || memchr::memmem::find(sql, b"rocksdb").is_some();
        match (first, second) {
            ("FLUSH" | "COMMIT" | "BEGIN", _) | ("START", "TRANSACTION") => Ok(()),
            ("ANALYZE", "TABLE") if has_word(sql, "HISTOGRAM", 8) => {
                if self.pass.has_definitions() && self.tables.is_first("histograms".to_owned()) {
                    self.output.note(
                        "the dump makes histograms (ANALYZE TABLE … UPDATE HISTOGRAM), which is left to you".to_owned(),
                    );
                }
                Ok(())
            }
            ("PREPARE", _) if is_of_engine => {
                self.prepared = true;
                Ok(())
            }
            ("SELECT" | "EXECUTE" | "DEALLOCATE", _) if is_of_engine => Ok(()),
            ("GRANT" | "REVOKE" | "INSTALL", _) | ("CREATE", "USER" | "ROLE" | "SERVER") => {
                Err(Problem::OfServer(shown_words(sql)))
            }
            _ => Err(unknown(sql)),
        }
    }

    fn insert(&mut self, sql: &[u8], groups: u64) -> Result<(), Problem> {
        let dialect = self.dialect();
        let insert = names::Insert::parse(sql, dialect).ok_or_else(|| unknown(sql))?;
        let database = insert.database.map(|name| self.name(&name)).transpose()?;
        let (database, name) = (self.database(database)?, self.name(&insert.table)?);
        self.end_sequence();
        self.rows.begin(&mut self.tables, &mut self.output, database, name)?;
        let quoted = if dialect.ansi_quotes { names::in_backticks(sql, dialect).into() } else { Cow::Borrowed(sql) };
        let insert = Insert {
            sql: &quoted,
            rows: groups.saturating_sub(u64::from(insert.lists_columns)),
            dialect: SqlDialect { ansi_quotes: false, ..dialect },
            history: self.session.inserts_history(),
        };
        let head = self.head.get_or_insert_with(|| self.session.file_head());
        self.rows.add(&mut self.tables, &mut self.output, &insert, head);
        Ok(())
    }

    /// No more rows of this table come.
    fn end_rows(&mut self) {
        self.rows.end(&mut self.tables, &mut self.output);
    }

    /// The dump has come to its end.
    pub fn finish(&mut self) {
        self.end_rows();
        self.end_sequence();
        self.programs.end_all(&mut self.output);
        for (file, text) in std::mem::take(&mut self.stand_ins) {
            self.output.whole(Content::View(file), text);
        }
        if self.pass == Pass::Definitions {
            self.output.whole(Content::MetadataPartial(0), self.tables.announcement().into_bytes());
            return;
        }
        self.rows.announce_sent(&self.tables, &mut self.output);
        let text = self.tables.metadata(&self.output.stored, self.ending.server, self.ending.completed());
        self.output.whole(Content::Metadata, text.into_bytes());
    }
}

fn unknown(sql: &[u8]) -> Problem {
    Problem::Unknown(shown_words(sql))
}
