//! A stream that nobody can take to its end.

use crate::support::dump::{make, only_line};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product};
use std::time::Duration;

const NONE: &[String] = &[];

#[test]
fn a_reader_that_goes_away() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let fill = "INSERT INTO t WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 999) \
                    SELECT n, REPEAT('x', 2000) FROM r";
        make(server, "unread", &["CREATE TABLE t (id INT PRIMARY KEY, b TEXT)", fill]);
        let mut holder = server.client();
        assert_eq!(holder.scalar("SELECT GET_LOCK('unread', 0)"), "1");
        // While rows are sent, and while the server has nothing to say.
        for condition in ["TRUE", "GET_LOCK('unread', 60) IS NOT NULL"] {
            let work = WorkDir::new();
            let program = Program::mydumper().server(server).args(["-B", "unread", "--where", condition]);
            let program = program.args(["--stream", "-o"]).arg(work.path().join("dump"));
            let program = program.time_limit(Duration::from_secs(20));
            let reader = "\"$@\" | head -c 100 >/dev/null; exit ${PIPESTATUS[0]}";
            let stderr = program.under(&["bash", "-c", reader, "bash"]).fails_with(7);
            assert_eq!(
                only_line(&stderr),
                "[ERROR] the stream's reader closed it before the dump was complete: look at its messages for the cause"
            );
            assert_eq!(work.list(), NONE, "{product:?} {condition}");
        }
    }
}

#[test]
fn an_output_that_is_full_and_one_that_is_a_terminal() {
    let server = server::source(Product::MariaDb);
    make(server, "unsent", &["CREATE TABLE t (id INT)"]);
    let work = WorkDir::new();
    let program = Program::mydumper().server(server).args(["-B", "unsent", "--stream"]).current_dir(work.path());
    let full = program.clone().under(&["sh", "-c", "\"$@\" >/dev/full", "sh"]);
    assert_eq!(
        only_line(&full.fails_with(7)),
        "[ERROR] cannot write the stream at metadata.header: No space left on device (os error 28)"
    );
    assert_eq!(work.list(), NONE);
    let output = program.under(&["sh", "-c", "script -qec \"$*\" /dev/null", "sh"]).run();
    assert_eq!(output.code, Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "mydumper: --stream writes binary data to standard output: redirect it to a file or a pipe"
    );
    assert_eq!(work.list(), NONE);
}
