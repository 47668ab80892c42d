//! The servers' error numbers that the programs act on.
//!
//! Names are those of the servers' own lists, shortened where that reads better
//! (<https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>,
//! <https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference>).

#![allow(missing_docs, reason = "the names are the documentation")]

// What exists or does not.
pub const UNKNOWN_DATABASE: u16 = 1049;
pub const TABLE_EXISTS: u16 = 1050;
pub const UNKNOWN_COLUMN: u16 = 1054;
pub const DUPLICATE_KEY_NAME: u16 = 1061;
pub const UNKNOWN_TABLE: u16 = 1109;
pub const NO_SUCH_TABLE: u16 = 1146;
pub const ROUTINE_EXISTS: u16 = 1304;
pub const NO_SUCH_ROUTINE: u16 = 1305;
pub const IS_NOT_VIEW: u16 = 1347;
pub const VIEW_INVALID: u16 = 1356;
pub const TRIGGER_EXISTS: u16 = 1359;
pub const EVENT_EXISTS: u16 = 1537;
pub const UNKNOWN_PARTITION: u16 = 1735;
pub const NOT_PARTITIONED: u16 = 1747;
pub const TABLESPACE_EXISTS: u16 = 1813;
pub const DUPLICATE_FOREIGN_KEY: u16 = 1826;
pub const NO_SUCH_TABLESPACE: u16 = 3510;
pub const NOT_VERSIONED: u16 = 4124;

// What the server does not know or take.
pub const CANNOT_CREATE_TABLE: u16 = 1005;
pub const DUPLICATE_ENTRY: u16 = 1062;
pub const SYNTAX: u16 = 1064;
pub const UNKNOWN_CHARACTER_SET: u16 = 1115;
pub const COMMAND_NOT_ALLOWED: u16 = 1148;
pub const UNKNOWN_VARIABLE: u16 = 1193;
pub const IS_GLOBAL_VARIABLE: u16 = 1229;
pub const WRONG_VALUE_FOR_VARIABLE: u16 = 1231;
pub const WRONG_VARIABLE_SCOPE: u16 = 1238;
pub const UNKNOWN_COLLATION: u16 = 1273;
pub const UNKNOWN_ENGINE: u16 = 1286;
pub const OPTION_FORBIDS: u16 = 1290;
pub const OUT_OF_RANGE: u16 = 1690;
pub const READ_ONLY_MODE: u16 = 1836;
pub const INNODB_READ_ONLY: u16 = 1874;
pub const DISABLED_ENGINE: u16 = 3161;
pub const LOCAL_INFILE_DISABLED: u16 = 3948;
pub const LOCAL_INFILE_DISABLED_MARIADB: u16 = 4166;

// Accounts and privileges.
pub const DATABASE_ACCESS_DENIED: u16 = 1044;
pub const ACCESS_DENIED: u16 = 1045;
pub const NO_MATCHING_USER: u16 = 1133;
pub const NO_SUCH_GRANT: u16 = 1141;
pub const TABLE_ACCESS_DENIED: u16 = 1142;
pub const COLUMN_ACCESS_DENIED: u16 = 1143;
pub const PRIVILEGE_NEEDED: u16 = 1227;
pub const ROUTINE_ACCESS_DENIED: u16 = 1370;
pub const ACCOUNT_OPERATION_FAILED: u16 = 1396;
pub const NO_SUCH_USER: u16 = 1449;
pub const ACCESS_DENIED_NO_PASSWORD: u16 = 1698;

// Other sessions, at the same time.
pub const NO_SUCH_THREAD: u16 = 1094;
pub const LOCK_WAIT_TIMEOUT: u16 = 1205;
pub const DEADLOCK: u16 = 1213;
pub const QUERY_INTERRUPTED: u16 = 1317;
pub const TABLE_DEFINITION_CHANGED: u16 = 1412;

// Room and limits.
pub const DISK_FULL: u16 = 1021;
pub const TOO_MANY_CONNECTIONS: u16 = 1040;
pub const TABLE_FULL: u16 = 1114;
pub const PACKET_TOO_LARGE: u16 = 1153;
pub const TOO_MANY_USER_CONNECTIONS: u16 = 1203;
pub const USER_LIMIT_REACHED: u16 = 1226;
pub const TEMPORARY_FILE_WRITE_FAILURE: u16 = 1878;
pub const DISK_FULL_CREATING_TABLE: u16 = 3675;

// The end of a session.
pub const SERVER_SHUTDOWN: u16 = 1053;
pub const NORMAL_SHUTDOWN: u16 = 1077;
pub const ABORTING_CONNECTION: u16 = 1152;
pub const NET_READ_ERROR: u16 = 1158;
pub const NET_READ_INTERRUPTED: u16 = 1159;
pub const NET_WRITE_ERROR: u16 = 1160;
pub const NET_WRITE_INTERRUPTED: u16 = 1161;
pub const CONNECTION_KILLED: u16 = 1927;
pub const SERVER_GONE: u16 = 2006;
pub const OFFLINE_MODE: u16 = 3032;
pub const SESSION_KILLED: u16 = 3169;
pub const IDLE_TIMEOUT: u16 = 4031;

// Values and rows: what does not fit.
pub const CANNOT_LOCK: u16 = 1015;
pub const GENERAL_ENGINE_ERROR: u16 = 1030;
pub const KEY_NOT_FOUND: u16 = 1032;
pub const NO_DATABASE: u16 = 1046;
pub const COLUMN_NOT_NULL: u16 = 1048;
pub const WRONG_VALUE_COUNT: u16 = 1136;
pub const NO_REFERENCED_ROW_UNNAMED: u16 = 1216;
pub const TOO_FEW_VALUES: u16 = 1261;
pub const TOO_MANY_VALUES: u16 = 1262;
pub const VALUE_OUT_OF_RANGE: u16 = 1264;
pub const VALUE_TRUNCATED: u16 = 1265;
pub const DEPRECATED_SYNTAX: u16 = 1287;
pub const TRUNCATED_VALUE: u16 = 1292;
pub const INVALID_CHARACTER_STRING: u16 = 1300;
pub const NO_DEFAULT: u16 = 1364;
pub const DIVISION_BY_ZERO: u16 = 1365;
pub const INCORRECT_VALUE: u16 = 1366;
pub const CHECK_OPTION_FAILED: u16 = 1369;
pub const DATA_TOO_LONG: u16 = 1406;
pub const VALUE_FOR_FUNCTION: u16 = 1411;
pub const NO_GEOMETRY: u16 = 1416;
pub const NO_REFERENCED_ROW: u16 = 1452;
pub const NO_PARTITION_FOR_VALUE: u16 = 1526;
pub const DUPLICATE_ENTRY_NAMED: u16 = 1586;
pub const UNSAFE_FOR_BINLOG: u16 = 1592;
pub const DEPRECATED_WITHOUT_REPLACEMENT: u16 = 1681;
pub const TABLESPACE_MISSING: u16 = 1812;
pub const TABLESPACE_DISCARDED: u16 = 1814;
pub const GENERATED_VALUE_IGNORED: u16 = 1906;
pub const GENERATED_VALUE: u16 = 3105;
pub const INVALID_JSON: u16 = 3140;
pub const DEPRECATED_UTF8_ALIAS: u16 = 3719;
pub const DEPRECATED_UTF8MB3_COLLATION: u16 = 3778;
pub const INDEX_VALUE_TRUNCATED: u16 = 3751;
pub const INDEX_VALUE_OUT_OF_RANGE: u16 = 3752;
pub const CHECK_FAILED: u16 = 3819;
pub const CHECK_FAILED_MARIADB: u16 = 4025;
