//! The options that say which rows are dumped and how they are written.

use std::sync::Arc;

use common::sql::token::{SqlDialect, Tokens};

use crate::rows::delimited_format::DelimitedFormat;

/// How rows are read and written.
#[derive(Debug, Clone)]
pub struct RowOptions {
    /// `--where`.
    pub condition: Option<RowCondition>,
    /// `--format`.
    pub format: RowFormat,
    /// `--insert-ignore` and `--replace`.
    pub on_duplicate: OnDuplicate,
    /// `--complete-insert`.
    pub complete: bool,
    /// `--hex-blob`.
    pub hex_blob: bool,
    /// `--statement-size`, in bytes.
    pub statement_size: usize,
    /// The end of INSERT statements.
    pub statement_end: Box<[u8]>,
    /// `--order-by-primary`.
    pub order_by_primary: bool,
}

/// Which rows of a table are dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCondition {
    /// The condition, as SQL.
    pub condition: String,
    /// What follows it, from ORDER BY or LIMIT on. The table is one chunk then.
    pub limit: Option<String>,
}

impl RowCondition {
    /// From the text that follows WHERE.
    pub fn new(text: &str) -> RowCondition {
        let mut depth = 0_u32;
        let end = Tokens::new(text.as_bytes(), SqlDialect::default()).find(|token| {
            if token.is_punctuation(b'(') {
                depth += 1;
            } else if token.is_punctuation(b')') {
                depth = depth.saturating_sub(1);
            }
            depth == 0 && (token.is_word("ORDER") || token.is_word("LIMIT"))
        });
        match end.and_then(|token| text.split_at_checked(token.start)) {
            Some((condition, limit)) => {
                RowCondition { condition: condition.trim_end().to_owned(), limit: Some(limit.trim_end().to_owned()) }
            }
            None => RowCondition { condition: text.to_owned(), limit: None },
        }
    }

    /// Whether the rows come in an order of their own.
    pub fn is_ordered(&self) -> bool {
        self.limit.as_ref().is_some_and(|limit| limit.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("ORDER")))
    }
}

/// `--format`.
#[derive(Debug, Clone)]
pub enum RowFormat {
    /// INSERT statements.
    Insert,
    /// Delimited files, each with a LOAD DATA statement.
    Delimited(Arc<DelimitedFormat>),
    /// Files of INSERT statements, each with a statement that makes ClickHouse read it.
    Clickhouse,
}

/// What a statement does with a row whose key exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDuplicate {
    /// It fails.
    #[default]
    Fail,
    /// It keeps the existing row, `--insert-ignore`.
    Ignore,
    /// It replaces the existing row, `--replace`.
    Replace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_condition_is_no_part_of_it() {
        let split = |text: &str| {
            let RowCondition { condition, limit } = RowCondition::new(text);
            (condition, limit.unwrap_or_default())
        };
        for (text, condition, limit) in [
            ("a > 1", "a > 1", ""),
            ("1=1 limit 2", "1=1", "limit 2"),
            ("a > 1 order by a desc LIMIT 1", "a > 1", "order by a desc LIMIT 1"),
            ("a IN (SELECT b FROM o ORDER BY b LIMIT 1)", "a IN (SELECT b FROM o ORDER BY b LIMIT 1)", ""),
            ("`limit` = ' limit 1' /* limit */", "`limit` = ' limit 1' /* limit */", ""),
            ("a = 'é' LIMIT 1", "a = 'é'", "LIMIT 1"),
        ] {
            assert_eq!(split(text), (condition.to_owned(), limit.to_owned()), "{text}");
        }
        assert!(RowCondition::new("a order by b").is_ordered() && !RowCondition::new("a limit 1").is_ordered());
    }
}
