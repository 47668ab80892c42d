//! A bank: tables of several engines, writers that move amounts between them, and what holds at every moment.
//!
//! Every transaction of a teller moves an amount from an account to another (accounts are opened, closed and renamed,
//! too), and notes it in `orders` and, once for each side, in `ledger`. Older orders go to `archive`. Keepers of tables
//! that know no transactions write pairs of rows under LOCK TABLES ... WRITE. So a copy of one moment can be told from
//! others by itself.

use crate::support::tellers::{Account, Teller};
use harness::server::{Product, Server};
use harness::sql::{Client, text};
use harness::writers::Work;

/// The database.
pub const NAME: &str = "bank";
/// Tables with accounts: of an integer key, a composite key, a text key, in partitions, without any key.
pub const ACCOUNTS: [&str; 5] = ["keyed", "composite", "named", "spread", "bare"];
/// How many accounts of each table are always there.
pub const ACCOUNTS_OF: [u64; 5] = [3000, 3000, 2000, 2000, 60];
/// What each of them has in the beginning.
const AMOUNT: i64 = 1000;
/// The first of the writers. Their tables have transactions.
pub const TELLERS: usize = 3;
/// Pairs of rows in the beginning, and as many as are kept.
const PAIRS: i64 = 1500;

/// Which tables there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tables {
    /// Of all engines.
    All,
    /// Of InnoDB only.
    Transactional,
}

/// Tables whose rows come in pairs, written under a lock of both, of InnoDB or not.
fn pairs(product: Product, tables: Tables) -> Vec<(&'static str, &'static str)> {
    match (tables, product) {
        (Tables::Transactional, _) => Vec::new(),
        (_, Product::MariaDb) => vec![("first", "second"), ("desk", "safe"), ("page", "leaf")],
        // Its GTIDs do not go with one lock of tables with and without transactions.
        (_, Product::MySql) => vec![("first", "second")],
    }
}

/// Drops and creates the database.
pub fn create(server: &Server, tables: Tables) {
    let mut client = server.client();
    client.run(format!("DROP DATABASE IF EXISTS {NAME}"));
    client.run(format!("CREATE DATABASE {NAME}"));
    client.run(format!("USE {NAME}"));
    let rest = "amount BIGINT NOT NULL, filler VARCHAR(200) NOT NULL DEFAULT ''";
    client.run(format!("CREATE TABLE keyed (id BIGINT UNSIGNED PRIMARY KEY, {rest})"));
    client.run(format!("CREATE TABLE composite (branch INT, number INT, {rest}, PRIMARY KEY (branch, number))"));
    client.run(format!("CREATE TABLE named (code VARCHAR(20) PRIMARY KEY, {rest})"));
    client.run(format!("CREATE TABLE spread (id INT PRIMARY KEY, {rest}) PARTITION BY HASH (id) PARTITIONS 5"));
    client.run(format!("CREATE TABLE bare (number INT, {rest})"));
    for (table, count) in ACCOUNTS_OF.iter().enumerate() {
        let values = |index| format!("({}, {AMOUNT}, REPEAT('x', 150))", Account::fixed(table, index).values());
        let rows: Vec<String> = (0..*count).map(values).collect();
        client.run(format!("INSERT INTO {} VALUES {}", ACCOUNTS[table], rows.join(",")));
    }
    let order = "writer INT NOT NULL, number INT NOT NULL";
    let side =
        "order_id BIGINT, side INT, account VARCHAR(20) NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (order_id, side)";
    client.run(format!(
        "CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, {order}, \
         at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6))"
    ));
    client.run(format!("CREATE TABLE ledger ({side})"));
    client.run(format!("CREATE TABLE archive ({order}, {side})"));
    for (first, second) in pairs(server.product(), tables) {
        for table in [first, second] {
            let engine = match table {
                "desk" => "InnoDB",
                "page" | "leaf" => "Aria",
                _ => "MyISAM",
            };
            let sign = if table == first { 1 } else { -1 };
            client.run(format!("CREATE TABLE {table} (number INT PRIMARY KEY, {rest}) ENGINE={engine}"));
            let values = |number| format!("({number}, {}, REPEAT('x', 150))", sign * number);
            let rows: Vec<String> = (1..=PAIRS).map(values).collect();
            client.run(format!("INSERT INTO {table} VALUES {}", rows.join(",")));
        }
    }
    if tables == Tables::All {
        client.run("CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, number INT NOT NULL) ENGINE=MyISAM");
    }
    // By the numbers of rows tables are cut into chunks.
    let all: Vec<String> = client.query("SHOW TABLES").iter().map(|row| text(&row[0])).collect();
    client.run(format!("ANALYZE NO_WRITE_TO_BINLOG TABLE {}", all.join(", ")));
}

/// Those who write: the tellers, then a keeper of each pair of tables, then the log's.
pub fn writers(server: &Server, tables: Tables, seed: u64) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    for writer in 0..TELLERS {
        let mut teller = Teller::new(server, writer, seed);
        works.push(Box::new(move || teller.work()));
    }
    for (index, (first, second)) in pairs(server.product(), tables).into_iter().enumerate() {
        let mut client = client(server, index);
        let mut number = PAIRS;
        works.push(Box::new(move || {
            number += 1;
            write_pair(&mut client, first, second, number);
        }));
    }
    if tables == Tables::All {
        let mut client = client(server, 0);
        let mut number = 0;
        works.push(Box::new(move || {
            number += 1;
            client.run(format!("INSERT INTO log (number) VALUES ({number})"));
        }));
    }
    works
}

/// A session in the bank. The binary log has statements of one, rows of the next, and both of the third.
pub fn client(server: &Server, index: usize) -> Client {
    let mut client = server.client();
    client.run(format!("USE {NAME}"));
    client.run(format!("SET SESSION binlog_format = '{}'", ["STATEMENT", "ROW", "MIXED"][index % 3]));
    client
}

fn write_pair(client: &mut Client, first: &str, second: &str, number: i64) {
    client.run(format!("LOCK TABLES {first} WRITE, {second} WRITE"));
    let (touched, old) = (number - PAIRS / 2, number - PAIRS);
    for (table, sign) in [(first, 1), (second, -1)] {
        client.run(format!("INSERT INTO {table} (number, amount) VALUES ({number}, {})", sign * number));
        client.run(format!("UPDATE {table} SET amount = amount + {sign} WHERE number = {touched}"));
        client.run(format!("DELETE FROM {table} WHERE number = {old}"));
    }
    client.run("UNLOCK TABLES");
}

/// One more row in tables with AUTO_INCREMENT. A transaction that was rolled back has counted on the source only.
pub fn close(server: &Server, tables: Tables) {
    let mut client = client(server, 1);
    client.run("BEGIN");
    client.run(format!("INSERT INTO orders (writer, number) VALUES ({TELLERS}, 1)"));
    client.run("INSERT INTO ledger VALUES (LAST_INSERT_ID(), 0, 'keyed', 0), (LAST_INSERT_ID(), 1, 'keyed', 0)");
    client.run("COMMIT");
    if tables == Tables::All {
        client.run("INSERT INTO log (number) SELECT MAX(number) + 1 FROM log");
    }
}

/// How often each of the writers had committed when this copy was made.
pub fn progress(server: &Server, tables: Tables) -> Vec<u64> {
    let mut client = client(server, 1);
    let mut count = |sql: String| client.scalar(sql).parse::<u64>().unwrap();
    let mut progress = Vec::new();
    for writer in 0..TELLERS {
        progress.push(count(format!(
            "SELECT COUNT(*) FROM (SELECT number FROM orders WHERE writer = {writer} \
             UNION SELECT number FROM archive WHERE writer = {writer}) AS known"
        )));
    }
    for (first, _) in pairs(server.product(), tables) {
        progress.push(count(format!("SELECT MAX(number) - {PAIRS} FROM {first}")));
    }
    if tables == Tables::All {
        progress.push(count("SELECT COUNT(*) FROM log".to_owned()));
    }
    progress
}

/// What does not hold in this copy, a line each: nothing, if it is of one moment.
pub fn violations(server: &Server, tables: Tables) -> Vec<String> {
    let mut checks: Vec<(String, String)> = Vec::new();
    let mut zero = |what: &str, sql: String| checks.push((what.to_owned(), sql));
    let booked =
        "(SELECT order_id, account, amount FROM ledger UNION ALL SELECT order_id, account, amount FROM archive)";
    let mut sums = Vec::new();
    for (table, count) in ACCOUNTS.iter().zip(ACCOUNTS_OF) {
        let start = AMOUNT * i64::try_from(count).unwrap();
        sums.push(format!("(SELECT SUM(amount) - {start} FROM {table})"));
        zero(
            &format!("{table}: its accounts less what the ledger says"),
            format!(
                "SELECT SUM(amount) - {start} - (SELECT IFNULL(SUM(amount), 0) FROM {booked} AS b WHERE account = '{table}') \
                 FROM {table}"
            ),
        );
    }
    zero("the sum of all accounts", format!("SELECT {}", sums.join(" + ")));
    zero(
        "orders without their two ledger rows",
        "SELECT COUNT(*) FROM orders WHERE (SELECT COUNT(*) FROM ledger WHERE order_id = id) <> 2".to_owned(),
    );
    zero(
        "ledger rows without an order",
        "SELECT COUNT(*) FROM ledger LEFT JOIN orders ON order_id = id WHERE id IS NULL".to_owned(),
    );
    zero(
        "orders that are also in the archive",
        "SELECT COUNT(*) FROM orders WHERE id IN (SELECT order_id FROM archive)".to_owned(),
    );
    zero(
        "orders whose sides do not agree",
        format!(
            "SELECT COUNT(*) FROM (SELECT order_id FROM {booked} AS b GROUP BY order_id HAVING SUM(amount) <> 0 OR COUNT(*) <> 2) AS bad"
        ),
    );
    zero(
        "writers with a gap in their orders",
        "SELECT COUNT(*) FROM (SELECT writer FROM (SELECT writer, number FROM orders UNION SELECT writer, number FROM archive) AS known \
         GROUP BY writer HAVING MIN(number) <> 1 OR MAX(number) <> COUNT(*)) AS bad"
            .to_owned(),
    );
    for (first, second) in pairs(server.product(), tables) {
        for (one, other) in [(first, second), (second, first)] {
            zero(
                &format!("rows of {one} without their pair in {other}"),
                format!(
                    "SELECT COUNT(*) FROM {one} AS one LEFT JOIN {other} AS other ON other.number = one.number \
                     AND other.amount = -one.amount WHERE other.number IS NULL"
                ),
            );
            let gaps =
                format!("SELECT ABS(COUNT(*) - {PAIRS}) + ABS(MAX(number) - MIN(number) + 1 - {PAIRS}) FROM {one}");
            zero(&format!("gaps in {one}"), gaps);
        }
    }
    if tables == Tables::All {
        zero("gaps in the log", "SELECT IFNULL(MAX(number), 0) - COUNT(*) FROM log".to_owned());
        zero("rows of the log out of step", "SELECT COUNT(*) FROM log WHERE id <> number".to_owned());
    }
    let mut client = client(server, 1);
    let holds = |(what, sql): (String, String)| {
        let found = client.scalar(sql);
        (found != "0").then(|| format!("{what}: {found}"))
    };
    checks.into_iter().filter_map(holds).collect()
}
