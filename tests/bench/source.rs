//! The server that is dumped: filled, or taken as an earlier run filled it.

use crate::data::{Dataset, Table};
use crate::floor::Plan;
use crate::options::Options;
use harness::server::{Product, Server};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What every connection that loads by LOAD DATA sets.
const LOAD_SESSION: [&str; 4] = [
    "SET SESSION sql_log_bin = 0",
    "SET NAMES utf8mb4",
    "SET SESSION unique_checks = 0",
    "SET SESSION foreign_key_checks = 0",
];

/// Where things are that a run makes and another can use.
pub struct Store {
    directory: PathBuf,
    /// Held until the end, so that no other run uses the same data directories. None of a directory of this run only.
    _lock: Option<File>,
}

impl Store {
    /// The kept one, once no other run uses it; or one in the folder of a server, which goes with it.
    pub fn open(options: &Options, server: &Server) -> Store {
        let Some(keep) = &options.keep else {
            return Store { directory: server.dir().join("store"), _lock: None };
        };
        fs::create_dir_all(keep).unwrap_or_else(|error| panic!("{}: {error}", keep.display()));
        let lock = File::create(keep.join("lock")).unwrap();
        if lock.try_lock().is_err() {
            eprintln!("== waiting for another benchmark that uses {}", keep.display());
            lock.lock().unwrap();
        }
        Store { directory: keep.canonicalize().unwrap(), _lock: Some(lock) }
    }

    /// Where ready files are.
    pub fn files(&self) -> PathBuf {
        self.directory.join("files")
    }
}

/// Starts the source with these databases in it.
pub fn start(product: Product, options: &Options, store: &Store, datasets: &[Dataset], args: &[&str]) -> Server {
    let version: String =
        product.version().chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let directory = store.directory.join(format!("{product:?}-{version}-{}", options.rows).to_lowercase());
    let data = directory.join("data");
    let filled = |dataset: &Dataset| directory.join(format!("{}.filled", dataset.label(options)));
    let missing: Vec<&Dataset> = datasets.iter().filter(|dataset| !filled(dataset).exists()).collect();
    if !missing.is_empty() {
        // A data directory without a single mark may be half a copy.
        let marked = fs::read_dir(&directory).is_ok_and(|mut entries| {
            entries.any(|entry| entry.unwrap().path().extension().is_some_and(|extension| extension == "filled"))
        });
        if !marked {
            let _ = fs::remove_dir_all(&data);
        }
        fs::create_dir_all(&directory).unwrap();
        let server = Server::start_on(product, &data, args);
        for dataset in &missing {
            fill(&server, options, **dataset, &dataset.files(options, &store.files()));
        }
        // Once it has ended, all that it has is in its files: now they can be taken for whole.
        server.shut_down();
        for dataset in missing {
            File::create(filled(dataset)).unwrap();
        }
    }
    let server = Server::start_on(product, &data, args);
    for dataset in datasets {
        heat(&server, options, *dataset);
    }
    server
}

fn fill(server: &Server, options: &Options, dataset: Dataset, files: &[(Table, Vec<PathBuf>)]) {
    let started = Instant::now();
    let database = dataset.database();
    server.client().run(format!("DROP DATABASE IF EXISTS {database}"));
    load_plan(dataset, files).run(&server.socket(), options.threads).unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan {
        session: Vec::new(),
        phases: vec![files.iter().map(|(table, _)| format!("ANALYZE TABLE {database}.{}", table.name)).collect()],
    };
    plan.run(&server.socket(), options.threads).unwrap_or_else(|error| panic!("{error}"));
    eprintln!("== {database}: filled in {:.1} s", started.elapsed().as_secs_f64());
}

/// Reads every table once, so that its pages are in the buffer pool.
fn heat(server: &Server, options: &Options, dataset: Dataset) {
    let tables = dataset.tables(options);
    let selects = tables.iter().map(|table| format!("SELECT * FROM {}.{}", dataset.database(), table.name));
    let plan = Plan { session: Vec::new(), phases: vec![selects.collect()] };
    plan.run(&server.socket(), options.threads).unwrap_or_else(|error| panic!("{error}"));
}

/// The quickest way into an empty server: tables without secondary indexes, all their rows, then the indexes.
pub fn load_plan(dataset: Dataset, files: &[(Table, Vec<PathBuf>)]) -> Plan {
    let database = dataset.database();
    let tables = || files.iter().map(|(table, _)| table);
    let create = |table: &Table| {
        let columns: Vec<&str> = table.columns.lines().map(str::trim).collect();
        format!("CREATE TABLE {database}.{} ({}) ENGINE=InnoDB", table.name, columns.join(" "))
    };
    // The fields' bytes are taken as they are, blobs' too.
    let load = |table: &str, path: &Path| {
        format!("LOAD DATA LOCAL INFILE '{}' INTO TABLE {database}.{table} CHARACTER SET binary", path.display())
    };
    let add_keys = |table: &Table| Some(format!("ALTER TABLE {database}.{} {}", table.name, table.keys?));
    Plan {
        session: LOAD_SESSION.map(str::to_owned).to_vec(),
        phases: vec![
            vec![format!("CREATE DATABASE {database} CHARACTER SET utf8mb4")],
            tables().map(create).collect(),
            files.iter().flat_map(|(table, paths)| paths.iter().map(|path| load(&table.name, path))).collect(),
            tables().filter_map(add_keys).collect(),
        ],
    }
}
