//! Values that the server changed, where `--allow-truncation` lets it: told at the end, once for each table.

use std::collections::BTreeMap;
use std::sync::Mutex;

use common::observe::wording::count;
use common::process::sync::lock;

/// Of all tables.
#[derive(Debug, Default)]
pub struct ChangedValues(Mutex<BTreeMap<String, OfTable>>);

#[derive(Debug, Default)]
struct OfTable {
    /// In committed transactions.
    values: u64,
    /// The first of them, with its file and line.
    first: String,
}

impl ChangedValues {
    /// Keeps the first of a table.
    pub fn note(&self, table: &str, first: String) {
        lock(&self.0).entry(table.to_owned()).or_insert(OfTable { values: 0, first });
    }

    /// So many were committed.
    pub fn add(&self, table: &str, values: u64) {
        if values > 0 {
            lock(&self.0).entry(table.to_owned()).or_default().values += values;
        }
    }

    /// A warning for each table.
    pub fn report(&self) {
        for (table, OfTable { values, first }) in lock(&self.0).iter().filter(|(_, table)| table.values > 0) {
            let values = count(*values, "value");
            tracing::warn!("table {table}: the server changed {values} (--allow-truncation), first: {first}");
        }
    }
}
