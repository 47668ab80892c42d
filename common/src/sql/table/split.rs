//! Takes secondary keys and foreign keys out of CREATE TABLE, to be added once the rows are in.
//!
//! A table without secondary keys loads faster, and a key that is built from all rows at once is smaller. What comes
//! out in the end must be the table of the dump, to the letter of SHOW CREATE TABLE. Both servers print keys in the
//! groups unique, plain and spatial, fulltext, and keep the order of definition within a group; a key that is added
//! later is the last of its group. So when a key has to stay in CREATE TABLE, those before it in its group stay too.

use std::collections::BTreeSet;

use super::create_table::{Body, CreateTable};
use super::element::{Column, ElementKind, ForeignKey, Key};
use crate::sql::cursor::ParseError;
use crate::sql::token::{SqlDialect, Token, Tokens};

/// What to take out of a table's definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitOptions {
    /// Take the keys out, to be added later, if the table's engine is one of `engines`.
    pub split_keys: bool,
    /// The engines whose tables gain by that. Case does not matter.
    pub engines: Vec<String>,
    /// Most keys that one statement adds; 0: all.
    pub keys_per_statement: usize,
    /// Take the foreign keys out, to be added later, whatever the engine.
    pub split_constraints: bool,
    /// `--skip-indexes`: take the secondary keys out for good if the engine is InnoDB or one of `engines`. Foreign keys
    /// of other tables that refer to such a key cannot be added then.
    pub drop_keys: bool,
    /// `--skip-constraints`: take the foreign keys out for good, whatever the engine.
    pub drop_constraints: bool,
    /// Take the CHECKs of the table out for good; those of columns are part of these.
    pub drop_checks: bool,
    /// Columns that foreign keys of other tables refer to, and so need a key.
    pub referenced: Vec<Vec<u8>>,
    /// How the statement is written.
    pub dialect: SqlDialect,
}

/// The statements that make a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitTable {
    /// The CREATE TABLE statement. What was not taken out is the original text, byte for byte.
    pub create: Vec<u8>,
    /// ALTER TABLE statements that add the keys, to be run one after the other when the rows are in.
    pub keys: Vec<Vec<u8>>,
    /// The statement that adds the foreign keys, to be run when all tables have all their keys: even with
    /// `foreign_key_checks=0`, the servers refuse a foreign key to columns of an existing table without a unique key
    /// (MySQL) or any key (MariaDB) on them.
    pub constraints: Option<Vec<u8>>,
}

/// What happens to an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Later,
    Dropped,
}

/// Splits a CREATE TABLE statement.
///
/// These keys stay, even with `drop_keys`: the primary key; unique keys of a table without a primary key, as
/// InnoDB clusters the rows by one of them; the key that an AUTO_INCREMENT column needs; and those that a foreign key
/// needs, of this table and to this table, if it stays, or is added after `drop_keys`. These stay unless they are dropped: MariaDB's vector keys and its unique keys
/// `WITHOUT OVERLAPS`, which it can only add by copying the whole table; what precedes a key that stays in its group;
/// and all keys if a unique one is `USING HASH`. Nothing is taken out of a table made from a query or `LIKE` another.
///
/// # Errors
/// If it is no CREATE TABLE statement.
pub fn split(sql: &[u8], options: &SplitOptions) -> Result<SplitTable, ParseError> {
    let table = CreateTable::parse(sql, options.dialect)?;
    if table.body != Body::Elements || !table.separable {
        return Ok(SplitTable { create: sql.to_vec(), ..SplitTable::default() });
    }
    let fates = fates(&table, options);
    let mut create = sql.get(..table.elements.first().map_or(0, |first| first.start)).unwrap_or_default().to_vec();
    let mut keys = Vec::new();
    let mut fulltext_keys = Vec::new();
    let mut constraints = Vec::new();
    let mut previous: Option<usize> = None;
    let mut empty = true;
    for (element, fate) in table.elements.iter().zip(&fates) {
        match (fate, &element.kind) {
            (Fate::Stays, _) => {
                // The comma before an element goes with it, unless nothing is left before it.
                if let Some(previous) = previous.filter(|_| !empty) {
                    create.extend_from_slice(sql.get(previous..element.start).unwrap_or_default());
                }
                create.extend_from_slice(element.text);
                empty = false;
            }
            (Fate::Dropped, _) => {}
            (Fate::Later, ElementKind::ForeignKey(_)) => constraints.push(element.text),
            (Fate::Later, ElementKind::FulltextKey(_)) => fulltext_keys.push(element.text),
            (Fate::Later, _) => keys.push(element.text),
        }
        previous = Some(element.end());
    }
    create.extend_from_slice(sql.get(previous.unwrap_or_default()..).unwrap_or_default());
    // InnoDB builds one fulltext key at a time; with two, it copies the table.
    let mut fulltext_keys = fulltext_keys.into_iter();
    keys.extend(fulltext_keys.next());
    let most = if options.keys_per_statement == 0 { keys.len().max(1) } else { options.keys_per_statement };
    let mut statements: Vec<_> = keys.chunks(most).filter_map(|keys| alter_table(&table, keys)).collect();
    statements.extend(fulltext_keys.filter_map(|key| alter_table(&table, &[key])));
    Ok(SplitTable { create, keys: statements, constraints: alter_table(&table, &constraints) })
}

/// How many keys or foreign keys a statement of [`split`] adds.
#[must_use]
pub fn added(alter_table: &[u8]) -> usize {
    let mut depth = 0_usize;
    let is_add = |token: Token<'_>| {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_word("ADD")
    };
    Tokens::new(alter_table, SqlDialect::default()).map(is_add).filter(|is_add| *is_add).count()
}

fn alter_table(table: &CreateTable<'_>, elements: &[&[u8]]) -> Option<Vec<u8>> {
    if elements.is_empty() {
        return None;
    }
    let mut statement = Vec::new();
    if table.system_versioned {
        // Without it, MariaDB refuses to alter a table that has a history.
        statement.extend_from_slice(b"SET STATEMENT system_versioning_alter_history=KEEP FOR ");
    }
    statement.extend_from_slice(b"ALTER TABLE ");
    statement.extend_from_slice(table.name_text);
    for (index, element) in elements.iter().enumerate() {
        statement.extend_from_slice(if index == 0 { b" ADD " } else { b", ADD " });
        statement.extend_from_slice(element);
    }
    Some(statement)
}

/// The fate of every element, in their order.
fn fates(table: &CreateTable<'_>, options: &SplitOptions) -> Vec<Fate> {
    let engine = table.engine.as_deref().unwrap_or_default();
    let listed = options.engines.iter().any(|name| engine.eq_ignore_ascii_case(name.as_bytes()));
    let drop_keys = options.drop_keys && (listed || engine.eq_ignore_ascii_case(b"InnoDB"));
    let split_keys = options.split_keys && listed && !has_hash_key(table);
    let foreign_key = match options {
        SplitOptions { drop_constraints: true, .. } => Fate::Dropped,
        SplitOptions { split_constraints: true, .. } => Fate::Later,
        _ => Fate::Stays,
    };
    let needed = if drop_keys || split_keys {
        // Without its keys, a foreign key cannot be added later either.
        let of_foreign_keys = foreign_key == Fate::Stays || (drop_keys && foreign_key == Fate::Later);
        needed_keys(table, of_foreign_keys, &options.referenced)
    } else {
        BTreeSet::new()
    };
    let mut fates: Vec<_> = table
        .elements
        .iter()
        .enumerate()
        .map(|(index, element)| match &element.kind {
            ElementKind::ForeignKey(_) => foreign_key,
            ElementKind::Check if options.drop_checks => Fate::Dropped,
            kind if group(kind).is_none() || needed.contains(&index) => Fate::Stays,
            _ if drop_keys => Fate::Dropped,
            kind if split_keys && !is_costly_to_add(kind) => Fate::Later,
            _ => Fate::Stays,
        })
        .collect();
    // What precedes a key that stays in its group stays.
    let mut groups_that_stay = Vec::new();
    for (element, fate) in table.elements.iter().zip(&mut fates).rev() {
        match (group(&element.kind), *fate) {
            (Some(group), Fate::Stays) => groups_that_stay.push(group),
            (Some(group), Fate::Later) if groups_that_stay.contains(&group) => *fate = Fate::Stays,
            _ => {}
        }
    }
    fates
}

/// Groups of secondary keys in the order of SHOW CREATE TABLE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Unique,
    Plain,
    Fulltext,
    Vector,
}

fn group(kind: &ElementKind) -> Option<Group> {
    match kind {
        ElementKind::UniqueKey(_) => Some(Group::Unique),
        ElementKind::Key(_) | ElementKind::SpatialKey(_) => Some(Group::Plain),
        ElementKind::FulltextKey(_) => Some(Group::Fulltext),
        ElementKind::VectorKey(_) => Some(Group::Vector),
        _ => None,
    }
}

/// Whether MariaDB would have to copy the table to add the key.
fn is_costly_to_add(kind: &ElementKind) -> bool {
    match kind {
        ElementKind::UniqueKey(key) => key.without_overlaps,
        ElementKind::VectorKey(_) => true,
        _ => false,
    }
}

/// Whether a unique key is `USING HASH`. MariaDB adds such a key only by copying the table, and forgets the words,
/// where it can do without, at the next ALTER TABLE that adds another key.
fn has_hash_key(table: &CreateTable<'_>) -> bool {
    table.elements.iter().any(|element| match &element.kind {
        ElementKind::UniqueKey(key) => key.hash,
        _ => false,
    })
}

/// The places of the secondary keys without which the table cannot be created, or would be another one.
fn needed_keys(table: &CreateTable<'_>, of_foreign_keys: bool, referenced: &[Vec<u8>]) -> BTreeSet<usize> {
    let columns: Vec<&Column> = table
        .elements
        .iter()
        .filter_map(|element| match &element.kind {
            ElementKind::Column(column) => Some(column),
            _ => None,
        })
        .collect();
    let mut primary = Vec::new();
    let mut unique = Vec::new();
    let mut keys: Vec<(usize, &Key)> = Vec::new();
    let mut foreign_keys: Vec<&ForeignKey> = Vec::new();
    for (index, element) in table.elements.iter().enumerate() {
        match &element.kind {
            ElementKind::PrimaryKey(key) => primary.push(key),
            ElementKind::UniqueKey(key) => {
                unique.push(index);
                keys.push((index, key));
            }
            ElementKind::Key(key) => keys.push((index, key)),
            ElementKind::ForeignKey(key) if of_foreign_keys => foreign_keys.push(key),
            _ => {}
        }
    }
    let mut needed = BTreeSet::new();
    if primary.is_empty() && !columns.iter().any(|column| column.primary) {
        needed.extend(unique);
    }
    // A foreign key needs one on its own columns (the server would make another) and one on those it refers to.
    let mut referring: BTreeSet<Vec<u8>> = referenced.iter().map(|column| column.to_ascii_lowercase()).collect();
    referring.extend(columns.iter().filter(|column| column.references).map(|column| column.name.to_ascii_lowercase()));
    for foreign_key in foreign_keys {
        referring.extend(foreign_key.columns.iter().map(|column| column.to_ascii_lowercase()));
        if foreign_key.referenced_table.eq_ignore_ascii_case(&table.name) {
            referring.extend(foreign_key.referenced_columns.iter().map(|column| column.to_ascii_lowercase()));
        }
    }
    let is_referring =
        |key: &Key| key.first_column().is_some_and(|first| referring.contains(&first.to_ascii_lowercase()));
    let starts_with =
        |key: &Key, column: &[u8]| key.first_column().is_some_and(|first| first.eq_ignore_ascii_case(column));
    let contains =
        |key: &Key, column: &[u8]| key.columns.iter().flatten().any(|name| name.eq_ignore_ascii_case(column));
    needed.extend(keys.iter().filter(|(_, key)| is_referring(key)).map(|(index, _)| *index));
    if let Some(column) = columns.iter().find(|column| column.auto_increment)
        && !(column.primary || column.unique)
    {
        let has = |test: &dyn Fn(&Key, &[u8]) -> bool| {
            let mut staying = keys.iter().filter(|(index, _)| needed.contains(index)).map(|(_, key)| *key);
            primary.iter().any(|key| test(key, &column.name)) || staying.any(|key| test(key, &column.name))
        };
        let find = |test: &dyn Fn(&Key, &[u8]) -> bool| keys.iter().find(|(_, key)| test(key, &column.name));
        if !has(&starts_with) {
            // MyISAM and Aria are content with a key that has the column anywhere.
            let key = find(&starts_with).or_else(|| find(&contains).filter(|_| !has(&contains)));
            needed.extend(key.map(|(index, _)| *index));
        }
    }
    needed
}
