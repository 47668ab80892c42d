//! Proof by the binary log that a server's data has not changed.
//!
//! A dump holds what the server had at a position of its binary log. If the position is the same now, nothing that is
//! logged has happened since. Changes that are not logged go unseen, so whatever is known to bypass the log is refused.
//! docs/user/recovery.md says what remains.

use std::fmt;

use common::backup::metadata::{Coordinates, Guarantee};
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use serde::{Deserialize, Serialize};

use crate::consistency::coordinates;

/// A server, and the state of its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Variables that tell this server from others, and what shapes the rows that it sends.
    pub server: Vec<(String, String)>,
    /// Whether all tables of the dump are from this one point in time.
    pub point_in_time: bool,
    /// Where the binary log stands.
    pub position: Position,
    /// Whether every transaction has a GTID.
    pub gtids: bool,
    /// Settings that keep changes out of the binary log.
    pub unlogged: Vec<String>,
    /// Settings with which a crash may lose transactions that others have seen.
    pub not_durable: Vec<String>,
}

/// A position in the binary log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Whether there is a binary log.
    pub log_bin: bool,
    /// Its newest file.
    pub file: Option<String>,
    /// The length of this file, in bytes.
    pub offset: Option<u64>,
    /// The GTID set or position.
    pub gtid_set: Option<String>,
}

/// Why it is not proved that the data are the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// It is another server.
    #[error("this is another server, or it was changed: {variable} was {then}, now it is {now}")]
    OtherServer {
        /// The variable that differs.
        variable: String,
        /// Its value in the journal.
        then: String,
        /// And here.
        now: String,
    },
    /// There is no log.
    #[error("the server has no binary log (log_bin is OFF), so nothing proves that the data has not changed since")]
    NoBinaryLog,
    /// The user may not see the position.
    #[error(
        "the binary log position is unknown, so nothing proves that the data has not changed since: the user lacks \
         {privilege}",
        privilege = "BINLOG MONITOR (MariaDB) or REPLICATION CLIENT (MySQL)"
    )]
    Unknown,
    /// The snapshots are of different moments.
    #[error(
        "not all tables {when} from one point in time, so no binary log position describes them (see the guarantees in \
         docs/user/consistency.md)"
    )]
    NoPointInTime {
        /// "were" or "are".
        when: &'static str,
    },
    /// Changes pass the log.
    #[error("the server changes data without writing it to its binary log: {0}")]
    Unlogged(String),
    /// The server's own tables.
    #[error("the dump includes database {0}, whose tables the server changes without writing to its binary log")]
    SystemDatabase(String),
    /// Something has happened.
    #[error("the data may have changed since: the binary log was at {then}, now it is at {now}")]
    Moved {
        /// In the journal.
        then: String,
        /// And here.
        now: String,
    },
    /// Restarted, and a crash may have lost something.
    #[error(
        "the server was restarted or started a new binary log file since ({then}, now {now}), and with {settings} a crash \
         may have lost rows that are in the dump"
    )]
    NotDurable {
        /// The log's file in the journal.
        then: String,
        /// And here.
        now: String,
        /// The settings.
        settings: String,
    },
    /// Restarted, and there are tables that lose rows then.
    #[error(
        "the server was restarted or started a new binary log file since ({then}, now {now}), and {table}, which is not \
         InnoDB's, may have lost rows then"
    )]
    OtherEngine {
        /// The log's file in the journal.
        then: String,
        /// And here.
        now: String,
        /// One such table.
        table: String,
    },
}

impl Source {
    /// Reads what there is to know now; `coordinates` are those of the consistency point. With `local_time`, TIMESTAMPs are
    /// dumped in the server's time zone.
    ///
    /// # Errors
    /// When a query fails.
    pub fn read(
        connection: &mut Connection,
        server: &Server,
        coordinates: Option<&Coordinates>,
        guarantee: Guarantee,
        local_time: bool,
    ) -> Result<Source, ServerError> {
        let mut variables = if server.is_mariadb() {
            // There is no UUID, and server_uid is that of the machine and port.
            vec!["version", "hostname", "port", "datadir", "server_id"]
        } else {
            vec!["version", "server_uuid"]
        };
        if local_time {
            variables.extend(["time_zone", "system_time_zone"]);
        }
        let values = values(connection, &variables)?;
        let log = &values_of(connection, server)?;
        let mut unlogged = Vec::new();
        // Its own transactions have GTIDs on MySQL, also when they are not logged.
        let gtids = server.is_mariadb() || coordinates::has_gtids(connection)?;
        if log.updates == "0" && if server.is_mariadb() { !log.replica_position.is_empty() } else { !gtids } {
            unlogged.push("log_slave_updates is OFF on a replica".to_owned());
        }
        match connection.query_first(server.show_binary_log_status()) {
            Ok(status) => {
                for filter in ["Binlog_Do_DB", "Binlog_Ignore_DB"] {
                    let databases = status.as_ref().and_then(|row| row.named_text(filter)).unwrap_or_default();
                    if !databases.is_empty() {
                        unlogged.push(format!("{} is {databases}", filter.to_lowercase()));
                    }
                }
            }
            Err(error) if error.is_denied() => {}
            Err(error) => return Err(error),
        }
        let durable = [("sync_binlog", &log.sync), ("innodb_flush_log_at_trx_commit", &log.flush)];
        let durable = durable.into_iter().filter(|(_, value)| *value != "1");
        let coordinates = coordinates.cloned().unwrap_or_default();
        Ok(Source {
            server: variables.iter().map(|name| (*name).to_owned()).zip(values).collect(),
            point_in_time: guarantee == Guarantee::PointInTime,
            position: Position {
                log_bin: log.bin == "1",
                file: coordinates.file,
                offset: coordinates.position,
                gtid_set: coordinates.gtid_set.map(|set| set.split_whitespace().collect()),
            },
            gtids,
            unlogged,
            not_durable: durable.map(|(name, value)| format!("{name} = {value}")).collect(),
        })
    }

    /// Whether this, of now, is the same server with the same data as `then`. `other_engines` are tables of the dump that
    /// are not InnoDB's.
    ///
    /// # Errors
    /// Why this is not proved.
    pub fn proves_same_data_as(&self, then: &Source, other_engines: &[String]) -> Result<(), Unproved> {
        let now = self;
        // First, since without a log the version has another name.
        if !now.position.log_bin || !then.position.log_bin {
            return Err(Unproved::NoBinaryLog);
        }
        for (variable, value) in &then.server {
            let here = now.server.iter().find(|(name, _)| name == variable).map_or("", |(_, value)| value);
            if here != value {
                let (variable, then, now) = (variable.clone(), value.clone(), here.to_owned());
                return Err(Unproved::OtherServer { variable, then, now });
            }
        }
        for (source, when) in [(then, "were"), (now, "are")] {
            if !source.point_in_time {
                return Err(Unproved::NoPointInTime { when });
            }
            if !source.unlogged.is_empty() {
                return Err(Unproved::Unlogged(source.unlogged.join(", ")));
            }
            if source.position.file.is_none() && !(source.gtids && source.position.gtid_set.is_some()) {
                return Err(Unproved::Unknown);
            }
        }
        if now.position == then.position && now.position.file.is_some() {
            return Ok(());
        }
        let gtids = now.gtids && then.gtids && now.position.gtid_set.is_some();
        if !gtids || now.position.gtid_set != then.position.gtid_set || !now.position.may_be_later(&then.position) {
            return Err(Unproved::Moved { then: then.position.to_string(), now: now.position.to_string() });
        }
        // The server may have crashed in between.
        let file = |source: &Source| source.position.file.clone().unwrap_or_else(|| "unknown".to_owned());
        let settings = [then, now].into_iter().find(|source| !source.not_durable.is_empty());
        if let Some(source) = settings {
            let settings = source.not_durable.join(" and ");
            return Err(Unproved::NotDurable { then: file(then), now: file(now), settings });
        }
        match other_engines.first() {
            Some(table) => Err(Unproved::OtherEngine { then: file(then), now: file(now), table: table.clone() }),
            None => Ok(()),
        }
    }
}

impl Position {
    /// Whether the log may have come here from there by beginning new files, and not by being reset.
    fn may_be_later(&self, then: &Position) -> bool {
        match (&self.file, &then.file) {
            // bin.1000000 is after bin.999999.
            (Some(now), Some(then)) => (now.len(), now) > (then.len(), then),
            _ => true,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gtid_set = self.gtid_set.as_deref().unwrap_or("empty");
        match (&self.file, self.offset) {
            (Some(file), Some(offset)) => write!(f, "{file}:{offset}, GTID set {gtid_set}"),
            _ => write!(f, "GTID set {gtid_set}"),
        }
    }
}

struct LogVariables {
    bin: String,
    sync: String,
    flush: String,
    updates: String,
    replica_position: String,
}

fn values_of(connection: &mut Connection, server: &Server) -> Result<LogVariables, ServerError> {
    let updates = if server.is_mysql_since(8, 0, 26) { "log_replica_updates" } else { "log_slave_updates" };
    let replica_position = if server.is_mariadb() { "gtid_slave_pos" } else { "server_uuid" };
    let names = ["log_bin", "sync_binlog", "innodb_flush_log_at_trx_commit", updates, replica_position];
    let mut values = values(connection, &names)?.into_iter();
    let mut next = || values.next().unwrap_or_default();
    Ok(LogVariables { bin: next(), sync: next(), flush: next(), updates: next(), replica_position: next() })
}

/// Values of global variables.
fn values(connection: &mut Connection, names: &[&str]) -> Result<Vec<String>, ServerError> {
    let columns: Vec<String> = names.iter().map(|name| format!("@@GLOBAL.{name}")).collect();
    let row = connection.query_first(format!("SELECT {}", columns.join(", ")))?;
    Ok((0..names.len()).map(|column| row.as_ref().map(|row| row.text(column)).unwrap_or_default()).collect())
}
