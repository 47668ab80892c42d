//! The parts of a restore, in their order.

/// The current part of the restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Definitions arrive and are checked.
    Definitions,
    /// What is on the server and stays, or is replaced, is compared with the dump.
    Target,
    /// Databases are created.
    Databases,
    /// What exists and is created again is dropped: all of it before anything is created, since a foreign key of an old table
    /// may not fit a new one.
    Drops,
    /// Sequences are created: defaults of columns may need them.
    Sequences,
    /// Tables are created.
    Tables,
    /// Existing tables are emptied, if asked for.
    Emptying,
    /// Rows are loaded and, table by table, keys added.
    Rows,
    /// Keys that wait for the rows of all tables.
    Keys,
    Constraints,
    /// Tables are compared with the dump, before anything is created that could change them.
    Verification,
    /// Accounts are created: they are the definers of what comes next.
    Accounts,
    Routines,
    Views,
    Triggers,
    Events,
    /// Accounts get their privileges on what was created since.
    Privileges,
    /// The checksums of everything are compared with the metadata.
    Checksums,
    Finished,
}
