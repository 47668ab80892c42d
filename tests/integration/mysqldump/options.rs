//! Dumps of both products' own tools, with the options that change what is in them.

use crate::support::load::assert_same;
use crate::support::mysqldump::{drop, file, gtid, mysqldump, of_file, of_pipe, restore, whole};
use harness::compare::{differences, row_differences};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};

/// Options that leave everything in the dump.
const COMPLETE: [&[&str]; 12] = [
    &[],
    &["--single-transaction", "--skip-lock-tables"],
    &["--skip-opt", "--create-options", "--quick"],
    &["--skip-extended-insert", "--complete-insert"],
    &["--replace", "--hex-blob"],
    &["--insert-ignore", "--order-by-primary"],
    &["--compact"],
    &["--skip-comments", "--skip-add-locks", "--skip-disable-keys"],
    &["--skip-tz-utc"],
    &["--skip-quote-names", "--skip-add-drop-table"],
    &["--add-drop-database", "--add-drop-trigger", "--no-autocommit"],
    &["--skip-dump-date", "--skip-set-charset", "--net-buffer-length=4096"],
];

/// The bookshop. Both tools write six digits of a FLOAT, so it has no more.
fn shop(product: Product, database: &str) {
    harness::shop::load_with_branches(source(product), database, 1);
    source(product).client().run(format!("UPDATE {database}.books SET weight = ROUND(weight, 2)"));
}

#[test]
fn dumps_with_all_usual_options_are_restored_whole() {
    for product in Product::ALL {
        shop(product, "msd_options");
        for options in COMPLETE {
            restore(product, &whole(product, "msd_options", options), &[]);
            assert_same(product, "msd_options");
            drop(product, "msd_options");
        }
    }
}

#[test]
fn a_pipe_and_a_compressed_file_are_restored_as_a_file_is() {
    for product in Product::ALL {
        shop(product, "msd_pipe");
        let dump = whole(product, "msd_pipe", &[]);
        let dir = WorkDir::new();
        of_pipe(target(product), dump.clone(), &dir).ok();
        assert_eq!(dir.list(), [""; 0]);
        assert_same(product, "msd_pipe");
        for tool in ["gzip", "zstd"] {
            drop(product, "msd_pipe");
            let packed = harness::program::Program::new(tool).arg("-c").stdin(dump.clone()).ok().stdout;
            of_file(target(product), &file(packed)).arg("--verify=ROWS").ok();
            assert_same(product, "msd_pipe");
        }
    }
}

#[test]
fn ansi_quotes_and_latin1_bring_all_rows() {
    for product in Product::ALL {
        let mut client = crate::support::dump::make(
            source(product),
            "msd_ansi",
            &[
                "CREATE TABLE `a\"b` (id INT PRIMARY KEY, `c d` VARCHAR(20) CHARACTER SET utf8mb4, b BLOB, KEY `k\"` (`c d`))",
                "INSERT INTO `a\"b` VALUES (1, 'é\"''\\\\', x'00ff5c27e9'), (2, NULL, NULL)",
                "CREATE TABLE `tä` (id INT PRIMARY KEY, t VARCHAR(9) CHARACTER SET latin1)",
                "INSERT INTO `tä` VALUES (1, 'ä€ß')",
                "CREATE VIEW `vä` AS SELECT * FROM `tä`",
            ],
        );
        client.run("CREATE VIEW `v\"w` AS SELECT `c d` FROM `a\"b`");
        for options in
            [["--compatible=ansi", "--default-character-set=utf8mb4"], ["--default-character-set=latin1", "--quick"]]
        {
            // MySQL's tool warns of what it cannot do in this mode.
            let dump = whole(product, "msd_ansi", &[&options[..], &["--force"]].concat());
            restore(product, &dump, &[]);
            assert_eq!(
                row_differences(source(product), "msd_ansi", target(product), "msd_ansi"),
                [""; 0],
                "{product:?} {options:?}"
            );
            let views = "SELECT COUNT(*) FROM `msd_ansi`.`v\"w`";
            assert_eq!(target(product).client().scalar(views), "2");
            drop(product, "msd_ansi");
        }
    }
}

#[test]
fn one_database_goes_where_the_option_says() {
    for product in Product::ALL {
        shop(product, "msd_one");
        let all = [gtid(product), &["--routines", "--events", "msd_one"]].concat();
        let dump = mysqldump(product, &all);
        let dir = file(&dump);
        let error = of_file(target(product), &dir).fails_with(5);
        assert!(
            error.contains(": the dump does not say into which database it goes: give its name with --database"),
            "{error}"
        );
        // It is made, if it is not there, with the server's defaults: the dump does not say which it had.
        target(product).client().run("CREATE DATABASE msd_other CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
        of_file(target(product), &dir).args(["-B", "msd_other"]).ok();
        let found = harness::compare::differences(source(product), "msd_one", target(product), "msd_other");
        assert_eq!(found, [""; 0], "{product:?}");
        assert_eq!(
            target(product)
                .client()
                .scalar("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'msd_one'"),
            "0"
        );
    }
}

#[test]
fn parts_of_a_dump_are_restored_one_after_the_other() {
    for product in Product::ALL {
        shop(product, "msd_parts");
        let schema = whole(product, "msd_parts", &["--no-data", "--skip-triggers"]);
        let rows = mysqldump(
            product,
            &[gtid(product), &["--no-create-info", "--skip-triggers", "--databases", "msd_parts"]].concat(),
        );
        let triggers = mysqldump(
            product,
            &[
                gtid(product),
                &["--no-create-info", "--no-data", "--no-create-db", "--triggers", "--databases", "msd_parts"],
            ]
            .concat(),
        );
        restore(product, &schema, &[]);
        restore(product, &rows, &["--drop-table=NONE"]);
        restore(product, &triggers, &["--drop-table=NONE"]);
        assert_same(product, "msd_parts");
        // What exists stays or goes as our options say, whatever DROP the dump has.
        let error = of_file(target(product), &file(&schema)).fails_with(None);
        assert!(error.contains("already on the server"), "{error}");
        restore(product, &whole(product, "msd_parts", &[]), &["--drop-table=DROP"]);
        assert_same(product, "msd_parts");
    }
}

#[test]
fn all_databases_and_positions_of_replicas() {
    for product in Product::ALL {
        for database in ["msd_all_a", "msd_all_b"] {
            let statements = [
                "CREATE TABLE t (a INT PRIMARY KEY)",
                "INSERT INTO t VALUES (1),(2)",
                "CREATE VIEW v AS SELECT a FROM t",
            ];
            crate::support::dump::make(source(product), database, &statements);
        }
        let options: &[&str] = match product {
            Product::MySql => &["--source-data=1", "--set-gtid-purged=ON"],
            Product::MariaDb => &["--master-data=1", "--gtid"],
        };
        let dump = match source_has_log(product) {
            true => mysqldump(product, &[options, &["--databases", "msd_all_a", "msd_all_b"]].concat()),
            false => mysqldump(product, &[gtid(product), &["--databases", "msd_all_a", "msd_all_b"]].concat()),
        };
        let output = of_file(target(product), &file(&dump)).ok();
        for database in ["msd_all_a", "msd_all_b"] {
            assert_same(product, database);
            drop(product, database);
        }
        if source_has_log(product) {
            assert!(output.stderr.contains("the dump sets the position of a replica ("), "{}", output.stderr);
        }
    }
}

#[test]
fn of_a_whole_server_its_own_databases_are_left_out() {
    for product in Product::ALL {
        // Its own: the tool locks tables of the database mysql, for which others would wait.
        let server = Server::start(product, &[]);
        let statements = ["CREATE TABLE t (a INT PRIMARY KEY)", "INSERT INTO t VALUES (1),(2)"];
        crate::support::dump::make(&server, "msd_whole", &statements);
        let options = [gtid(product), &["--all-databases", "--routines", "--events", "--force"]].concat();
        let dump = Program::mysqldump(&server).args(options).ok().stdout;
        of_file(target(product), &file(&dump)).ok();
        assert_eq!(differences(&server, "msd_whole", target(product), "msd_whole"), [""; 0], "{product:?}");
    }
}

#[test]
fn the_server_s_own_databases_are_left_out() {
    for product in Product::ALL {
        crate::support::dump::make(source(product), "msd_own", &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
        let dump = mysqldump(product, &[gtid(product), &["--force", "--databases", "mysql", "msd_own"]].concat());
        let text = of_file(target(product), &file(&dump)).ok().stderr;
        assert!(text.contains("the dump has mysql, a database of the server itself: it is restored only if"), "{text}");
        assert_same(product, "msd_own");
    }
}

fn source_has_log(product: Product) -> bool {
    source(product).client().scalar("SELECT @@log_bin") == "1"
}
