//! A database dumped from one server and restored into another is the same.

use harness::compare::{differences, row_differences};
use harness::program::{Program, WorkDir, pipe};
use harness::server::{Product, source, target};
use harness::shop;

/// Dumps a database of the product's source server into a directory.
fn dump(product: Product, database: &str, options: &[&str]) -> WorkDir {
    let directory = WorkDir::new();
    Program::mydumper()
        .server(source(product))
        .args(["-B", database, "--triggers", "--routines", "--events", "--outputdir"])
        .arg(directory.path().join("dump"))
        .args(options)
        .ok();
    directory
}

fn load(product: Product, directory: &WorkDir, options: &[&str]) {
    Program::myloader()
        .server(target(product))
        .arg("--directory")
        .arg(directory.path().join("dump"))
        .args(options)
        .ok();
}

fn drop_database(product: Product, database: &str) {
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    source(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
}

#[test]
fn the_bookshop_through_a_directory() {
    for product in Product::ALL {
        let database = "shop_directory";
        shop::load_with_branches(source(product), database, 6);
        for options in [&[][..], &["--compress"], &["--compress=gzip", "--rows=1000", "--chunk-filesize=1"]] {
            let directory = dump(product, database, options);
            load(product, &directory, &["--drop-table"]);
            assert_eq!(differences(source(product), database, target(product), database), [""; 0], "{options:?}");
        }
        drop_database(product, database);
    }
}

#[test]
fn the_bookshop_under_another_name() {
    for product in Product::ALL {
        let (database, other) = ("shop_renamed", "shop_other_name");
        shop::load_with_branches(source(product), database, 6);
        let directory = dump(product, database, &[]);
        load(product, &directory, &["--database", other]);
        assert_eq!(differences(source(product), database, target(product), other), [""; 0]);
        drop_database(product, other);
        drop_database(product, database);
    }
}

#[test]
fn the_bookshop_through_a_pipe() {
    for product in Product::ALL {
        let database = "shop_pipe";
        shop::load_with_branches(source(product), database, 6);
        let (dumper, loader) = (WorkDir::new(), WorkDir::new());
        let outputs = pipe(
            Program::mydumper()
                .server(source(product))
                .args(["-B", database, "-G", "-R", "-E", "--stream"])
                .current_dir(dumper.path()),
            Program::myloader().server(target(product)).arg("--stream").current_dir(loader.path()),
        );
        assert_eq!((outputs.0.code, outputs.1.code), (Some(0), Some(0)), "{}{}", outputs.0.stderr, outputs.1.stderr);
        assert_eq!(differences(source(product), database, target(product), database), [""; 0]);
        assert_eq!(dumper.list(), [""; 0]);
        assert_eq!(loader.list(), [""; 0]);
        drop_database(product, database);
    }
}

#[test]
fn the_bookshop_into_the_other_product() {
    for (from, to) in [(Product::MariaDb, Product::MySql), (Product::MySql, Product::MariaDb)] {
        let database = "shop_across";
        shop::load_with_branches(source(from), database, 6);
        let directory = dump(from, database, &[]);
        load(to, &directory, &[]);
        assert_eq!(row_differences(source(from), database, target(to), database), [""; 0]);
        drop_database(from, database);
        drop_database(to, database);
    }
}
