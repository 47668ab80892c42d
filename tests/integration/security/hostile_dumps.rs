//! Dumps that somebody else has made, names that are no words, and who may read what the programs write.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::dump::only_line;
use crate::support::load::{dumped, dumped_with, failing, forget_checksums, load, myloader, streamed, tables};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use harness::{quote_name, sql::text};

const SECRET: &str = "a secret of this machine";

fn edit(dir: &WorkDir, name: &str, change: impl FnOnce(String) -> String) {
    dir.write(name, change(dir.read_text(name)));
}

/// A copy of a dump, with the empty database on the target.
fn copy_of(product: Product, dump: &WorkDir, database: &str) -> WorkDir {
    let copy = WorkDir::new();
    dump.list().iter().for_each(|name| copy.write(name, dump.read(name)));
    // Somebody else's dump: whoever changes its files leaves no checksums of what they were.
    forget_checksums(&copy);
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    copy
}

/// A database with an object of each kind that a dump has a file for.
fn everything(product: Product, database: &str, options: &[&str]) -> WorkDir {
    let statements = [
        "CREATE TABLE t (c VARCHAR(200)) ENGINE=InnoDB",
        "INSERT INTO t VALUES ('a row')",
        "CREATE VIEW v AS SELECT c FROM t",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.c = UPPER(NEW.c)",
        "CREATE PROCEDURE p() SELECT 1",
        "ANALYZE TABLE t",
    ];
    dumped_with(product, database, &statements, options)
}

#[test]
fn a_dump_gets_no_file_of_this_machine() {
    let machine = WorkDir::new();
    machine.write("secret", SECRET);
    let path = machine.path().join("secret");
    let load_data = format!("LOAD DATA LOCAL INFILE '{}' INTO TABLE `t` (`c`)", path.display());
    for product in Product::ALL {
        let database = "security_files";
        let dump = everything(product, database, &[]);
        for file in
            [".t.00000.sql", ".t-schema.sql", ".v-schema-view.sql", ".t-schema-triggers.sql", "-schema-post.sql"]
        {
            let file = format!("{database}{file}");
            for statement in [load_data.clone(), format!("/*!50000 {load_data} */"), format!("-- x\n{load_data}")] {
                let copy = copy_of(product, &dump, database);
                edit(&copy, &file, |text| format!("{text}{statement};\n"));
                let line = failing(5, product, &copy, &[]);
                let expected = if file.ends_with(".t.00000.sql") {
                    format!(
                        "LOAD DATA reads \"{}\", which is not the file beside it, {database}.t.00000.dat",
                        path.display()
                    )
                } else {
                    "this statement does not belong in such a file and was not run: ".to_owned()
                };
                assert!(line.starts_with(&format!("[ERROR] {file}, line ")) && line.contains(&expected), "{line}");
                if target(product).client().try_run(format!("USE {database}")).is_ok()
                    && tables(product, database).contains(&"t".to_owned())
                {
                    let found = format!("SELECT COUNT(*) FROM {database}.t WHERE c LIKE '%secret%'");
                    assert_eq!(target(product).client().scalar(found), "0");
                }
            }
        }
        // The file beside it is one of the dump, and no link to another.
        let dump = everything(product, "security_links", &["--format=LOAD_DATA"]);
        let copy = copy_of(product, &dump, "security_links");
        let data = copy.path().join("security_links.t.00000.dat");
        fs::remove_file(&data).unwrap();
        symlink(&path, &data).unwrap();
        let line = failing(5, product, &copy, &[]);
        let reason = "it is a symbolic link, and a dump has none: copy the file there";
        assert!(line.contains(&format!("cannot read {}: {reason}", data.display())), "{line}");
    }
}

#[test]
fn a_dump_does_what_its_files_say_and_no_more() {
    for product in Product::ALL {
        let database = "security_statements";
        let mut client = target(product).client();
        client.run("DROP DATABASE IF EXISTS security_other");
        client.run("CREATE DATABASE security_other");
        client.run("CREATE TABLE security_other.u (c VARCHAR(200))");
        let dump = everything(product, database, &[]);
        for (file, statement) in [
            (".t.00000.sql", "DROP DATABASE security_other"),
            (".t.00000.sql", "INSERT INTO `security_other`.`u` VALUES ('x')"),
            (".t.00000.sql", "/*!50000 SET @@GLOBAL.max_connect_errors = 77 */"),
            (".t-schema.sql", "DROP TABLE security_other.u"),
            (".v-schema-view.sql", "CREATE USER security_intruder"),
            (".t-schema-triggers.sql", "DELETE FROM security_other.u"),
            ("-schema-post.sql", "SET sql_mode = '', GLOBAL max_connect_errors = 77"),
            ("-schema-post.sql", "SELECT 1"),
        ] {
            let file = format!("{database}{file}");
            let copy = copy_of(product, &dump, database);
            edit(&copy, &file, |text| format!("{text}{statement};\n"));
            let line = failing(5, product, &copy, &[]);
            let shown = statement.replace(" ('x')", "…");
            let expected = format!(
                ": this statement does not belong in such a file and was not run: {shown} (if it is intended, \
                 remove it from the file and run it with the server's own client)"
            );
            assert!(line.starts_with(&format!("[ERROR] {file}, line ")) && line.ends_with(&expected), "{line}");
        }
        assert_eq!(tables(product, "security_other"), ["u"]);
        assert_ne!(client.scalar("SELECT @@GLOBAL.max_connect_errors"), "77");
        assert_eq!(client.scalar("SELECT COUNT(*) FROM mysql.user WHERE User = 'security_intruder'"), "0");
    }
}

#[test]
fn what_is_written_is_the_owners_alone() {
    fn assert_private(path: &Path) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", path.display());
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| assert_private(&entry.unwrap().path()));
        }
    }
    let umask = ["sh", "-c", "umask 0; exec \"$@\"", "sh"];
    let product = Product::MariaDb;
    let dump = everything(product, "security_modes", &[]);
    let dir = WorkDir::new();
    let (dumped, log) = (dir.path().join("a/dump"), dir.path().join("log"));
    let program =
        Program::mydumper().server(source(product)).args(["-B", "security_modes", "-R", "--compress=ZSTD", "-o"]);
    program.arg(&dumped).arg("-L").arg(&log).under(&umask).ok();
    assert_private(&dir.path().join("a"));
    assert_private(&log);
    // A file of an earlier dump that others could read is not written into, and a link is not followed.
    let (schema, elsewhere) = (dumped.join("security_modes-schema-create.sql.zst"), dir.path().join("elsewhere"));
    fs::set_permissions(dumped.join("metadata"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(&schema).unwrap();
    fs::write(&elsewhere, "mine").unwrap();
    symlink(&elsewhere, &schema).unwrap();
    let program = Program::mydumper().server(source(product)).args([
        "-B",
        "security_modes",
        "-R",
        "--compress=ZSTD",
        "--dirty",
        "-o",
    ]);
    program.arg(&dumped).under(&umask).ok();
    assert_private(&dumped);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "mine");
    for (name, mode) in [("unpacked", "--stream=UNPACK"), ("kept", "--stream=NO_DELETE")] {
        let place = dir.path().join(name);
        let loader = Program::myloader().server(target(product)).args([mode, "-o", "-d"]).arg(&place);
        loader.stdin(streamed(product, "security_modes")).under(&umask).ok();
        assert_private(&place);
    }
    drop(dump);
}

#[test]
fn names_and_texts_are_no_commands_to_a_terminal() {
    // What turns the title of a terminal, its colours, its lines.
    let name = "t\u{1b}]0;owned\u{7}\u{1b}[31m\n[ERROR] 'x' `y` \u{202e}";
    let shown = "t\\u{1b}]0;owned\\u{7}\\u{1b}[31m\\n[ERROR] ";
    for product in Product::ALL {
        let database = "security_terminal";
        let create = format!("CREATE TABLE {} (c INT PRIMARY KEY)", quote_name(name));
        let insert = format!("INSERT INTO {} VALUES (1)", quote_name(name));
        let dump = dumped(product, database, &[&create, &insert]);
        load(product, &dump, &["-v", "3"]);
        let stderr = myloader(target(product), &dump).args(["-v", "3"]).fails_with(4);
        assert!(!stderr.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{stderr:?}");
        assert!(stderr.contains(shown), "{stderr}");
        assert!(stderr.lines().all(|line| !line.starts_with("[ERROR] 'x'")), "{stderr}");
        let missing = Program::mydumper().server(source(product)).args(["-B", name, "-o", "none"]);
        let line = only_line(&missing.current_dir(dump.path()).fails_with(1));
        assert!(line.contains(shown), "{line}");
        assert_eq!(
            text(&target(product).client().query(format!("SELECT c FROM {database}.{}", quote_name(name)))[0][0]),
            "1"
        );
    }
}
