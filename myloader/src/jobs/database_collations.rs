//! Collations of databases while routines, triggers and events are made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};

/// What all workers know of them.
#[derive(Debug, Default)]
pub struct DatabaseCollations {
    /// Held for writing while a database has another collation than its own, for reading while programs are made.
    pub making: RwLock<()>,
    /// Those of CREATE DATABASE in the dump, by the names there.
    pub declared: Mutex<BTreeMap<String, String>>,
    /// Their own, of those databases that have another one for the moment, by the names on the server.
    pub changed: Arc<Mutex<BTreeMap<String, String>>>,
}

/// The database in which a job makes programs.
#[derive(Debug)]
pub struct Programs {
    /// Its name on the server.
    pub database: String,
    /// The collation under which all programs were made that name none.
    pub usual: String,
    /// That of the next program, if it has one of its own.
    pub wanted: Option<String>,
    /// What the database has now.
    pub now: String,
}
