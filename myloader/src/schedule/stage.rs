//! The parts of a restore, in their order.

/// The part of the restore that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Definitions come, and are looked at.
    Definitions,
    /// Databases are made.
    Databases,
    /// What exists and comes again is dropped: all of it before anything is made, for a foreign key of an old table
    /// may not fit a new one.
    Drops,
    /// Sequences are made: defaults of columns may need them.
    Sequences,
    /// Tables are made.
    Tables,
    /// Tables that are kept are emptied, if that is wanted.
    Emptying,
    /// Rows are loaded and, table by table, keys added.
    Rows,
    /// Keys that wait for the rows of all tables.
    Keys,
    Constraints,
    /// Tables are compared with the dump: before anything is made that could change them.
    Verification,
    /// Accounts are made: they define what comes next.
    Accounts,
    Routines,
    Views,
    Triggers,
    Events,
    /// Accounts get their privileges on what was made since.
    Privileges,
    /// The checksums of all that was made are compared with metadata.
    Checksums,
    Finished,
}
