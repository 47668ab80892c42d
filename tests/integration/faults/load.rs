//! Faults of a server that a restore meets: it says what is wrong, and `--resume` goes on when that is mended. Lost
//! connections and crashes are in `lost_connections` and `resume::load`.

use crate::support::dump::{dump, make, only_line};
use crate::support::interrupted::{GOES_ON, assert_equal};
use crate::support::load::{dumped_with, journals, myloader};
use harness::compare::differences;
use harness::detour::{Detour, Fate, contains, is_statement};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server};
use harness::sql::Client;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Whom the server's limits hold, and no privilege exempts.
const USER: &str = "faults_user";

/// A server whose global variables a test may change, one test at a time. They are set back when the next one comes.
fn spoiled(product: Product) -> MutexGuard<'static, Server> {
    static SHARED: [OnceLock<Mutex<Server>>; 2] = [OnceLock::new(), OnceLock::new()];
    let server = SHARED[product as usize].get_or_init(|| Mutex::new(Server::start(product, &[])));
    let server = server.lock().unwrap_or_else(PoisonError::into_inner);
    let mut client = server.client();
    client.run("SET GLOBAL read_only = 0");
    client.run("SET GLOBAL max_allowed_packet = 67108864");
    client.run("SET GLOBAL max_connections = 151");
    client.run(format!("DROP USER IF EXISTS {USER}@localhost"));
    server
}

/// A client as which everything may be done but what passes over limits and read_only.
fn make_user(server: &Server) {
    let mut client = server.client();
    client.run(format!("CREATE USER {USER}@localhost"));
    client.run(format!("GRANT ALL ON *.* TO {USER}@localhost"));
    let beyond = match server.product() {
        Product::MariaDb => "SUPER, READ_ONLY ADMIN, CONNECTION ADMIN",
        Product::MySql => "SUPER, CONNECTION_ADMIN",
    };
    client.run(format!("REVOKE {beyond} ON *.* FROM {USER}@localhost"));
}

/// Statements that make a table with so many rows, each of which gets a statement of its own in a dump.
fn dumped_rows(product: Product, database: &str, rows: usize) -> WorkDir {
    let rows = (1..=rows).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))"));
    let table = "CREATE TABLE t (id INT, c TEXT, KEY (id))".to_owned();
    let statements: Vec<String> = [table].into_iter().chain(rows).collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    dumped_with(product, database, &statements, &["--statement-size", "1000"])
}

#[test]
fn rows_that_are_longer_than_the_server_takes() {
    const NAME: &str = "faults_packet";
    const COPY: &str = "faults_packet_copy";
    for product in Product::ALL {
        let server = &*spoiled(product);
        let mut client = make(
            server,
            NAME,
            &[
                "CREATE TABLE statement (id INT PRIMARY KEY, b LONGBLOB)",
                "INSERT INTO statement VALUES (1, 'a'), (2, REPEAT('b', 3000000)), (3, 'c')",
                "CREATE TABLE several (id INT PRIMARY KEY, b LONGBLOB)",
                "INSERT INTO several VALUES (1, REPEAT('x', 700000)), (2, REPEAT('y', 700000))",
                "CREATE TABLE one_value (id INT PRIMARY KEY, b LONGBLOB, c LONGBLOB)",
                "INSERT INTO one_value VALUES (1, REPEAT('x', 1500000), REPEAT('y', 1500000))",
            ],
        );
        let whole = dump(server, &["-B", NAME, "--statement-size=2000000"]);
        // A row that is longer than a packet of its server comes in pieces.
        client.run("SET GLOBAL max_allowed_packet = 2097152");
        let pieces = dump(server, &["-B", NAME]);
        let load = |dir: &WorkDir, table: &str, method: &str| {
            server.client().run("SET GLOBAL max_allowed_packet = 1048576");
            server.client().run(format!("DROP DATABASE IF EXISTS {COPY}"));
            let tables = (!table.is_empty()).then(|| format!("--tables-list={NAME}.{table}"));
            let program = myloader(server, dir).args(["--database", COPY, "-t1"]).args(tables);
            program.arg("--load-method").arg(method)
        };
        let packet = "server error 1153 (08S01): Got a packet bigger than 'max_allowed_packet' bytes";
        let limit = "exceeds the server's max_allowed_packet of 1048576: SET GLOBAL max_allowed_packet";
        for (dir, table, line, told) in [
            (&whole, "statement", 7, format!("a statement of 3000037 bytes {limit} = 3000320 or more there; {packet}")),
            (
                &whole,
                "several",
                5,
                format!(
                    "a statement of 1400043 bytes {limit} = 1400832 or more there, or dump with a smaller \
                     --statement-size; {packet}"
                ),
            ),
            (
                &pieces,
                "one_value",
                11,
                format!("a value of 1500000 bytes {limit} = 1500160 or more there; server error 1690"),
            ),
        ] {
            let log = load(dir, table, "INSERT").fails_with(4);
            let told = format!("[ERROR] {NAME}.{table}.00000.sql, line {line}: {told}");
            assert!(log.contains(&told) && log.contains(GOES_ON), "{product:?}: {told}\n{log}");
            // Over TCP the server's word may be lost.
            let tcp = ["--host", "127.0.0.1", "--port", &server.port().to_string(), "--protocol=tcp"];
            let program = Program::myloader().args(tcp).args(["--user", "root", "--database", COPY, "--drop-table"]);
            let program = program.args(["--load-method=INSERT", "-T", &format!("{NAME}.{table}"), "-d"]);
            let log = program.arg(dir.path()).fails_with(4);
            let place = format!("[ERROR] {NAME}.{table}.00000.sql, line {line}: a ");
            assert!(
                log.contains(&place) && log.contains(limit) && !log.contains("reconnecting: "),
                "{product:?}: {log}"
            );
            // With the value that was asked for.
            let log = load(dir, table, "INSERT").fails_with(4);
            let (_, value) = log.split_once("SET GLOBAL max_allowed_packet = ").unwrap();
            let value = value.split(' ').next().unwrap();
            client.run(format!("SET GLOBAL max_allowed_packet = {value}"));
            let program = myloader(server, dir).args(["--database", COPY, "-T", &format!("{NAME}.{table}")]);
            program.args(["-t1", "--load-method=INSERT", "--resume"]).ok();
            let rows = |database: &str| server.client().query(format!("SELECT * FROM {database}.{table}"));
            assert!(rows(NAME) == rows(COPY), "{product:?} {table}");
        }
        // LOAD DATA comes in packets of any length.
        load(&whole, "", "LOAD_DATA").ok();
        assert_eq!(differences(server, NAME, server, COPY), [""; 0], "{product:?}");
        // The variable of a defaults file holds for all sessions.
        let place = WorkDir::new();
        place.write("cnf", "[myloader_global_variables]\nmax_allowed_packet=16777216\n");
        load(&whole, "", "INSERT").arg("--defaults-file").arg(place.path().join("cnf")).ok();
        assert_eq!(differences(server, NAME, server, COPY), [""; 0], "{product:?}");
        assert_eq!(client.scalar("SELECT @@GLOBAL.max_allowed_packet"), "1048576");
    }
}

#[test]
fn a_server_that_takes_no_changes() {
    for product in Product::ALL {
        let database = "faults_read_only";
        let dir = dumped_rows(product, database, 8);
        let server = &*spoiled(product);
        make_user(server);
        let mut client = server.client();
        let told = |option: &str| {
            let name = if product == Product::MariaDb { "MariaDB" } else { "MySQL" };
            format!(
                "server error 1290 (HY000): The {name} server is running with the --{option} option so it cannot execute \
                 this statement (the server is read-only: SET GLOBAL read_only=0, on MySQL super_read_only=0; if it is a \
                 replica, restore into its source)"
            )
        };
        // From the beginning: nothing that could be left out, and nothing to try again.
        client.run("SET GLOBAL read_only = 1");
        let program = || myloader(server, &dir).args(["--user", USER, "-t1", "--queries-per-transaction=3"]);
        for options in [&[][..], &["--keep-going"]] {
            let log = program().args(options).fails_with(4);
            assert!(log.contains(GOES_ON) && !log.contains("again: "), "{product:?}: {log}");
            assert!(log.lines().last().unwrap().contains(&told("read-only")), "{product:?}: {log}");
        }
        if product == Product::MySql {
            client.run("SET GLOBAL super_read_only = 1");
            let log = myloader(server, &dir).fails_with(4);
            assert!(log.contains(&told("super-read-only")), "{log}");
        }
        client.run("SET GLOBAL read_only = 0");
        // Amid the rows, as when the server becomes a replica.
        for method in ["INSERT", "LOAD_DATA"] {
            client.run(format!("DROP DATABASE IF EXISTS {database}"));
            let (other, transactions) = (Mutex::new(server.client()), AtomicUsize::new(0));
            // Between two transactions, since the server waits for the end of those that have changed something.
            let detour = Detour::to(server, move |request| {
                let begins = is_statement(request, "START TRANSACTION");
                if begins && transactions.fetch_add(1, Ordering::SeqCst) == 1 {
                    other.lock().unwrap().run("SET GLOBAL read_only = 1");
                }
            });
            let options = ["-t1", "--queries-per-transaction=3", "--load-method", method];
            let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", USER]);
            let log = program.args(options).arg("-d").arg(dir.path()).fails_with(4);
            assert!(log.contains(&told("read-only")) && log.contains(GOES_ON), "{product:?} {method}: {log}");
            client.run("SET GLOBAL read_only = 0");
            let program = Program::myloader().server(server).args(["--user", USER, "--resume"]).args(options);
            program.arg("-d").arg(dir.path()).ok();
            assert_equal(product, server, database, method);
        }
    }
}

/// Connections that leave none for others but administrators.
fn take_all(server: &Server) -> Vec<Client> {
    let clients = (0..11).map(|_| server.client()).collect();
    server.client().run("SET GLOBAL max_connections = 10");
    clients
}

#[test]
fn a_server_that_has_no_connection_left() {
    for product in Product::ALL {
        let database = "faults_connections";
        let dir = dumped_rows(product, database, 8);
        let server = &*spoiled(product);
        make_user(server);
        let mut client = server.client();
        // At the start it is an error, of the server's limit or of the user's.
        let mut clients = take_all(server);
        let line = only_line(&myloader(server, &dir).args(["--user", USER]).fails_with(3));
        let full = "): Too many connections (use fewer --threads, or raise max_connections on the server)";
        assert!(line.contains("server error 1040 (") && line.contains(full), "{line}");
        client.run("SET GLOBAL max_connections = 151");
        clients.clear();
        client.run(format!("ALTER USER {USER}@localhost WITH MAX_USER_CONNECTIONS 3"));
        let exceeded = format!(
            "server error 1226 (42000): User '{USER}' has exceeded the 'max_user_connections' resource (current value: 3) (use \
             fewer --threads, or raise the user's limits on the server)"
        );
        let line = only_line(&myloader(server, &dir).args(["--user", USER, "-t4"]).fails_with(3));
        assert!(line.contains(&exceeded), "{line}");
        let output = WorkDir::new();
        let program = Program::mydumper().server(server).args(["--user", USER, "-t4", "-B", "mysql", "-o"]);
        let line = only_line(&program.arg(output.path()).fails_with(3));
        assert!(line.contains(&exceeded), "{line}");
        client.run(format!("ALTER USER {USER}@localhost WITH MAX_USER_CONNECTIONS 0"));
        assert!(journals(&dir).is_empty());

        // When a connection was lost it is waited for.
        let (others, lost) = (Arc::new(Mutex::new(Vec::new())), AtomicUsize::new(0));
        let taken = Arc::clone(&others);
        let path = server.socket();
        let detour = Detour::with_fates(server, move |request| {
            if !contains(request, "55555") || lost.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
                return Fate::Passes;
            }
            let mut others = taken.lock().unwrap();
            others.extend((0..11).map(|_| Client::connect_socket(&path).unwrap()));
            others[0].run("SET GLOBAL max_connections = 10");
            Fate::IsLost
        });
        let program = |options: &[&str]| {
            let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", USER, "-v", "3"]);
            program.args(["-t1", "--queries-per-transaction=3"]).args(options).arg("-d").arg(dir.path())
        };
        let mut running = program(&["--retry-count=5"]).spawn();
        running.wait_for_stderr("attempt 2 of 5 to reconnect failed: cannot connect to ");
        client.run("SET GLOBAL max_connections = 151");
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(output.stderr.contains(full), "{}", output.stderr);
        assert_equal(product, server, database, &output.stderr);
        others.lock().unwrap().clear();
        // But not for ever.
        client.run(format!("DROP DATABASE {database}"));
        let log = program(&["--retry-count=2"]).fails_with(3);
        assert!(log.contains("; reconnecting failed: cannot connect to ") && log.contains(GOES_ON), "{log}");
        client.run("SET GLOBAL max_connections = 151");
        others.lock().unwrap().clear();
        program(&["--retry-count=2", "--resume"]).ok();
        assert_equal(product, server, database, "resumed");
    }
}
