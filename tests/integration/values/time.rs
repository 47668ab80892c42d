//! Times come back as they were, whatever the zones and modes of the servers.

use crate::support::dump::{dump, make};
use crate::support::fidelity::{restored, round_trips};
use crate::support::load::myloader;
use harness::compare::differences;
use harness::server::{Product, Server};

#[test]
fn times_of_every_kind() {
    for product in Product::ALL {
        round_trips(
            product,
            "values_clock",
            &[
                "SET sql_mode = 'ALLOW_INVALID_DATES'",
                "CREATE TABLE t (id INT PRIMARY KEY, t TIME, t3 TIME(3), t6 TIME(6), d DATE, dt DATETIME, \
                 dt6 DATETIME(6), ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL)",
                "INSERT INTO t VALUES (1, '-838:59:59', '-00:00:00.5', '-838:59:58.999999', '0000-00-00', \
                 '0000-00-00', '0000-00-00', 0, 0)",
                "INSERT INTO t VALUES (2, '838:59:59', '00:00:00.001', '-00:00:00.000001', '2024-00-00', \
                 '2024-02-00 01:02:03', '2023-02-31 23:59:59.999999', '1970-01-01 02:00:01', '2038-01-19 05:14:07.999999')",
                "INSERT INTO t VALUES (3, NULL, NULL, NULL, '9999-12-31', '1000-01-01', '9999-12-31 23:59:59.999999', \
                 NULL, NULL)",
                "INSERT INTO t VALUES (4, 0, 0, 0, '0001-01-01', '0000-01-01', '0000-00-01', '2024-03-31 02:30:00', \
                 '2024-10-27 02:30:00.000001')",
            ],
        );
        assert_eq!(restored(product, "SELECT CONCAT_WS('|', d, dt, dt6) FROM values_clock.t WHERE id = 2"), {
            "2024-00-00|2024-02-00 01:02:03|2023-02-31 23:59:59.999999"
        });
    }
}

/// Both servers have a zone with daylight saving time, and their own: the hour that comes twice, and the one that
/// does not exist, are instants like any other.
#[test]
fn instants_in_the_gaps_of_other_zones() {
    for product in Product::ALL {
        let database = "values_gaps";
        let servers =
            ["-04:00", "+02:00"].map(|zone| Server::start(product, &[&format!("--default-time-zone={zone}")]));
        let [from, to] = &servers;
        for (server, zone) in [(from, "America/New_York"), (to, "Europe/Berlin")] {
            make_zones(server);
            server.client().run(format!("SET GLOBAL time_zone = '{zone}'"));
        }
        // Every quarter of an hour of the nights when clocks change in Berlin and New York, in 2024.
        let starts = [1_711_839_600, 1_729_980_000, 1_710_050_400, 1_730_606_400];
        let instants: Vec<String> = starts
            .iter()
            .flat_map(|start| (0..24).map(move |n| format!("(FROM_UNIXTIME({}))", start + n * 900)))
            .collect();
        make(
            from,
            database,
            &[
                "SET time_zone = '+00:00'",
                "CREATE TABLE t (ts TIMESTAMP NOT NULL, PRIMARY KEY (ts))",
                &format!("INSERT INTO t VALUES {}", instants.join(",")),
                // No time of day in Berlin.
                "CREATE TABLE defaults (id INT PRIMARY KEY, ts TIMESTAMP NULL DEFAULT '2024-03-31 01:30:00', \
                 twice TIMESTAMP(6) NULL DEFAULT '2024-10-27 00:30:00.000001', zero TIMESTAMP NULL DEFAULT 0, \
                 n TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
                "INSERT INTO defaults (id, n) VALUES (1, NULL)",
            ],
        );
        let dir = dump(from, &["-B", database]);
        myloader(to, &dir).ok();
        assert_eq!(differences(from, database, to, database), [""; 0], "{product:?}");
        assert_eq!(to.client().scalar("SELECT COUNT(DISTINCT UNIX_TIMESTAMP(ts)) FROM values_gaps.t"), "96");
    }
}

/// The rules of these two zones for 2024, as the servers' tool would load them from the system's files.
fn make_zones(server: &Server) {
    let mut client = server.client();
    client.run("SET sql_mode = ''");
    for (id, name, standard, summer, starts, ends) in [
        (9001, "Europe/Berlin", 3600, 7200, 1_711_846_800, 1_729_990_800),
        (9002, "America/New_York", -18000, -14400, 1_710_054_000, 1_730_613_600),
    ] {
        client.run(format!("INSERT INTO mysql.time_zone VALUES ({id}, 'N')"));
        client.run(format!("INSERT INTO mysql.time_zone_name VALUES ('{name}', {id})"));
        client.run(format!(
            "INSERT INTO mysql.time_zone_transition_type VALUES ({id}, 0, {standard}, 0, 'STD'), ({id}, 1, {summer}, 1, 'DST')"
        ));
        client.run(format!(
            "INSERT INTO mysql.time_zone_transition VALUES ({id}, 0, 0), ({id}, {starts}, 1), ({id}, {ends}, 0)"
        ));
    }
    client.run("FLUSH TABLES");
}
