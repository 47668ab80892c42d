//! Rows whose statement is longer than the server's `max_allowed_packet`: a row always fits its own statements.

use crate::support::dump::{dump, make, metadata_value, row_files};
use crate::support::load::myloader;
use harness::compare::{differences, row_differences};
use harness::program::Program;
use harness::server::{Product, Server};

/// `max_allowed_packet` of both servers, in bytes.
const PACKET: usize = 8 << 20;

#[test]
fn rows_near_the_largest_packet() {
    for product in Product::ALL {
        let database = "values_packets";
        let option = format!("--max-allowed-packet={PACKET}");
        let (from, to) = (Server::start(product, &[&option]), Server::start(product, &[&option]));
        let json = if product == Product::MySql { "JSON" } else { "LONGTEXT" };
        make(
            &from,
            database,
            &[
                &format!(
                    "CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, c LONGTEXT CHARACTER SET utf8mb4, j {json}, \
                     g LONGTEXT CHARACTER SET gbk)"
                ),
                "INSERT INTO t VALUES (1, 'small', 'small', '{}', 'small')",
                // Escaped, each byte takes two.
                "INSERT INTO t VALUES (2, REPEAT(x'00', 5000000), 'small', '{}', NULL)",
                // Without any escape, and longer than a packet all the same.
                "INSERT INTO t VALUES (3, REPEAT('x', 5000000), REPEAT('😀', 1250000), '[]', 'é')",
                "INSERT INTO t VALUES (4, NULL, '', JSON_QUOTE(REPEAT('é\\\\', 1250000)), REPEAT(_gbk x'815c', 2000000))",
                // The longest value that a packet can bring to a server of the same setting.
                "INSERT INTO t VALUES (5, REPEAT('\\'', 8300000), '', NULL, NULL)",
                "INSERT INTO t VALUES (6, NULL, NULL, NULL, NULL)",
            ],
        );
        for options in [&["-B", database][..], &["-B", database, "--hex-blob", "--compress", "--chunk-filesize=1"]] {
            let dir = dump(&from, options);
            let longest = metadata_value(&dir.read_text("metadata"), "max-statement-size").unwrap();
            assert!(longest.parse::<usize>().unwrap() <= PACKET, "{product:?}: {longest}");
            myloader(&to, &dir).arg("--drop-table").ok();
            assert_eq!(differences(&from, database, &to, database), [""; 0], "{product:?}");
        }

        let dir = dump(&from, &["-B", database]);
        // The files are good for the stock client, too.
        to.client().run(format!("TRUNCATE {database}.t"));
        for file in row_files(&dir, database, "t") {
            let client = Program::new("mariadb").args(["--no-defaults", "--binary-mode", "-uroot", "-D", database]);
            client.arg("-S").arg(to.socket()).stdin(dir.read(&file)).ok();
        }
        assert_eq!(row_differences(&from, database, &to, database), [""; 0], "{product:?}");

        // A server that takes only smaller packets causes an error, and gets no NULL in place of a value.
        to.client().run(format!("TRUNCATE {database}.t"));
        to.client().run("SET GLOBAL max_allowed_packet = 4194304");
        let stderr = myloader(&to, &dir).arg("--drop-table").fails_with(4);
        assert!(stderr.contains("[ERROR] values_packets.t.0000"), "{product:?}: {stderr}");
        assert_eq!(to.client().scalar("SELECT COUNT(*) FROM values_packets.t WHERE id BETWEEN 2 AND 5"), "0");
    }
}
