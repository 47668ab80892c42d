//! What the tests of dumps share: a run into a fresh folder, and looks at what it wrote.

use harness::program::{Program, Running, WorkDir};
pub use harness::replica::position as binary_log_position;
use harness::server::Server;
use harness::sql::Client;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The first lines of a file with definitions.
pub const DEFINITIONS_HEAD: &str = "/*!40101 SET NAMES utf8mb4*/;\n\
     /*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n\
     /*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'*/;\n\
     /*!40103 SET TIME_ZONE='+00:00' */;\n";

/// The first lines of a file with rows.
pub const ROWS_HEAD: &str = "/*!40101 SET NAMES binary*/;\n\
     /*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n\
     /*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'*/;\n\
     /*!40103 SET TIME_ZONE='+00:00' */;\n";

/// A hang is a failure: far longer than any of these dumps takes, and longer than one waits for a lock before it says so.
const TIME_LIMIT: Duration = Duration::from_secs(100);

/// A new database with what these statements make in it, in a session of known character set, zone and mode.
pub fn make(server: &Server, database: &str, statements: &[&str]) -> Client {
    let mut client = server.client();
    client.run("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci, time_zone = '+02:00', sql_mode = ''");
    client.run(format!("CREATE DATABASE {}", harness::quote_name(database)));
    client.run(format!("USE {}", harness::quote_name(database)));
    statements.iter().for_each(|sql| client.run(sql));
    client
}

/// mydumper as root over the server's socket, into `dir`.
pub fn mydumper(server: &Server, dir: &WorkDir) -> Program {
    Program::mydumper().server(server).arg("-o").arg(dir.path()).time_limit(TIME_LIMIT)
}

/// A finished dump with these options.
#[track_caller]
pub fn dump(server: &Server, args: &[&str]) -> WorkDir {
    let dir = WorkDir::new();
    mydumper(server, &dir).args(args).ok();
    dir
}

/// Executes these files of a dump in a fresh database of the same or another server, as the stock client would.
pub fn restore(dir: &WorkDir, files: &[String], server: &Server, database: &str) {
    let mut client = server.client();
    client.run(format!("CREATE DATABASE IF NOT EXISTS {}", harness::quote_name(database)));
    client.run(format!("USE {}", harness::quote_name(database)));
    for file in files {
        client.run_script(dir.read(file));
    }
}

/// The tables, views and sequences that the metadata lists, as `DATABASE.TABLE`, by file names.
pub fn tables(dir: &WorkDir) -> Vec<String> {
    let metadata = dir.read_text("metadata");
    let sections = metadata.lines().filter_map(|line| line.strip_prefix("[`")?.strip_suffix("`]"));
    // Without a point, it is of a database.
    sections.filter(|section| section.contains("`.`")).map(|section| section.replace("`.`", ".")).collect()
}

/// The names of the files in `dir` that hold rows of `database.table`, by file names.
pub fn row_files(dir: &WorkDir, database: &str, table: &str) -> Vec<String> {
    let prefix = format!("{database}.{table}.");
    dir.list().into_iter().filter(|name| name.starts_with(&prefix)).collect()
}

/// A message of the log without its time.
pub fn without_time(line: &str) -> &str {
    // "2026-01-01 00:00:00 [ERROR] …"
    line.get(20..).unwrap_or(line)
}

/// What the log says of locks, in order, with `T` for each time.
pub fn lock_lines(stderr: &str) -> Vec<String> {
    let lines = stderr.lines().map(|line| without_time(line).trim_start_matches("[INFO] "));
    let lines = lines.filter_map(|line| {
        let (what, time) = line.split_once(" after ")?;
        let is_time = time.strip_suffix(" s").is_some_and(|time| time.parse::<f64>().is_ok());
        (is_time && what.ends_with(['n', 'd'])).then(|| format!("{what} after T s"))
    });
    lines.collect()
}

/// Waits for something that a server does by itself. Panics when it does not come.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The only line of what a failed run wrote, without its time.
#[track_caller]
pub fn only_line(stderr: &str) -> String {
    // A warning that the dump, or an earlier restore, could be resumed precedes the error.
    let is_of_resume = |line: &&str| {
        let told = ["--resume would continue", "[WARNING] the dump is not complete: --resume "];
        line.contains("[WARNING]") && told.iter().any(|told| line.contains(told))
    };
    let lines: Vec<&str> = stderr.lines().filter(|line| !is_of_resume(line)).collect();
    assert_eq!(lines.len(), 1, "one line expected: {stderr}");
    without_time(lines[0]).to_owned()
}

/// The value of a key in the metadata, behind `KEY = ` or `# KEY = `.
pub fn metadata_value(metadata: &str, key: &str) -> Option<String> {
    metadata.lines().find_map(|line| {
        let (found, value) = line.trim_start_matches("# ").split_once(" = ")?;
        (found == key).then(|| value.trim_matches('"').to_owned())
    })
}

/// What a tool writes to its standard output; it has to succeed.
#[track_caller]
pub fn tool(name: &str, args: &[&str], file: &Path) -> Vec<u8> {
    let output = Command::new(name).args(args).arg(file).output().unwrap();
    assert!(output.status.success(), "{name} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// 20,000 rows of 200 bytes: of one chunk.
pub const HELD_ROWS: &[&str] = &[
    "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(200))",
    "INSERT INTO t WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 199) \
     SELECT a.n * 100 + b.n, REPEAT('x', 200) FROM r a JOIN r b WHERE b.n < 100",
];

/// Makes dumps with [`Held::condition`] wait after half of the rows of [`HELD_ROWS`], as long as it lives.
pub struct Held {
    name: String,
    _holder: Client,
}

impl Held {
    /// Takes the lock, whose name is the database's.
    pub fn new(server: &Server, name: &str) -> Held {
        let mut holder = server.client();
        assert_eq!(holder.scalar(format!("SELECT GET_LOCK('{name}', 30)")), "1");
        Held { name: name.to_owned(), _holder: holder }
    }

    /// For `--where`.
    pub fn condition(&self) -> String {
        // Of a column, lest the lock be waited for before the first row.
        format!("id < 10000 OR GET_LOCK(CONCAT('{}', LEFT(b, 0)), 60) IS NOT NULL", self.name)
    }

    /// A dump that has read some rows and waits for more.
    pub fn spawn(&self, server: &Server, dir: &WorkDir, args: &[&str]) -> Running {
        let program = mydumper(server, dir).args(["-B", &self.name, "--statement-size", "10000", "--where"]);
        let program = program.arg(self.condition()).args(args).time_limit(Duration::from_secs(20));
        let mut other = server.client();
        // The sessions of an earlier dump may wait still: a server takes its time to notice that nobody waits for them.
        let last = other.scalar("SELECT MAX(ID) FROM information_schema.PROCESSLIST");
        let mut running = program.spawn();
        let waits = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID > {last} AND STATE = 'User lock' \
             AND INFO LIKE '%CONCAT(''{}''%'",
            self.name
        );
        // Not the length of the file: rows go there in large blocks.
        running.wait_until("no row waits", |_| other.scalar(&waits) != "0");
        running
    }
}
