//! Values of ENUM columns that are no member: index 0, which the dump writes as `''` or 0. The server stores them as they
//! are, and warns of each as of a value that it cut off.

use common::server::connection::ServerError;
use common::server::is_generated;
use common::sql::name::QualifiedName;
use common::sql::quote_string;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use crate::jobs::context::Context;

/// How many such values an INSERT or REPLACE statement has for the table's ENUM columns.
pub fn count(context: &mut Context, table: &QualifiedName, statement: &[u8]) -> Result<u64, ServerError> {
    let mut columns = Vec::new();
    let rows = context.session.unchanged().query(format!(
        "SELECT COLUMN_NAME, DATA_TYPE, EXTRA, COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} \
         ORDER BY ORDINAL_POSITION",
        quote_string(&table.database),
        quote_string(&table.name)
    ))?;
    for row in rows {
        let extra = row.text(2).to_ascii_uppercase();
        columns.push(Column {
            name: row.bytes(0).unwrap_or_default().to_vec(),
            is_enum: row.text(1).eq_ignore_ascii_case("enum"),
            has_empty_member: Tokens::new(row.bytes(3).unwrap_or_default(), SqlDialect::default())
                .any(|token| is_empty_string(&token)),
            is_visible: !extra.contains("INVISIBLE"),
            is_generated: is_generated(&extra),
        });
    }
    Ok(in_statement(statement, &columns).unwrap_or(0))
}

struct Column {
    name: Vec<u8>,
    is_enum: bool,
    /// Then the empty string is a member, of which the server does not warn.
    has_empty_member: bool,
    is_visible: bool,
    is_generated: bool,
}

/// `None` if the statement is not one that a dump writes.
fn in_statement(statement: &[u8], columns: &[Column]) -> Option<u64> {
    let mut tokens = Tokens::new(statement, SqlDialect::default())
        .filter(|token| !matches!(token.kind, TokenKind::Comment | TokenKind::CommentOpen | TokenKind::CommentClose));
    let mut named = Vec::new();
    let mut depth = 0_u64;
    loop {
        let token = tokens.next()?;
        match () {
            () if depth == 0 && (token.is_word("VALUES") || token.is_word("VALUE")) => break,
            () if token.is_punctuation(b'(') => depth += 1,
            () if token.is_punctuation(b')') => depth = depth.checked_sub(1)?,
            () if depth == 1 => named.extend(token.identifier()),
            () => {}
        }
    }
    let filled: Vec<Option<&Column>> = if named.is_empty() {
        columns.iter().filter(|column| column.is_visible).map(Some).collect()
    } else {
        let find = |name: &Vec<u8>| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        named.iter().map(find).collect()
    };
    let (mut found, mut position) = (0, 0);
    let mut value: Vec<Token<'_>> = Vec::new();
    for token in tokens {
        let ends = depth == 1 && (token.is_punctuation(b',') || token.is_punctuation(b')'));
        if ends {
            let column = filled.get(position).copied().flatten();
            found += u64::from(column.is_some_and(|column| column.warns_of(&value)));
            position += 1;
            value.clear();
        }
        if token.is_punctuation(b'(') {
            depth += 1;
            if depth == 1 {
                position = 0;
                value.clear();
            }
        } else if token.is_punctuation(b')') {
            depth = depth.checked_sub(1)?;
        } else if depth >= 1 && !ends && value.len() <= 2 {
            value.push(token);
        }
    }
    Some(found)
}

impl Column {
    /// Whether the value is that of no member: `''`, also with a character set before it, or 0.
    fn warns_of(&self, value: &[Token<'_>]) -> bool {
        self.is_enum
            && !self.is_generated
            && match value {
                [only] if only.kind == TokenKind::Number => only.text == b"0",
                [text] => !self.has_empty_member && is_empty_string(text),
                [introducer, text] => {
                    let introduces = introducer.kind == TokenKind::Word && introducer.text.starts_with(b"_");
                    !self.has_empty_member && introduces && is_empty_string(text)
                }
                _ => false,
            }
    }
}

fn is_empty_string(token: &Token<'_>) -> bool {
    token.kind == TokenKind::String && token.text.len() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_values_of_enum_columns_count() {
        let column = |name: &str, is_enum, is_visible| Column {
            name: name.into(),
            is_enum,
            has_empty_member: name == "i",
            is_visible,
            is_generated: false,
        };
        let columns = [column("e", true, true), column("v", false, true), column("i", true, false)];
        for (statement, found) in [
            ("INSERT INTO `t` VALUES('','')\n,(0,0)\n,('0','a')\n,(CONCAT('',''),NULL),(_binary'','(')\n", 3),
            ("INSERT INTO `t` (`v`,`i`) VALUES('',''),('',0),(0,'b')", 1),
            ("REPLACE INTO `values` (`V`,`E`) VALUES ('',\"\")", 1),
            ("INSERT INTO t SET e = ''", 0),
        ] {
            assert_eq!(in_statement(statement.as_bytes(), &columns).unwrap_or(0), found, "{statement}");
        }
    }
}
