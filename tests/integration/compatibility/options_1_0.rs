//! Every option of mydumper and myloader 1.0.1 with a typical value, and what it changed in a dump or a copy.
//!
//! `tests/fixtures/options-1.0.1.tsv` has the options, `tests/golden/options-1.0.1-tried.txt` what they changed. With
//! `GOLDEN_WRITE=1`, the test writes that file anew.

use crate::support::dump::without_time;
use crate::support::load::streamed_from;
use harness::compare::differences;
use harness::program::{Output, Program, WorkDir};
use harness::server::{Product, Server};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

const OPTIONS: &str = include_str!("../../fixtures/options-1.0.1.tsv");
const GOLDEN: &str = include_str!("../../golden/options-1.0.1-tried.txt");

const DATABASE: &str = "tried";

const OBJECTS: &[&str] = &[
    "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(30) NOT NULL, KEY (name))",
    "INSERT INTO parent (name) VALUES ('a'),('b'),('c;d'),('e'),('f'),('g')",
    "CREATE TABLE child (id INT PRIMARY KEY, parent INT, raw BLOB, made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
     twice INT AS (id * 2) STORED, KEY twice (twice), UNIQUE KEY (parent, made), \
     CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parent (id), CONSTRAINT positive CHECK (id > 0))",
    "INSERT INTO child (id, parent, raw, made) VALUES (1, 1, x'00ff', '2026-01-01 01:00:00'), \
     (2, 2, NULL, '2026-07-01 01:00:00'), (3, 3, '', '2026-07-02 01:00:00')",
    "CREATE TABLE log (id INT PRIMARY KEY, line TEXT) ENGINE=MyISAM",
    "INSERT INTO log VALUES (1, 'one'), (2, 'two')",
    "CREATE TABLE months (id INT PRIMARY KEY) PARTITION BY RANGE (id) \
     (PARTITION p1 VALUES LESS THAN (2), PARTITION p2 VALUES LESS THAN (3))",
    "INSERT INTO months VALUES (1), (2)",
    "CREATE TABLE empty_one (id INT PRIMARY KEY)",
    "CREATE DEFINER=`root`@`localhost` VIEW names AS SELECT id, name FROM parent",
    "CREATE DEFINER=`root`@`localhost` TRIGGER stamped BEFORE UPDATE ON child FOR EACH ROW SET NEW.raw = 'x'",
    "CREATE DEFINER=`root`@`localhost` PROCEDURE count_all() BEGIN SELECT COUNT(*) FROM parent;\nEND",
    "CREATE DEFINER=`root`@`localhost` EVENT daily ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
];

/// Restores with these begin with tables without rows.
const DEFINED_BEFORE: &[&str] = &["--no-schemas", "--skip-create", "--append-if-not-exist"];

/// A hang is a failure.
const TIME_LIMIT: Duration = Duration::from_secs(100);

/// A row of the list of options.
struct Tried {
    program: &'static str,
    option: &'static str,
    /// With places such as `{dir}` to fill.
    arguments: &'static str,
}

fn options() -> impl Iterator<Item = Tried> {
    OPTIONS.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        Tried { program: fields[0], option: fields[1], arguments: fields[3] }
    })
}

/// Two servers of a product and what the runs use.
struct Bench {
    source: Server,
    target: Server,
    /// Files that options name.
    files: WorkDir,
    /// A dump with all objects, and the same as a stream.
    dump: WorkDir,
    stream: Vec<u8>,
    /// A dump whose files were compressed by a command.
    by_command: WorkDir,
    /// The files of a dump without further options.
    plain: BTreeMap<String, String>,
}

impl Bench {
    fn new(product: Product) -> Bench {
        let source = Server::start(product, &[]);
        let target = Server::start(product, &[]);
        let mut client = crate::support::dump::make(&source, DATABASE, OBJECTS);
        for server in [&source, &target] {
            let mut client = server.client();
            client.run("CREATE USER tried@'%' IDENTIFIED BY 'secret'");
            client.run("GRANT ALL ON *.* TO tried@'%'");
        }
        let version = client.scalar("SELECT SUBSTRING_INDEX(VERSION(), '-', 1)");
        // Chunks are made of what the server estimates.
        client.query("ANALYZE TABLE parent, child, log, months");
        let files = WorkDir::new();
        files.write("list", "tried.log\n");
        files.write("cnf", "[mydumper]\ncomplete-insert = 1\n[myloader]\nskip-triggers = 1\n");
        files.write("version", format!("{}-{version}", if product == Product::MySql { "mysql" } else { "mariadb" }));
        let mut bench = Bench {
            dump: WorkDir::new(),
            by_command: WorkDir::new(),
            stream: streamed_from(&source, DATABASE),
            plain: BTreeMap::new(),
            source,
            target,
            files,
        };
        let all = |dir: &WorkDir| {
            let program = Program::mydumper().server(&bench.source).args(["-B", DATABASE, "-G", "-R", "-E"]);
            program.arg("-o").arg(dir.path())
        };
        all(&bench.dump).ok();
        all(&bench.by_command).args(["--exec-per-thread=gzip", "--exec-per-thread-extension=.gz"]).ok();
        let plain = WorkDir::new();
        Program::mydumper().server(&bench.source).args(["-B", DATABASE]).arg("-o").arg(plain.path()).ok();
        bench.plain = contents(plain.path());
        bench
    }

    fn program(&self, program: Program, server: &Server, tried: &Tried, out: &Path) -> Program {
        let fill = |text: &str| {
            text.replace("{socket}", server.socket().to_str().unwrap())
                .replace("{port}", &server.port().to_string())
                .replace("{dir}", self.files.path().to_str().unwrap())
                .replace("{out}", out.to_str().unwrap())
                .replace("{dump}", out.to_str().unwrap())
                .replace("{version}", &self.files.read_text("version"))
        };
        let (arguments, own_connection) = match tried.arguments.strip_prefix('!') {
            Some(arguments) => (arguments, true),
            None => (tried.arguments, false),
        };
        let program = if own_connection || arguments.contains("--user") { program } else { program.server(server) };
        // A value may have blanks, no value has two hyphens behind one.
        let arguments = arguments.strip_prefix("--").unwrap().split(" --");
        program.args(arguments.map(|argument| fill(&format!("--{argument}")))).time_limit(TIME_LIMIT)
    }

    /// What an option of mydumper changed.
    fn dumped(&self, tried: &Tried) -> String {
        let out = WorkDir::new();
        let mut program = self.program(Program::mydumper(), &self.source, tried, out.path()).current_dir(out.path());
        if !tried.arguments.contains("--outputdir") {
            program = program.arg("-o").arg(out.path());
        }
        let chosen = ["--database", "--tables-list", "--regex"];
        if !chosen.iter().any(|option| tried.arguments.contains(option)) {
            program = program.args(["-B", DATABASE]);
        }
        let output = program.run();
        let changes = changes(&self.plain, &contents(out.path()));
        self.told(&output, out.path(), &changes)
    }

    /// What an option of myloader changed.
    fn loaded(&self, tried: &Tried) -> String {
        for database in [DATABASE, "tried_copy"] {
            self.target.client().run(format!("DROP DATABASE IF EXISTS {database}"));
        }
        let dump = if tried.arguments.contains("--exec-per-thread") { &self.by_command } else { &self.dump };
        let out = WorkDir::copy_of(dump.path());
        let mut program = self.program(Program::myloader(), &self.target, tried, out.path());
        if tried.arguments.contains("--stream") {
            let place = WorkDir::new();
            program = program.arg("-d").arg(place.path().join("new")).stdin(self.stream.clone());
        } else if tried.arguments.contains("--mysqldump") {
            let text = Program::new("mariadb-dump").arg("--no-defaults").server(&self.source);
            program = program.arg("--stream").stdin(text.args(["--databases", DATABASE]).ok().stdout);
        } else if !tried.arguments.contains("--directory") {
            program = program.arg("-d").arg(out.path());
        }
        let copy = if tried.arguments.contains("tried_copy") { "tried_copy" } else { DATABASE };
        if DEFINED_BEFORE.iter().any(|option| tried.arguments.starts_with(option)) {
            Program::myloader().server(&self.target).args(["--no-data", "-d"]).arg(dump.path()).ok();
        }
        let output = program.run();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let is_there = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'tried%'";
        if self.target.client().scalar(is_there) == "0" {
            return self.told(&output, out.path(), "nothing");
        }
        for difference in differences(&self.source, DATABASE, &self.target, copy) {
            let kind = difference.split(['`', ':']).next().unwrap().trim();
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} ≠{count}")).collect();
        self.told(&output, out.path(), &kinds.join(", "))
    }

    /// Exit code, changes, the first line of the standard output, the first error or else warning.
    fn told(&self, output: &Output, out: &Path, changes: &str) -> String {
        let mut told = match output.code {
            Some(0) if changes.is_empty() => "the same".to_owned(),
            Some(0) => changes.to_owned(),
            Some(code) => format!("exit {code}"),
            None => panic!("ended by a signal: {}", output.stderr),
        };
        if let Some(line) = output.stdout.split(|byte| *byte == b'\n').find(|line| !line.is_empty()) {
            // Of a stream, what follows changes with the time.
            let line = String::from_utf8_lossy(line);
            let shown = if line.starts_with("-- metadata.header ") { "-- metadata.header …" } else { &line };
            write!(told, "; stdout: {shown}").unwrap();
        }
        let of_level = |level: &str| output.stderr.lines().find(|line| line.contains(level));
        let usage_error = output.stderr.lines().next().filter(|_| output.code == Some(2));
        if let Some(line) = usage_error.or(of_level("[ERROR]")).or(of_level("[WARNING]")) {
            let places = [
                (out, "OUT"),
                (self.files.path(), "DIR"),
                (self.source.dir(), "SERVER"),
                (self.target.dir(), "SERVER"),
            ];
            let line = if line.starts_with("20") { without_time(line) } else { line };
            let line =
                places.iter().fold(line.to_owned(), |line, (place, name)| line.replace(place.to_str().unwrap(), name));
            let line = [&self.source, &self.target]
                .iter()
                .fold(line, |line, server| line.replace(&server.port().to_string(), "PORT"));
            write!(told, "; {}", without_hashes(&line)).unwrap();
        }
        told
    }
}

/// With `HASH` for the name of a journal's target.
fn without_hashes(line: &str) -> String {
    match line.split_once("myloader-journal.") {
        Some((before, after)) => format!("{before}myloader-journal.HASH{}", &after[8..]),
        None => line.to_owned(),
    }
}

/// The files of a dump by name, the metadata without what differs with each dump.
fn contents(dir: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let mut text = match std::fs::read(entry.path()) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            // A folder.
            Err(_) => continue,
        };
        if name == "metadata" {
            let changing = ["#", "file", "tried", "metadata"];
            let lines = text.lines().filter(|line| !changing.iter().any(|start| line.starts_with(start)));
            text = lines.collect::<Vec<_>>().join("\n");
        }
        files.insert(name, text);
    }
    files
}

/// What kind of file it is.
fn kind(name: &str) -> &str {
    let kinds = [
        ("-schema-create", "database"),
        ("-schema-view", "view"),
        ("-schema-triggers", "triggers"),
        ("-schema-post", "programs"),
        ("-schema", "table"),
        (".dat", "data"),
        ("tried.", "rows"),
    ];
    kinds.iter().find(|(part, _)| name.contains(part)).map_or(name, |(_, kind)| kind)
}

/// How many files of each kind are new, gone or changed.
fn changes(plain: &BTreeMap<String, String>, written: &BTreeMap<String, String>) -> String {
    let mut counts: BTreeMap<(&str, char), usize> = BTreeMap::new();
    for name in plain.keys().filter(|name| !written.contains_key(*name)) {
        *counts.entry((kind(name), '-')).or_default() += 1;
    }
    for (name, text) in written {
        match plain.get(name) {
            None => *counts.entry((kind(name), '+')).or_default() += 1,
            Some(before) if before != text => *counts.entry((kind(name), '~')).or_default() += 1,
            Some(_) => {}
        }
    }
    let counts: Vec<String> = counts.iter().map(|((kind, sign), count)| format!("{kind} {sign}{count}")).collect();
    counts.join(", ")
}

fn try_all(product: Product) -> Vec<(String, String)> {
    let bench = Bench::new(product);
    // One half of them dumps, the other loads.
    std::thread::scope(|scope| {
        let of = |program: &'static str| {
            let bench = &bench;
            scope.spawn(move || {
                let tried = options().filter(|tried| tried.program == program);
                let tried = tried.map(|tried| {
                    let told = if program == "mydumper" { bench.dumped(&tried) } else { bench.loaded(&tried) };
                    (format!("{program} {}: {}", tried.option, tried.arguments.trim_start_matches('!')), told)
                });
                tried.collect::<Vec<_>>()
            })
        };
        let (dumps, loads) = (of("mydumper"), of("myloader"));
        [dumps.join().unwrap(), loads.join().unwrap()].concat()
    })
}

#[test]
fn every_option_of_mydumper_1_0_1_does_what_the_table_says() {
    let [mariadb, mysql] = Product::ALL.map(|product| std::thread::spawn(move || try_all(product)));
    let (mariadb, mysql) = (mariadb.join().unwrap(), mysql.join().unwrap());
    let mut text = String::new();
    for ((command, on_mariadb), (_, on_mysql)) in mariadb.iter().zip(&mysql) {
        if on_mariadb == on_mysql {
            writeln!(text, "{command}\n    {on_mariadb}").unwrap();
        } else {
            writeln!(text, "{command}\n    MariaDB: {on_mariadb}\n    MySQL: {on_mysql}").unwrap();
        }
    }
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/options-1.0.1-tried.txt");
        std::fs::write(path, &text).unwrap();
        return;
    }
    for (expected, found) in GOLDEN.lines().zip(text.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(text.lines().count(), GOLDEN.lines().count());
}
