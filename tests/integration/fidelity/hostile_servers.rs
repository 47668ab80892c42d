//! Servers whose global settings would change what a session reads, writes or creates.

use crate::support::dump::{make, mydumper};
use crate::support::load::myloader;
use harness::compare::differences;
use harness::program::WorkDir;
use harness::server::{Product, Server};

const DATABASE: &str = "hostile `db é";

/// Statements of a database with something for each setting to spoil.
fn statements(product: Product) -> Vec<&'static str> {
    let mut statements = vec![
        "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks = 0",
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, c CHAR(9), v VARCHAR(30) CHARACTER SET utf8mb4 DEFAULT 'it''s \\\\ \"x\" || é😀', b VARBINARY(30), \
         d DATE DEFAULT '0000-00-00', ts TIMESTAMP NULL DEFAULT '2024-03-31 02:30:00', l TEXT CHARACTER SET latin1, \
         e ENUM('a\\\\', 'b''', '\"') DEFAULT '\"', f FLOAT, j JSON, g VARCHAR(90) CHARACTER SET utf8mb4 AS (CONCAT(v, '\\\\', '''', '\"')) STORED, \
         CHECK (v <> '\\\\\"''')) COMMENT 'it''s \\\\ \"x\"'",
        "INSERT INTO t (id, c, v, b, d, ts, l, f, j) VALUES \
         (0, 'a', '\\\\''\"', x'005c27220a0d1aff', '0000-00-00', 0, _latin1 x'e95c27', 16777217, '{\"é\": \"\\\\\\\\\\\\\"\"}'), \
         (1, '', '', '', '2024-02-31', '2024-03-31 02:30:00', '', -1e-60, '[]'), \
         (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (6, 'é ', '||', '\\\\N', '2024-00-00', NULL, NULL, 0.1, 'null'), (7, NULL, NULL, NULL, NULL, NULL, NULL, -5.868257387588475e-15, NULL)",
        "CREATE TABLE keyless (a INT, b VARCHAR(9))",
        "INSERT INTO keyless VALUES (1, 'a'), (1, 'a'), (2, 'b  ')",
        "CREATE TABLE moments (t TIMESTAMP NOT NULL, u TIMESTAMP NULL, v TIMESTAMP NOT NULL DEFAULT '2001-01-01 00:00:00')",
        "INSERT INTO moments VALUES ('2020-01-01 00:00:00', NULL, '2020-06-01 00:00:00')",
        "SET innodb_strict_mode = 0",
        "CREATE TABLE lax (id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=4",
        "CREATE TABLE computed (id INT PRIMARY KEY, a INT, d DATE, q DECIMAL(20, 10) AS (a / 7) STORED, w INT AS (WEEK(d, 3)) STORED)",
        "INSERT INTO computed (id, a, d) VALUES (1, 1, '2024-01-07'), (2, 22, '2024-12-31')",
        "CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY)",
        "INSERT INTO counted VALUES (7), (38)",
        "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES t (id))",
        "INSERT INTO child VALUES (1, 99)",
        "CREATE TABLE chunked (id INT PRIMARY KEY)",
        "INSERT INTO chunked WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900) SELECT n FROM r",
    ];
    statements.extend(match product {
        Product::MariaDb => [
            "CREATE TABLE history (id INT PRIMARY KEY, c INT) WITH SYSTEM VERSIONING",
            "INSERT INTO history VALUES (1, 1)",
            "UPDATE history SET c = 2",
        ],
        Product::MySql => [
            "SET sql_generate_invisible_primary_key = 1",
            "CREATE TABLE `generated` (c INT)",
            "INSERT INTO `generated` (my_row_id, c) VALUES (9, 1), (4, 1)",
        ],
    });
    statements
}

/// Set when everything is made, since clients of the test would suffer from them too.
fn spoil(server: &Server) {
    let mut settings = vec![
        "sql_select_limit = 1",
        "sql_big_selects = 0",
        "max_join_size = 1",
        "autocommit = 0",
        "completion_type = 2",
        "foreign_key_checks = 1",
        "sql_quote_show_create = 0",
        "sql_auto_is_null = 1",
        "sql_safe_updates = 1",
        "sql_buffer_result = 1",
        "sql_notes = 0",
        "max_error_count = 0",
        "lc_messages = 'de_DE'",
        "lc_time_names = 'ja_JP'",
        "div_precision_increment = 0",
        "default_week_format = 3",
        "block_encryption_mode = 'aes-256-cbc'",
        "group_concat_max_len = 4",
        "character_set_filesystem = 'utf16'",
        "unique_checks = 0",
        "auto_increment_increment = 10",
        "auto_increment_offset = 5",
        "explicit_defaults_for_timestamp = 0",
        "innodb_strict_mode = 1",
        "tx_read_only = 1",
        "tx_isolation = 'READ-UNCOMMITTED'",
        "lock_wait_timeout = 1",
        "net_read_timeout = 1",
        "net_write_timeout = 1",
    ];
    match server.product() {
        Product::MariaDb => {
            // MariaDB has it since 11.2.
            settings.retain(|setting| !setting.starts_with("block_encryption_mode"));
            settings.extend([
                "system_versioning_asof = '2001-01-01 00:00:00'",
                "max_recursive_iterations = 1",
                "old_mode = ''",
                "old = 1",
                "alter_algorithm = 'INSTANT'",
                "innodb_compression_default = 1",
                "enforce_storage_engine = 'Aria'",
                "default_regex_flags = 'DOTALL,EXTENDED'",
                "standard_compliant_cte = 0",
                "check_constraint_checks = 1",
                "sql_if_exists = 1",
            ]);
        }
        Product::MySql => {
            settings.retain(|setting| !setting.starts_with("tx_"));
            settings.extend([
                "transaction_read_only = 1",
                "transaction_isolation = 'READ-UNCOMMITTED'",
                "restrict_fk_on_non_standard_key = 1",
                "show_create_table_verbosity = 1",
                "terminology_use_previous = 'BEFORE_8_0_26'",
                "print_identified_with_as_hex = 0",
                "sql_require_primary_key = 1",
                "sql_generate_invisible_primary_key = 1",
                "show_gipk_in_create_table_and_information_schema = 0",
                "cte_max_recursion_depth = 1",
                "information_schema_stats_expiry = 86400",
                "default_collation_for_utf8mb4 = utf8mb4_general_ci",
            ]);
        }
    }
    let mut client = server.client();
    settings.iter().for_each(|setting| client.run(format!("SET GLOBAL {setting}")));
}

#[test]
fn global_settings_change_nothing() {
    for product in Product::ALL {
        let strict = "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,";
        let modes = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,IGNORE_SPACE,HIGH_NOT_PRECEDENCE,\
                     NO_UNSIGNED_SUBTRACTION,REAL_AS_FLOAT,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION";
        let mode = format!("--sql-mode={strict}{modes}");
        let from = Server::start(
            product,
            &[&mode, "--default-time-zone=-05:30", "--character-set-server=gbk", "--collation-server=gbk_bin"],
        );
        let to = Server::start(
            product,
            &[&mode, "--default-time-zone=+09:45", "--character-set-server=sjis", "--collation-server=sjis_bin"],
        );
        make(&from, DATABASE, &statements(product));
        spoil(&from);
        spoil(&to);
        for (database, options) in [
            ("hostile_copy", &[][..]),
            ("hostile_hex", &["--hex-blob", "--complete-insert", "--rows=100", "--order-by-primary"]),
            ("hostile_local", &["--skip-tz-utc", "--compress", "--statement-size=1000", "--insert-ignore"]),
        ] {
            if options.contains(&"--skip-tz-utc") {
                // Without UTC in the file, both servers have to be in the same zone.
                to.client().run("SET GLOBAL time_zone = '-05:30'");
            }
            let dir = WorkDir::new();
            mydumper(&from, &dir).args(["-B", DATABASE]).args(options).ok();
            let output = myloader(&to, &dir).args(["--database", database]).ok();
            // Only of what the source's server has warned of, too, when the table was made.
            let warnings = output.stderr.lines().filter(|line| line.contains("WARN") && !line.contains("table lax: "));
            assert_eq!(warnings.collect::<Vec<_>>(), [""; 0], "{product:?}");
            assert_eq!(differences(&from, DATABASE, &to, database), [""; 0], "{product:?} {options:?}");
        }
    }
}
