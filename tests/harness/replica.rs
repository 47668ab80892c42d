//! A server that follows another's binary log.

use crate::server::{Product, Server};
use crate::sql::text;

/// Longer than any test's transactions take to be applied.
const CATCH_UP_SECONDS: u32 = 120;

/// From where on a replica follows.
#[derive(Clone, Debug)]
pub enum Start {
    /// A file of the binary log and the position in it.
    Position(String, String),
    /// All transactions but these; MariaDB: the last of each domain.
    GtidSet(String),
}

/// Makes `replica`, whose own binary log and earlier replication are forgotten, follow `source`. The source
/// needs [`create_copier`] before.
pub fn follow(source: &Server, replica: &Server, start: &Start) {
    let mut client = replica.client();
    reset(replica);
    let address = |prefix: &str| {
        let port = source.port();
        format!(
            "{prefix}_HOST = '127.0.0.1', {prefix}_PORT = {port}, {prefix}_USER = 'copier', \
             {prefix}_PASSWORD = 'copier', {prefix}_CONNECT_RETRY = 1"
        )
    };
    match (replica.product(), start) {
        (Product::MariaDb, Start::Position(file, position)) => client.run(format!(
            "CHANGE MASTER TO {}, MASTER_USE_GTID = no, MASTER_LOG_FILE = '{file}', MASTER_LOG_POS = {position}",
            address("MASTER")
        )),
        (Product::MariaDb, Start::GtidSet(set)) => {
            client.run(format!("SET GLOBAL gtid_slave_pos = '{set}'"));
            client.run(format!("CHANGE MASTER TO {}, MASTER_USE_GTID = slave_pos", address("MASTER")));
        }
        (Product::MySql, Start::Position(file, position)) => client.run(format!(
            "CHANGE REPLICATION SOURCE TO {}, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_AUTO_POSITION = 0, \
             SOURCE_LOG_FILE = '{file}', SOURCE_LOG_POS = {position}",
            address("SOURCE")
        )),
        (Product::MySql, Start::GtidSet(set)) => {
            client.run(format!("SET GLOBAL gtid_purged = '{set}'"));
            client.run(format!(
                "CHANGE REPLICATION SOURCE TO {}, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_AUTO_POSITION = 1",
                address("SOURCE")
            ));
        }
    }
    client.run("START REPLICA");
}

/// The account that replicas of this server use.
pub fn create_copier(source: &Server) {
    let mut client = source.client();
    client.run("CREATE USER IF NOT EXISTS copier@'127.0.0.1' IDENTIFIED BY 'copier'");
    client.run("GRANT REPLICATION SLAVE ON *.* TO copier@'127.0.0.1'");
}

/// Waits until the replica has applied the source's whole binary log. The error is what stopped it.
pub fn catch_up(source: &Server, replica: &Server, start: &Start) -> Result<(), String> {
    let mut client = replica.client();
    let (file, position, set) = position(source);
    // They do not notice all that can stop a replication, so that is looked at each second.
    let wait = match (replica.product(), start) {
        (Product::MariaDb, Start::Position(..)) => format!("SELECT MASTER_POS_WAIT('{file}', {position}, 1) >= 0"),
        (Product::MariaDb, Start::GtidSet(_)) => format!("SELECT MASTER_GTID_WAIT('{set}', 1) = 0"),
        (Product::MySql, Start::Position(..)) => format!("SELECT SOURCE_POS_WAIT('{file}', {position}, 1) >= 0"),
        (Product::MySql, Start::GtidSet(_)) => format!("SELECT WAIT_FOR_EXECUTED_GTID_SET('{set}', 1) = 0"),
    };
    for _ in 0..CATCH_UP_SECONDS {
        if client.scalar(&wait) == "1" {
            return Ok(());
        }
        let status = client.query("SHOW REPLICA STATUS").remove(0);
        // Last_IO_Error and Last_SQL_Error, on both products.
        let errors: Vec<String> = [35, 37].map(|column| text(&status[column])).into_iter().collect();
        if errors.iter().any(|error| !error.is_empty()) {
            return Err(errors.concat());
        }
    }
    Err(format!("not at {file} {position} {set} after {CATCH_UP_SECONDS} s"))
}

/// Ends the replication, and forgets what it and the server's own binary log have been.
pub fn reset(replica: &Server) {
    let mut client = replica.client();
    client.run("STOP REPLICA");
    client.run("RESET REPLICA ALL");
    match replica.product() {
        Product::MariaDb => {
            client.run("RESET MASTER");
            client.run("SET GLOBAL gtid_slave_pos = ''");
        }
        Product::MySql => client.run("RESET BINARY LOGS AND GTIDS"),
    }
}

/// File, position and GTID set (MariaDB: GTID position) of the server's binary log now.
pub fn position(server: &Server) -> (String, String, String) {
    let mut client = server.client();
    match server.product() {
        Product::MariaDb => {
            let row = client.query("SHOW MASTER STATUS").remove(0);
            (text(&row[0]), text(&row[1]), client.scalar("SELECT @@GLOBAL.gtid_binlog_pos"))
        }
        Product::MySql => {
            let row = client.query("SHOW BINARY LOG STATUS").remove(0);
            (text(&row[0]), text(&row[1]), text(&row[4]))
        }
    }
}
