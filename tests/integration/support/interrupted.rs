//! What the tests of interrupted restores share: databases to restore, ways to interrupt, and looks at what is left.

use crate::support::dump::make;
use harness::compare::differences;
use harness::detour::{Detour, Fate, contains};
use harness::program::{Output, Program, Running, WorkDir};
use harness::server::{Product, Server, source, target};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the log says of a restore that can be resumed.
pub const GOES_ON: &str = "[WARNING] the restore is not complete: --resume continues it";

/// All kinds of objects, the statements that make which each begin with a text of their own.
pub fn make_objects(product: Product, database: &str) {
    let mut statements = vec![
        "CREATE TABLE p (id INT PRIMARY KEY, x INT, t TEXT, KEY by_x (x), FULLTEXT (t))",
        "CREATE TABLE c (id INT PRIMARY KEY, p INT, q INT, KEY (p), CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id))",
        "INSERT INTO p VALUES (1, 1, 'one'), (2, 2, 'two')",
        "INSERT INTO c VALUES (10, 1, 1), (20, 2, 1)",
        "CREATE VIEW v AS SELECT * FROM p",
        "CREATE PROCEDURE pr() SELECT 1",
        "CREATE FUNCTION fn() RETURNS INT DETERMINISTIC RETURN 7",
        "CREATE TRIGGER tr BEFORE UPDATE ON p FOR EACH ROW SET NEW.x = NEW.x + 1",
        "CREATE TRIGGER tr2 BEFORE UPDATE ON p FOR EACH ROW SET NEW.x = NEW.x + 2",
        "CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1",
    ];
    if product == Product::MariaDb {
        statements.push("CREATE SEQUENCE sq START WITH 5");
        statements.push("DO NEXTVAL(sq)");
    }
    make(source(product), database, &statements);
}

/// A database of some size: a table without a key, one with, one that is referred to; in many files.
pub fn make_large(server: &Server, database: &str) {
    let rows = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 4000)";
    let most = match server.product() {
        Product::MariaDb => "SET SESSION max_recursive_iterations = 10000",
        Product::MySql => "SET SESSION cte_max_recursion_depth = 10000",
    };
    make(
        server,
        database,
        &[
            most,
            "CREATE TABLE keyed (id INT PRIMARY KEY, x INT, c VARCHAR(300), KEY (x), KEY (c))",
            "CREATE TABLE keyless (x INT, c VARCHAR(300), KEY (x))",
            "CREATE TABLE child (id INT PRIMARY KEY, k INT, KEY (k), FOREIGN KEY (k) REFERENCES keyed (id))",
            &format!("INSERT INTO keyed {rows} SELECT n, n % 7, REPEAT(n, 60) FROM r"),
            &format!("INSERT INTO keyless {rows} SELECT n % 100, REPEAT('x', n % 250) FROM r"),
            &format!("INSERT INTO child {rows} SELECT n, n FROM r"),
            "CREATE VIEW joined AS SELECT child.id, c FROM child JOIN keyed ON k = keyed.id",
            // By the number of rows tables are cut into chunks.
            "ANALYZE TABLE keyed, keyless, child",
        ],
    );
}

/// Many small files and transactions.
pub const MANY_FILES: [&str; 4] = ["--rows=200", "--statement-size=2000", "-F", "1"];

/// Removes a database from the target server.
pub fn drop_target(product: Product, database: &str) {
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
}

/// Whether a request brings rows.
pub fn reads_rows(request: &[u8]) -> bool {
    contains(request, "INSERT INTO") || contains(request, "LOAD DATA")
}

/// A detour on which the first request that is meant is lost.
pub fn losing(
    server: &Server,
    fate: Fate,
    is_meant: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> (Detour, Arc<AtomicBool>) {
    let done = Arc::new(AtomicBool::new(false));
    let was_done = Arc::clone(&done);
    let detour = Detour::with_fates(server, move |request| {
        if is_meant(request) && !done.swap(true, Ordering::SeqCst) { fate } else { Fate::Passes }
    });
    (detour, was_done)
}

/// Ends a program as the kernel does when memory is short.
pub fn kill(running: Running) -> Output {
    running.signal("KILL");
    running.wait()
}

/// A database on some server is the same as on the source server; `what` says which case it is.
pub fn assert_equal(product: Product, server: &Server, database: &str, what: &str) {
    assert_eq!(differences(source(product), database, server, database), [""; 0], "{product:?} {what}");
}

/// A restart is known by the server's time of start, which it tells in seconds.
pub fn wait_until_it_is_old(server: &Server) {
    let mut client = server.client();
    while client.query("SHOW GLOBAL STATUS LIKE 'Uptime'")[0][1] < Some(b"3".to_vec()) {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A restore over a detour that is killed when a request comes that is meant, with what becomes of that request.
pub fn killed_at(
    product: Product,
    dir: &WorkDir,
    options: &[&str],
    fate: Fate,
    is_meant: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> Output {
    killed_on(target(product), dir, options, fate, is_meant)
}

/// The same on any server.
pub fn killed_on(
    server: &Server,
    dir: &WorkDir,
    options: &[&str],
    fate: Fate,
    is_meant: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> Output {
    let reached = Arc::new(AtomicBool::new(false));
    let (was_reached, held) = (Arc::clone(&reached), Arc::new(Mutex::new(())));
    let hold = Arc::clone(&held);
    let guard = held.lock().unwrap();
    let detour = Detour::with_fates(server, move |request| {
        if !is_meant(request) || was_reached.swap(true, Ordering::SeqCst) {
            return Fate::Passes;
        }
        if fate == Fate::IsLost {
            // The program is killed while it waits for the answer.
            drop(hold.lock());
        }
        fate
    });
    let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "-v", "3"]);
    let program = program.args(["--optimize-keys=AFTER_IMPORT_PER_TABLE", "--retry-count=0"]).args(options);
    let mut running = program.arg("-d").arg(dir.path()).time_limit(Duration::from_secs(60)).spawn();
    if fate == Fate::IsLost {
        running.wait_until("it does not come there", |_| reached.load(Ordering::SeqCst));
        let output = kill(running);
        drop(guard);
        output
    } else {
        let output = running.wait();
        drop(guard);
        output
    }
}
