//! User variables by which files tell what SQL has no statement for: what a restore computes anew, and under which
//! collation a program was made.

/// The user variable that a table's files set to the names of the columns and CHECKs that no settings of a session bring
/// back: `SET @mydumper_inexact = 'column day'`.
pub const INEXACT: &str = "mydumper_inexact";

/// The user variable that is set, before a routine, trigger or event, to the collation that its database had when it was
/// made, where the database has another one now; and to NULL after it.
pub const DATABASE_COLLATION: &str = "mydumper_database_collation";
