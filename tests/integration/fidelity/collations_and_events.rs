//! What a server keeps with a program beside its text: the collation that its database had, and whether an event is over.

use crate::support::dump::{dump, make};
use crate::support::load::{forget_checksums, myloader};
use harness::server::{Product, Server};
use std::time::Duration;

const PROGRAMS: &str = "SELECT GROUP_CONCAT(CONCAT(n, ' ', c) ORDER BY n) FROM (SELECT ROUTINE_NAME n, \
     DATABASE_COLLATION c FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{d}' UNION ALL SELECT TRIGGER_NAME, \
     DATABASE_COLLATION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{d}' UNION ALL SELECT EVENT_NAME, \
     DATABASE_COLLATION FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{d}') x";

fn programs(server: &Server, database: &str) -> String {
    server.client().scalar(PROGRAMS.replace("{d}", database))
}

fn collation(server: &Server, database: &str) -> String {
    let query = "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME";
    server.client().scalar(format!("{query} = '{database}'"))
}

#[test]
fn programs_keep_the_collation_that_their_database_had() {
    for product in Product::ALL {
        let [from, to] = [(); 2].map(|()| Server::start(product, &[]));
        let mut client = make(
            &from,
            "d",
            &[
                "ALTER DATABASE d COLLATE utf8mb4_bin",
                "CREATE TABLE log (t VARCHAR(50))",
                "CREATE PROCEDURE add_log(m VARCHAR(50)) INSERT INTO log VALUES (m)",
                "CREATE TRIGGER tr BEFORE INSERT ON log FOR EACH ROW SET NEW.t = CONCAT(NEW.t, '!')",
                "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
                "ALTER DATABASE d CHARACTER SET latin1",
                "CREATE FUNCTION late() RETURNS INT DETERMINISTIC RETURN 1",
                "CREATE TRIGGER late_tr BEFORE DELETE ON log FOR EACH ROW SET @x = 1",
            ],
        );
        client.run("CALL add_log('日本')");
        let expected =
            "add_log utf8mb4_bin,ev utf8mb4_bin,late latin1_swedish_ci,late_tr latin1_swedish_ci,tr utf8mb4_bin";
        assert_eq!(programs(&from, "d"), expected);
        let dir = dump(&from, &["-B", "d", "-G", "-R", "-E"]);
        myloader(&to, &dir).ok();
        assert_eq!((programs(&to, "d"), collation(&to, "d")), (expected.to_owned(), "latin1_swedish_ci".to_owned()));
        let mut client = to.client();
        client.run("SET NAMES utf8mb4");
        client.run("USE d");
        client.run("CALL add_log('日本')");
        assert_eq!(client.scalar("SELECT COUNT(*) FROM log WHERE t = '日本!'"), "2", "{product:?}");
        // A database that was there with a collation of its own, under another name.
        client.run("CREATE DATABASE other COLLATE ascii_bin");
        myloader(&to, &dir).args(["-B", "other"]).ok();
        assert_eq!((programs(&to, "other"), collation(&to, "other")), (expected.to_owned(), "ascii_bin".to_owned()));
        // A restore that fails amid the routines.
        client.run("CREATE DATABASE third COLLATE ascii_bin");
        let post = dir.path().join("d-schema-post.sql");
        let text = std::fs::read_to_string(&post).unwrap();
        std::fs::write(&post, text.replace("RETURN 1", "RETURN RETURN")).unwrap();
        forget_checksums(&dir);
        myloader(&to, &dir).args(["-B", "third"]).fails_with(4);
        assert_eq!(collation(&to, "third"), "ascii_bin", "{product:?}");
    }
}

#[test]
fn events_whose_time_is_over_keep_their_status() {
    const STATUS: &str = "SELECT GROUP_CONCAT(CONCAT_WS(' ', EVENT_NAME, STATUS, EXECUTE_AT, STARTS, ENDS, ON_COMPLETION) \
         ORDER BY EVENT_NAME) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'd'";
    for product in Product::ALL {
        let [from, to] = [(); 2].map(|()| Server::start(product, &["--event-scheduler=OFF"]));
        let past = "'2020-05-05 10:00:00'";
        let every = format!("EVERY 1 SECOND STARTS '2020-05-05 09:00:00' ENDS {past}");
        make(
            &from,
            "d",
            &[
                "SET timestamp = UNIX_TIMESTAMP('2019-01-01')",
                &format!("CREATE EVENT once ON SCHEDULE AT {past} DO SELECT 1"),
                &format!("CREATE EVENT kept ON SCHEDULE AT {past} ON COMPLETION PRESERVE DO SELECT 1"),
                &format!("CREATE EVENT off ON SCHEDULE AT {past} DISABLE COMMENT 'ENABLE' DO SELECT 1"),
                &format!("CREATE EVENT kept_off ON SCHEDULE AT {past} ON COMPLETION PRESERVE DISABLE DO SELECT 1"),
                &format!("CREATE EVENT up_to ON SCHEDULE {every} DO SELECT 'DISABLE'"),
                &format!("CREATE EVENT up_to_kept ON SCHEDULE {every} ON COMPLETION PRESERVE DO SELECT 1"),
                &format!("CREATE EVENT replica ON SCHEDULE {every} DISABLE ON SLAVE DO SELECT 1"),
                "CREATE EVENT open ON SCHEDULE EVERY 1 DAY STARTS '2019-02-02 00:00:00' DO SELECT 1",
            ],
        );
        let dir = dump(&from, &["-B", "d", "-E"]);
        myloader(&to, &dir).ok();
        assert_eq!(to.client().scalar(STATUS), from.client().scalar(STATUS), "{product:?}");
        // Where they would be dropped at once, they are reported, and the others are there.
        to.client().run("DROP DATABASE d");
        to.client().run("SET GLOBAL event_scheduler = ON");
        let failed = myloader(&to, &dir).time_limit(Duration::from_secs(60)).fails_with(4);
        for (event, became) in [("once", "drops"), ("kept", "disables"), ("up_to", "drops"), ("up_to_kept", "disables")]
        {
            let message = format!(
                "event d.{event}: its time is over, and this server, whose event scheduler is on, {became} it (in the dump it \
                 is enabled; SET GLOBAL event_scheduler = OFF before the restore keeps it)"
            );
            assert!(failed.contains(&message), "{message}: {failed}");
        }
        let names = "SELECT GROUP_CONCAT(EVENT_NAME ORDER BY EVENT_NAME) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'd'";
        assert_eq!(to.client().scalar(names), "kept,kept_off,off,open,replica,up_to_kept");
    }
}
