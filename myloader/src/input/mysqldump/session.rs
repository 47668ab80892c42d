//! What the session of a dump is set to at each of its statements.
//!
//! A dump saves variables in `@OLD_…` and `@saved_…`, sets them, and sets them back. Its statements go into files of
//! their own here, so what is set is followed, and each file says it outright.

use std::collections::BTreeMap;

use common::backup::file_session::FILE_SQL_MODE;
use common::sql::cursor::Cursor;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

/// Of a session that mysqldump's text is sent in, these say nothing of what is restored: or the restore sets them itself.
const WITHOUT_EFFECT: [&str; 20] = [
    "autocommit",
    "character_set_results",
    "check_constraint_checks",
    "foreign_key_checks",
    "innodb_lock_wait_timeout",
    "innodb_strict_mode",
    "lock_wait_timeout",
    "max_execution_time",
    "max_statement_time",
    "net_read_timeout",
    "net_write_timeout",
    "note_verbosity",
    "sql_log_bin",
    "sql_notes",
    "sql_quote_show_create",
    "sql_require_primary_key",
    "unique_checks",
    "wait_timeout",
    "rocksdb_bulk_load",
    "session_track_gtids",
];
const CLIENT: &str = "character_set_client";
const CONNECTION: &str = "collation_connection";
const SQL_MODE: &str = "sql_mode";
const TIME_ZONE: &str = "time_zone";
/// Modes that contain ANSI_QUOTES, or stand for several that do.
const ANSI_QUOTES: [&str; 7] = ["ANSI_QUOTES", "ANSI", "ORACLE", "MSSQL", "DB2", "MAXDB", "POSTGRESQL"];

/// What a variable is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// SQL text.
    Literal(Vec<u8>),
    /// The default collation of a character set, by SET NAMES.
    DefaultOf(Vec<u8>),
}

/// A SET statement that cannot be followed, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("a SET statement has a form that mysqldump does not write")]
    Form,
    #[error("it sets the variable {0} to something that is only known on the server")]
    Value(String),
    #[error("it sets the global variable {0}")]
    Global(String),
}

/// What a SET statement asks for beside the session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beyond {
    /// The position of the source for replicas, which this variable says.
    pub position: Option<&'static str>,
}

/// The variables that are set, by their names in lower case, and what is saved.
#[derive(Debug, Clone, Default)]
pub struct Session {
    variables: BTreeMap<String, (Vec<u8>, Value)>,
    saved: BTreeMap<Vec<u8>, Option<(Vec<u8>, Value)>>,
}

impl Session {
    /// Takes a SET statement.
    pub fn set(&mut self, sql: &[u8]) -> Result<Beyond, Error> {
        let dialect = self.dialect();
        let mut cursor = Cursor::new(sql, dialect);
        // A server of another version passes over it.
        let version = match Tokens::new(sql, dialect).next() {
            Some(first) if first.kind == TokenKind::CommentOpen => first.text.to_vec(),
            _ => Vec::new(),
        };
        cursor.expect("SET").map_err(|_| Error::Form)?;
        let mut beyond = Beyond::default();
        loop {
            self.assignment(sql, &mut cursor, &version, &mut beyond)?;
            if !cursor.eat_punctuation(b',') {
                break;
            }
        }
        if cursor.peek().is_some() { Err(Error::Form) } else { Ok(beyond) }
    }

    fn assignment(
        &mut self,
        sql: &[u8],
        cursor: &mut Cursor<'_>,
        version: &[u8],
        beyond: &mut Beyond,
    ) -> Result<(), Error> {
        if cursor.eat("NAMES") {
            return self.names(cursor, version);
        }
        if cursor.eat("CHARSET") || (cursor.eat("CHARACTER") && cursor.eat("SET")) {
            return self.names(cursor, version);
        }
        let mut global = false;
        let mut user = false;
        if cursor.eat_punctuation(b'@') {
            if cursor.eat_punctuation(b'@') {
                global = scope(cursor);
            } else {
                user = true;
            }
        } else if cursor.at_any_word(&["GLOBAL", "PERSIST", "SESSION", "LOCAL"]) {
            global = cursor.at_any_word(&["GLOBAL", "PERSIST"]);
            cursor.take();
        }
        let name = cursor.take().ok_or(Error::Form)?.text.to_ascii_lowercase();
        cursor.eat_punctuation(b':');
        if !cursor.eat_punctuation(b'=') {
            return Err(Error::Form);
        }
        let tokens = value_tokens(cursor);
        let shown = || String::from_utf8_lossy(&name).escape_debug().to_string();
        if global {
            return match name.as_slice() {
                b"gtid_purged" => set_position(beyond, "gtid_purged"),
                b"gtid_slave_pos" => set_position(beyond, "gtid_slave_pos"),
                b"innodb_stats_auto_recalc" => Ok(()),
                _ => Err(Error::Global(shown())),
            };
        }
        if !user && is_without_effect(&name) {
            return Ok(());
        }
        let Ok(value) = self.value(sql, &tokens, version) else {
            // What it is matters when it is used.
            if !user {
                return Err(Error::Value(shown()));
            }
            self.saved.remove(&name);
            return Ok(());
        };
        if user {
            self.saved.insert(name, value);
            return Ok(());
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        if value.as_ref().is_some_and(|(_, value)| !is_plain(&name, value)) {
            return Err(Error::Value(name.escape_debug().to_string()));
        }
        self.assign(if name == "character_set_connection" { CONNECTION } else { &name }, value);
        Ok(())
    }

    fn assign(&mut self, name: &str, value: Option<(Vec<u8>, Value)>) {
        match value {
            Some(value) => drop(self.variables.insert(name.to_owned(), value)),
            None => drop(self.variables.remove(name)),
        }
    }

    fn names(&mut self, cursor: &mut Cursor<'_>, version: &[u8]) -> Result<(), Error> {
        let charset = name_of(cursor).ok_or(Error::Form)?;
        if charset.eq_ignore_ascii_case(b"DEFAULT") {
            self.variables.remove(CLIENT);
            self.variables.remove(CONNECTION);
            return Ok(());
        }
        let collation = match cursor.eat("COLLATE") {
            true => Value::Literal(name_of(cursor).ok_or(Error::Form)?),
            false => Value::DefaultOf(charset.clone()),
        };
        self.assign(CLIENT, Some((version.to_vec(), Value::Literal(charset))));
        self.assign(CONNECTION, Some((version.to_vec(), collation)));
        Ok(())
    }

    /// What is assigned: `None` for the default.
    fn value(&self, sql: &[u8], tokens: &[Token<'_>], version: &[u8]) -> Result<Option<(Vec<u8>, Value)>, ()> {
        match tokens {
            [at, name] if at.is_punctuation(b'@') => self.saved.get(&name.text.to_ascii_lowercase()).cloned().ok_or(()),
            [first, second, name] if first.is_punctuation(b'@') && second.is_punctuation(b'@') => {
                Ok(self.current(name.text))
            }
            [first, second, scope, dot, name]
                if first.is_punctuation(b'@')
                    && second.is_punctuation(b'@')
                    && (scope.is_word("SESSION") || scope.is_word("LOCAL"))
                    && dot.is_punctuation(b'.') =>
            {
                Ok(self.current(name.text))
            }
            [word] if word.is_word("DEFAULT") => Ok(None),
            [one] if matches!(one.kind, TokenKind::String | TokenKind::Number | TokenKind::Word) => {
                Ok(Some((version.to_vec(), Value::Literal(one.text.to_vec()))))
            }
            [sign, number] if sign.is_punctuation(b'-') && number.kind == TokenKind::Number => {
                let text = sql.get(sign.start..number.end()).unwrap_or_default().to_vec();
                Ok(Some((version.to_vec(), Value::Literal(text))))
            }
            _ => Err(()),
        }
    }

    fn current(&self, name: &[u8]) -> Option<(Vec<u8>, Value)> {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        self.variables.get(if name == "character_set_connection" { CONNECTION } else { &name }).cloned()
    }

    /// Whether rows of a system-versioned table come with the times of their history.
    pub fn inserts_history(&self) -> bool {
        self.literal("system_versioning_insert_history").is_some_and(|value| value != b"0" && value != b"OFF")
    }

    /// How quotes are to be read.
    pub fn dialect(&self) -> SqlDialect {
        let Some(modes) = self.sql_mode() else { return SqlDialect::default() };
        let has = |wanted: &[&str]| {
            modes.split(',').any(|mode| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(mode.trim())))
        };
        SqlDialect { ansi_quotes: has(&ANSI_QUOTES), no_backslash_escapes: has(&["NO_BACKSLASH_ESCAPES"]) }
    }

    /// The modes, if the dump sets them.
    fn sql_mode(&self) -> Option<String> {
        let literal = self.literal(SQL_MODE)?;
        let token = Tokens::new(literal, SqlDialect::default()).next()?;
        let modes = token.string_value(SqlDialect::default()).unwrap_or_else(|| literal.to_vec());
        Some(String::from_utf8_lossy(&modes).into_owned())
    }

    fn literal(&self, name: &str) -> Option<&[u8]> {
        match self.variables.get(name) {
            Some((_, Value::Literal(text) | Value::DefaultOf(text))) => Some(text),
            None => None,
        }
    }

    /// The character set that statements are in; the client's own if the dump does not say it.
    pub fn charset(&self) -> String {
        let charset = self.literal(CLIENT).map(|name| String::from_utf8_lossy(name).to_ascii_lowercase());
        charset.map_or_else(|| "utf8mb4".to_owned(), |name| name.trim_matches(['\'', '"']).to_owned())
    }

    /// The character set that SET NAMES gave last, as far as it still holds.
    pub fn connection_charset(&self) -> Option<String> {
        match self.variables.get(CONNECTION) {
            Some((_, Value::DefaultOf(charset))) => Some(String::from_utf8_lossy(charset).to_ascii_lowercase()),
            _ => None,
        }
    }

    /// The first lines of a file of rows or of a table. Quotes in it are backticks; what the source has stored can be
    /// stored again.
    pub fn file_head(&self) -> Vec<u8> {
        let modes = match self.sql_mode() {
            None => FILE_SQL_MODE.to_owned(),
            Some(modes) => {
                let is_kept = |mode: &&str| {
                    let is = |other: &&str| other.eq_ignore_ascii_case(mode);
                    !mode.is_empty() && !ANSI_QUOTES.iter().any(is) && !FILE_SQL_MODE.split(',').any(|own| is(&own))
                };
                let mut modes: Vec<&str> = modes.split(',').map(str::trim).filter(is_kept).collect();
                modes.extend(FILE_SQL_MODE.split(','));
                modes.join(",")
            }
        };
        self.head(&self.charset(), &modes)
    }

    /// The first lines of a file of other definitions.
    pub fn definitions_head(&self) -> Vec<u8> {
        self.head("utf8mb4", FILE_SQL_MODE)
    }

    fn head(&self, charset: &str, modes: &str) -> Vec<u8> {
        let mut text = format!(
            "/*!40101 SET NAMES {charset}*/;\n/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n/*!40101 SET SQL_MODE='{modes}'*/;\n"
        )
        .into_bytes();
        if let Some(zone) = self.literal(TIME_ZONE) {
            text.extend_from_slice(b"/*!40103 SET TIME_ZONE=");
            text.extend_from_slice(zone);
            text.extend_from_slice(b" */;\n");
        }
        for (name, (version, value)) in &self.variables {
            let Value::Literal(value) = value else { continue };
            if [CLIENT, CONNECTION, SQL_MODE, TIME_ZONE].contains(&name.as_str()) {
                continue;
            }
            text.extend_from_slice(version);
            if !version.is_empty() {
                text.push(b' ');
            }
            text.extend_from_slice(format!("SET SESSION {name}=").as_bytes());
            text.extend_from_slice(value);
            text.extend_from_slice(if version.is_empty() { b";\n" } else { b" */;\n" });
        }
        text
    }

    /// The statements that give a program or view exactly this session.
    pub fn of_program(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut add = |name: &str, value: &[u8]| {
            text.extend_from_slice(format!("SET {name} = ").as_bytes());
            text.extend_from_slice(value);
            text.extend_from_slice(b";\n");
        };
        add(SQL_MODE, self.literal(SQL_MODE).unwrap_or(format!("'{FILE_SQL_MODE}'").as_bytes()));
        if let Some(zone) = self.literal(TIME_ZONE) {
            add(TIME_ZONE, zone);
        }
        let charset = self.charset().into_bytes();
        add(CLIENT, &charset);
        add("character_set_results", &charset);
        match self.variables.get(CONNECTION) {
            Some((_, Value::Literal(collation))) => add(CONNECTION, collation),
            Some((_, Value::DefaultOf(charset))) => add("character_set_connection", charset),
            None => add("character_set_connection", b"utf8mb4"),
        }
        text
    }
}

fn set_position(beyond: &mut Beyond, variable: &'static str) -> Result<(), Error> {
    beyond.position = Some(variable);
    Ok(())
}

fn is_without_effect(name: &[u8]) -> bool {
    WITHOUT_EFFECT.iter().any(|other| other.as_bytes() == name)
}

/// `SESSION.` or `GLOBAL.` behind `@@`; whether it is global.
fn scope(cursor: &mut Cursor<'_>) -> bool {
    let global = cursor.at_any_word(&["GLOBAL", "PERSIST", "PERSIST_ONLY"]);
    if cursor.eat_any(&["GLOBAL", "PERSIST", "PERSIST_ONLY", "SESSION", "LOCAL"]) {
        cursor.eat_punctuation(b'.');
    }
    global
}

/// A name of a character set or collation, with or without quotes.
fn name_of(cursor: &mut Cursor<'_>) -> Option<Vec<u8>> {
    let token = cursor.take()?;
    token.string_value(SqlDialect::default()).or_else(|| token.identifier()).filter(|name| name.iter().all(is_of_name))
}

fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// Whether a value can stand in the first lines of a file.
fn is_plain(name: &str, value: &Value) -> bool {
    let (Value::Literal(text) | Value::DefaultOf(text)) = value;
    let is_plain = |byte: &u8| match name {
        CLIENT | CONNECTION | "character_set_connection" => is_of_name(byte) || *byte == b'\'' || *byte == b'"',
        SQL_MODE => is_of_name(byte) || b"'\", ".contains(byte),
        _ => *byte >= b' ',
    };
    is_variable(name) && text.iter().all(is_plain)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| is_of_name(&byte))
}

/// The tokens up to the comma that ends an assignment.
fn value_tokens<'a>(cursor: &mut Cursor<'a>) -> Vec<Token<'a>> {
    let mut depth = 0_u32;
    let mut tokens = Vec::new();
    while let Some(token) = cursor.peek() {
        if depth == 0 && token.is_punctuation(b',') {
            break;
        }
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        }
        tokens.push(token);
        cursor.take();
    }
    tokens
}
