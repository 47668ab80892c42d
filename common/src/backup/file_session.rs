//! What the files of a dump set their sessions to.

/// The time zone, unless `--skip-tz-utc` leaves it to the server.
pub const UTC: &str = "+00:00";

/// The sql_mode of our files. It accepts zeros in AUTO_INCREMENT columns, and dates that do not exist: any value that was
/// stored once can be stored again, whatever the mode of the server.
pub const FILE_SQL_MODE: &str = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES";
