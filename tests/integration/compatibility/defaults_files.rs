//! Sections of defaults files for the servers of one product, and the file that mydumper's packages install.

use crate::support::dump::{dump, make, mydumper, only_line, row_files};
use crate::support::load::{assert_same, myloader, tables};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};

const STATEMENTS: &[&str] = &[
    "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET latin1)",
    "INSERT INTO t VALUES (1, 'é'), (2, NULL)",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v",
];

/// A defaults file, and the option that names it.
fn file(content: &str) -> (WorkDir, String) {
    let dir = WorkDir::new();
    dir.write("file.cnf", content);
    let option = format!("--defaults-file={}", dir.path().join("file.cnf").display());
    (dir, option)
}

fn name(product: Product) -> &'static str {
    match product {
        Product::MariaDb => "mariadb",
        Product::MySql => "mysql",
    }
}

/// A product and the major version of the server here, as names of sections have them.
fn with_major(product: Product) -> String {
    format!("{}_{}", name(product), product.version().split('.').next().unwrap())
}

#[test]
fn the_file_that_packages_install_is_taken_whole() {
    let installed = include_str!("../../fixtures/mydumper.cnf");
    for product in Product::ALL {
        make(source(product), "installed_file", STATEMENTS);
        // As it is, and with all that it has for a version of this product.
        let applying = installed.replace("mysql_8]", &format!("{}]", with_major(Product::MySql)));
        let applying = applying.replace("mariadb_11]", &format!("{}]", with_major(Product::MariaDb)));
        assert_eq!(applying.matches(&with_major(product)).count(), 2);
        for (content, format) in [(installed, "INSERT"), (&applying, "INSERT"), (&applying, "LOAD_DATA")] {
            let (_file, option) = file(content);
            let dir = WorkDir::new();
            let args = ["-B", "installed_file", "-G", "-v", "3", "--format", format, &option];
            let output = mydumper(source(product), &dir).args(args).ok();
            let said =
                "--set-names and --default-character-set change nothing: definitions are in utf8mb4, rows as they";
            assert_eq!(output.stderr.contains(said), content != installed, "{product:?}: {}", output.stderr);
            myloader(target(product), &dir).args(["--verify", "-o", &option]).ok();
            assert_same(product, "installed_file");
        }
    }
}

#[test]
fn options_for_the_product_apply_below_the_command_line() {
    for product in Product::ALL {
        make(source(product), "product_options", STATEMENTS);
        let (own, major) = (name(product), with_major(product));
        let (_file, option) = file(&format!(
            "[mydumper_{major}]\ntriggers = 0\ncomplete-insert = 1\n[mydumper_{own}]\ntriggers = 1\nchunk-filesize = 9\n\
             [mydumper]\nno-data\n[mydumper_{own}_1]\nno-schemas\n[mydumper_tidb]\nno-schemas\n[myloader_{own}]\nno-data = 1\n\
             [mydumper_{own}_{0}]\nno-data = 0\n",
            product.version().split(['.', '-']).take(2).collect::<Vec<_>>().join("_")
        ));
        let dir = dump(source(product), &["-B", "product_options", &option]);
        let files = dir.list();
        assert!(!files.contains(&"product_options.t-schema-triggers.sql".to_owned()), "{product:?} {files:?}");
        assert_eq!(row_files(&dir, "product_options", "t"), ["product_options.t.00000.sql"], "{product:?}");
        let rows = dir.read("product_options.t.00000.sql");
        assert!(String::from_utf8_lossy(&rows).contains("INSERT INTO `t` (`id`,`v`) VALUES"));
        let dir = dump(source(product), &["-B", "product_options", "-G", "--no-data", &option]);
        assert!(dir.list().contains(&"product_options.t-schema-triggers.sql".to_owned()), "{product:?}");
        assert_eq!(row_files(&dir, "product_options", "t"), [""; 0], "{product:?}");

        // Of myloader too.
        let dir = dump(source(product), &["-B", "product_options"]);
        myloader(target(product), &dir).arg(&option).ok();
        assert_eq!(tables(product, "product_options"), ["t"]);
        let mut client = target(product).client();
        assert_eq!(client.scalar("SELECT COUNT(*) FROM product_options.t"), "0", "{product:?}");
        let unpacked = WorkDir::new();
        let stream = Program::mydumper().server(source(product)).args(["-B", "product_options", "--stream"]);
        let stream = stream.current_dir(unpacked.path()).ok().stdout;
        // No server takes part.
        let unpack = Program::myloader().args(["--stream=UNPACK", "--host=127.0.0.1", "--port=1", &option, "-d"]);
        unpack.arg(unpacked.path()).stdin(stream).ok();
        assert!(unpacked.list().contains(&"metadata".to_owned()));
    }
}

#[test]
fn variables_for_the_product_and_for_versions_are_set() {
    for product in Product::ALL {
        make(source(product), "product_variables", STATEMENTS);
        let dir = dump(source(product), &["-B", "product_variables"]);
        let other = if product == Product::MySql { "mariadb" } else { "mysql" };
        let own = name(product);
        for kind in ["session", "global"] {
            for program in ["mydumper", "myloader"] {
                let run = |content: &str| {
                    let (file, option) = file(content);
                    let work = WorkDir::new();
                    let program = match program {
                        "mydumper" => mydumper(source(product), &work).args(["-B", "product_variables"]),
                        _ => myloader(target(product), &dir).arg("-o"),
                    };
                    (program.arg(option), file, work)
                };
                let section = format!("{program}_{kind}_variables");
                let (accepted, ..) = &run(&format!(
                    "[{section}_{other}]\nno_such_variable = 1\n[{section}]\nno_such_variable = 1 /*!99999\n\
                     sql_mode = 'no mode' /*!40101\n[{section}_{}]\nSQL_MODE = '' /*!40101\n",
                    with_major(product)
                ));
                accepted.clone().ok();
                for content in [
                    format!("[{section}_{own}]\nno_such_variable = 1\n"),
                    format!("[{section}]\nno_such_variable = 1 /*!40101\n"),
                ] {
                    let (refused, ..) = &run(&content);
                    let stderr = refused.clone().fails_with(None);
                    assert!(stderr.contains("1193") && stderr.contains("no_such_variable"), "{content} {stderr}");
                }
            }
        }
    }
}

#[test]
fn a_global_variable_is_set_back_whatever_section_has_it() {
    for product in Product::ALL {
        let server = Server::start(product, &["--max-connect-errors=4321"]);
        make(&server, "product_global", STATEMENTS);
        let (_file, option) = file(&format!(
            "[mydumper_global_variables_{}]\nmax_connect_errors = 8765 /*!40101\n[mydumper_global_variables]\n\
             max_connect_errors = 1\n",
            with_major(product)
        ));
        // It has rows only while the variable has that value.
        let dir = dump(&server, &["-B", "product_global", "--where", "@@GLOBAL.max_connect_errors = 8765", &option]);
        assert_eq!(row_files(&dir, "product_global", "t").len(), 1, "{product:?}");
        assert_eq!(server.client().scalar("SELECT @@GLOBAL.max_connect_errors"), "4321", "{product:?}");
    }
}

#[test]
fn what_is_wrong_with_a_section_is_said_before_anything_is_done() {
    let server = source(Product::MariaDb);
    let line = |content: &str| {
        let (_file, option) = file(content);
        let dir = WorkDir::new();
        let stderr = mydumper(server, &dir).args(["-B", "mysql", &option]).fails_with(2);
        assert_eq!(dir.list(), [""; 0]);
        stderr.trim_end().rsplit_once("file.cnf, ").unwrap().1.to_owned()
    };
    assert_eq!(
        line("[mydumper_mysql]\nporto=1"),
        "line 2: unknown option 'porto' in section [mydumper_mysql]: did you mean port?"
    );
    assert!(line("[mydumper_mysql]\nport=1").starts_with("line 2: port in [mydumper_mysql] comes too late, "));
    assert_eq!(
        line("[mydumper_sessionvariables]\n"),
        "line 1: unknown section [mydumper_sessionvariables]: did you mean [mydumper_session_variables]?"
    );
    make(server, "product_unknown", STATEMENTS);
    let (_file, option) = file("[mydumper_mariabd_10]\nno-data\n");
    let dir = WorkDir::new();
    let output = mydumper(server, &dir).args(["-B", "product_unknown", &option]).ok();
    let warning = only_line(output.stderr.lines().find(|line| line.contains("passed over")).unwrap());
    assert!(
        warning
            .ends_with("[mydumper_mariabd_10] is passed over: there is no product \"mariabd\"; did you mean mariadb?")
    );
    assert_eq!(row_files(&dir, "product_unknown", "t").len(), 1);
}

#[test]
fn a_variable_that_would_leave_rows_out_is_refused() {
    let (_file, option) = file("[mydumper_session_variables]\nsql_select_limit = 1000\n");
    let line = mydumper(source(Product::MySql), &WorkDir::new()).arg(option).fails_with(2);
    assert!(line.contains("session variable sql_select_limit: the server would leave rows out: remove it"), "{line}");
}
