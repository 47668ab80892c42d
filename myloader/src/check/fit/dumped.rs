//! The dump's table, as far as a table on the server is compared with it.

use common::backup::table_columns::{self, TableColumn};
use common::server::Server;
use common::sql::token::{SqlDialect, Token, TokenKind};

use crate::ddl::create_table::{Body, CreateTable};
use crate::ddl::created_object::text;
use crate::ddl::element::{Element, ElementKind, Key};
use crate::ddl::portability::split_by_version;

/// What the dump says of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpedTable {
    pub columns: Vec<DumpedColumn>,
    /// Whether the statements with rows name their columns.
    pub named: bool,
    /// In upper case.
    pub engine: Option<String>,
    pub is_partitioned: bool,
    /// The columns of each key in their order, in lower case, up to the first expression.
    pub keys: Vec<Vec<String>>,
}

/// A column of the dump's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpedColumn {
    pub column: TableColumn,
    pub unsigned: bool,
    /// Whether it is generated when it is read.
    pub is_virtual: bool,
    /// The collation that the definition names.
    pub collation: Option<String>,
}

impl DumpedTable {
    /// From the metadata's key `columns`; `None` if it cannot be read.
    pub fn of_metadata(columns: &str, named: bool) -> Option<DumpedTable> {
        let columns = table_columns::parse(columns)?;
        let columns = columns.into_iter().map(|column| DumpedColumn { column, ..DumpedColumn::default() }).collect();
        Some(DumpedTable { columns, named, ..DumpedTable::default() })
    }

    /// From a definition in the words of `server`; `None` if it does not show the columns.
    pub fn of_definition(sql: &[u8], named: bool, server: Server) -> Option<DumpedTable> {
        let table = CreateTable::parse(sql, SqlDialect::default()).ok().filter(|table| table.body == Body::Elements)?;
        let (tokens, _) = split_by_version(sql, SqlDialect::default(), server);
        let within = |start: usize, end: usize| {
            let from = tokens.partition_point(|token| token.start < start);
            tokens.get(from..tokens.partition_point(|token| token.start < end)).unwrap_or_default()
        };
        let options = within(table.elements.last().map_or(0, Element::end), sql.len());
        let by_default = charset(options);
        let mut dumped = DumpedTable { named, ..DumpedTable::default() };
        dumped.engine = table.engine.as_deref().map(|engine| text(engine).to_ascii_uppercase());
        dumped.is_partitioned =
            options.windows(2).any(|pair| matches!(pair, [a, b] if a.is_word("PARTITION") && b.is_word("BY")));
        for element in &table.elements {
            let tokens = within(element.start, element.end());
            match &element.kind {
                ElementKind::Column(column) => {
                    let name = text(&column.name);
                    if column.primary || column.unique {
                        dumped.keys.push(vec![name.to_lowercase()]);
                    }
                    dumped.named |= tokens.iter().any(|token| token.is_word("INVISIBLE"));
                    dumped.columns.push(of_tokens(name, tokens, &by_default, server));
                }
                ElementKind::PrimaryKey(key) | ElementKind::UniqueKey(key) | ElementKind::Key(key) => {
                    dumped.keys.push(columns_of(key));
                }
                _ => {}
            }
        }
        dumped.named |= dumped.columns.iter().any(|column| column.column.generated);
        Some(dumped)
    }

    /// The column of this name, in any case.
    pub fn column(&self, name: &str) -> Option<&DumpedColumn> {
        self.columns.iter().find(|column| column.column.name.to_lowercase() == name.to_lowercase())
    }
}

fn columns_of(key: &Key) -> Vec<String> {
    key.columns.iter().map_while(|name| name.as_deref().map(|name| text(name).to_lowercase())).collect()
}

/// A character set and a collation, in lower case, as far as they are named.
type Charset = (Option<String>, Option<String>);

fn of_tokens(name: String, tokens: &[Token<'_>], by_default: &Charset, server: Server) -> DumpedColumn {
    let data_type = tokens.get(1).map(|token| text(token.text).to_ascii_lowercase()).unwrap_or_default();
    let outside: Vec<Token<'_>> = outside(tokens);
    let has = |word: &str| outside.iter().any(|token| token.is_word(word));
    let generated = has("GENERATED") || (has("AS") && !has("DEFAULT"));
    let is_list = matches!(data_type.as_str(), "enum" | "set");
    let is_text = is_list || data_type.ends_with("char") || data_type.ends_with("text");
    let (charset, collation) = match charset(&outside) {
        _ if !is_text || server.takes_only_text(&data_type) => (None, None),
        (None, None) => by_default.clone(),
        (charset, collation) => (charset, collation),
    };
    let members = is_list.then(|| members(tokens)).filter(|members| has_empty(members));
    DumpedColumn {
        is_virtual: generated && !has("STORED") && !has("PERSISTENT"),
        unsigned: has("UNSIGNED") || has("ZEROFILL"),
        collation,
        column: TableColumn { name, data_type, charset, generated, numbers_of: members },
    }
}

/// `'a','','c'`, the list behind ENUM or SET.
fn members(tokens: &[Token<'_>]) -> String {
    let list = tokens.iter().skip_while(|token| !token.is_punctuation(b'(')).skip(1);
    let list = list.take_while(|token| !token.is_punctuation(b')'));
    list.map(|token| text(token.text)).collect()
}

fn has_empty(members: &str) -> bool {
    members.split(',').any(|member| member == "''")
}

/// What stands outside of parentheses, without these.
fn outside<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for token in tokens {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            found.push(*token);
        }
    }
    found
}

/// The character set that CHARSET or CHARACTER SET names, or that the collation is of, and the collation.
fn charset(tokens: &[Token<'_>]) -> Charset {
    let (mut charset, mut collation) = (None, None);
    for (index, token) in tokens.iter().enumerate() {
        let value = |at: usize| {
            let at = index + at + usize::from(tokens.get(index + at).is_some_and(|token| token.is_punctuation(b'=')));
            let token = tokens.get(at).filter(|token| token.kind != TokenKind::Punctuation)?;
            let name = token.identifier().or_else(|| token.string_value(SqlDialect::default()))?;
            Some(text(&name).to_ascii_lowercase())
        };
        if token.is_word("CHARSET") {
            charset = value(1);
        } else if token.is_word("CHARACTER") && tokens.get(index + 1).is_some_and(|next| next.is_word("SET")) {
            charset = value(2);
        } else if token.is_word("COLLATE") {
            collation = value(1);
        }
    }
    let of_collation = || collation.as_deref().map(|name| name.split('_').next().unwrap_or(name).to_owned());
    (charset.or_else(of_collation), collation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_shows_columns_keys_and_character_sets() {
        let sql = "CREATE TABLE `t` (\n  `id` int(10) unsigned NOT NULL,\n  `a,b` varchar(9) CHARACTER SET latin1 COLLATE \
                   latin1_bin DEFAULT 'CHARSET x',\n  `c` text COLLATE utf8mb4_bin,\n  `d` char(3) NOT NULL,\n  \
                   `e` enum('','x') DEFAULT NULL,\n  `g` int GENERATED ALWAYS AS ((`id` + 1)) VIRTUAL,\n  `j` json,\n  \
                   PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`d`(2),`C`),\n  KEY `f` ((`id` + 1))\n) ENGINE=InnoDB \
                   DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci COMMENT='CHARSET y'\n\
                   /*!50100 PARTITION BY HASH (`id`) */";
        let server = "mysql-9.7.0".parse().unwrap();
        let dumped = DumpedTable::of_definition(sql.as_bytes(), false, server).unwrap();
        let columns: Vec<_> = dumped.columns.iter().map(|column| column.column.clone()).collect();
        assert_eq!(
            table_columns::to_text(&columns),
            "`id` int,`a,b` varchar CHARSET latin1,`c` text CHARSET utf8mb4,`d` char CHARSET utf8mb3,\
             `e` enum CHARSET utf8mb3 NUMBERS,`g` int GENERATED,`j` json"
        );
        assert_eq!(columns[4].numbers_of.as_deref(), Some("'','x'"));
        assert!(dumped.named && dumped.is_partitioned && dumped.columns[0].unsigned && dumped.columns[5].is_virtual);
        assert_eq!(dumped.engine.as_deref(), Some("INNODB"));
        assert_eq!(dumped.keys, [vec!["id"], vec!["d", "c"], vec![]]);
        assert_eq!(dumped.columns[3].collation.as_deref(), Some("utf8mb3_general_ci"));
        assert_eq!(DumpedTable::of_definition(b"CREATE TABLE a LIKE b", false, server), None);
    }
}
