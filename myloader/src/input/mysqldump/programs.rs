//! Files of triggers, routines and events: each program with the session that it was made in.

use common::backup::file_name::Content;
use common::backup::user_variables::DATABASE_COLLATION;
use common::container::MemberNumber;
use common::sql::cursor::Cursor;
use common::sql::quote_string;
use common::sql::token::SqlDialect;

use super::output::{Output, append, append_program};
use super::session::Session;

/// The files that are open, and what was said of the next program.
#[derive(Debug, Default)]
pub struct Programs {
    /// Of a table, and of a database.
    open: Vec<(Content, MemberNumber)>,
    drop: Option<Vec<u8>>,
    /// The collation that the database had when the program was made, where it has another one now.
    collation: Option<String>,
    /// Whether a program has come since that was said.
    made: bool,
}

impl Programs {
    pub fn is_open(&self, content: &Content) -> bool {
        self.open.iter().any(|(open, _)| open == content)
    }

    /// DROP of the program that comes next.
    pub fn dropped(&mut self, sql: &[u8]) {
        self.drop = Some(sql.to_vec());
    }

    /// mysqldump gives the database the program's collation before it, and its own one back after it.
    pub fn database_altered(&mut self, sql: &[u8]) {
        let given_back = self.collation.is_some() && self.made;
        self.collation = if given_back { None } else { collation_of(sql) };
        self.made = false;
    }

    /// Adds a program to its file.
    pub fn add(&mut self, output: &mut Output, content: Content, session: &Session, sql: &[u8]) {
        let mut text = Vec::new();
        let member = match self.open.iter().find(|(open, _)| *open == content) {
            Some((_, member)) => *member,
            None => {
                // The triggers of a table come together.
                if matches!(content, Content::Triggers(_)) {
                    self.end(output, |open| matches!(open, Content::Triggers(_)));
                }
                let member = output.begin(content.clone());
                self.open.push((content, member));
                text = session.definitions_head();
                member
            }
        };
        text.extend_from_slice(&session.of_program());
        if let Some(drop) = self.drop.take() {
            append(&mut text, &drop);
        }
        if let Some(collation) = &self.collation {
            append(&mut text, format!("SET @{DATABASE_COLLATION} = {}", quote_string(collation)).as_bytes());
        }
        append_program(&mut text, sql);
        if self.collation.is_some() {
            append(&mut text, format!("SET @{DATABASE_COLLATION} = NULL").as_bytes());
        }
        self.made = true;
        output.content(member, text);
    }

    /// Ends all files.
    pub fn end_all(&mut self, output: &mut Output) {
        self.end(output, |_| true);
    }

    fn end(&mut self, output: &mut Output, which: impl Fn(&Content) -> bool) {
        self.open.retain(|(content, member)| {
            let ends = which(content);
            if ends {
                output.end(*member);
            }
            !ends
        });
    }
}

/// The collation that ALTER DATABASE names.
fn collation_of(sql: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    while !cursor.eat("COLLATE") {
        cursor.take()?;
    }
    cursor.eat_punctuation(b'=');
    let name = cursor.take()?.identifier()?;
    Some(String::from_utf8_lossy(&name).into_owned())
}
