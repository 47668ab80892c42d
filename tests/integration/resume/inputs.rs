//! What else `--resume` goes on with: accounts, and the files that are kept of a stream.

use crate::support::dump::{dump, make};
use crate::support::interrupted::{GOES_ON, killed_on, reads_rows};
use crate::support::load::{journals, myloader, streamed};
use harness::compare::differences;
use harness::detour::{Barrier, Detour, Fate, contains};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};

#[test]
fn accounts_are_made_once_and_get_their_privileges() {
    const USERS: [&str; 3] = ["resumed_a", "resumed_b", "resumed_c"];
    for product in Product::ALL {
        let database = "resume_accounts";
        // Of their own, since accounts are all of a server's.
        let (from, to) = (Server::start(product, &[]), Server::start(product, &[]));
        let mut client = make(&from, database, &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)"]);
        for user in USERS {
            client.run(format!("CREATE USER {user}@localhost IDENTIFIED BY 'secret'"));
            client.run(format!("GRANT SELECT, INSERT ON {database}.* TO {user}@localhost"));
        }
        let dir = dump(&from, &["-B", database, "--users"]);
        let is_create = |request: &[u8]| contains(request, "CREATE USER") && contains(request, "resumed_b");
        let is_grant = |request: &[u8]| contains(request, "GRANT SELECT") && contains(request, "resumed_b");
        for (is_meant, fate, is_known) in [
            (is_create as fn(&[u8]) -> bool, Fate::IsLost, true),
            // Whoever finds it there does not know whose it is.
            (is_create, Fate::AnswerIsLost, false),
            (is_grant, Fate::IsLost, true),
            (is_grant, Fate::AnswerIsLost, true),
        ] {
            let mut at_target = to.client();
            at_target.run(format!("DROP DATABASE IF EXISTS {database}"));
            USERS.iter().for_each(|user| at_target.run(format!("DROP USER IF EXISTS {user}@localhost")));
            let killed = killed_on(&to, &dir, &["--users", "-t1"], fate, is_meant);
            assert_ne!(killed.code, Some(0), "{product:?} {fate:?}: {}", killed.stderr);
            let output = myloader(&to, &dir).args(["--users", "-t1", "--resume"]).run();
            let case = format!("{product:?} {fate:?}: {}", output.stderr);
            let told = output.stderr.contains("the connection was lost while the account was created; it exists now");
            assert_eq!((output.code == Some(0), told), (is_known, !is_known), "{case}");
            for user in USERS {
                let grants = format!("SHOW GRANTS FOR {user}@localhost");
                let is_same = client.query(&grants) == at_target.query(&grants);
                assert_eq!(is_same, is_known || user != "resumed_b", "{user} {case}");
            }
            assert_eq!(differences(&from, database, &to, database), [""; 0], "{case}");
            journals(&dir).iter().for_each(|path| std::fs::remove_file(path).unwrap());
        }
    }
}

#[test]
fn the_files_of_a_stream_that_were_kept() {
    for product in Product::ALL {
        let database = "resume_stream";
        let statements = [
            "CREATE TABLE t (id INT, c TEXT, KEY (id))",
            "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
            "CREATE VIEW v AS SELECT * FROM t",
        ];
        make(source(product), database, &statements);
        let stream = streamed(product, database);
        let place = WorkDir::new();
        let kept = place.path().join("kept");
        // Killed when all of it has come, amid the rows.
        let barrier = Barrier::default();
        let hold = barrier.clone();
        let detour = Detour::to(target(product), move |request| {
            if reads_rows(request) {
                hold.pass();
            }
        });
        let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "-t1"]);
        let program = program.args(["--stream=NO_DELETE", "-d"]).arg(&kept).stdin(stream.clone());
        let mut running = program.spawn();
        running.wait_until("it is not there whole", |_| barrier.is_reached() && kept.join("metadata").exists());
        running.signal("KILL");
        assert_eq!(running.wait().code, None);
        barrier.open();
        let resume = Program::myloader().server(target(product)).arg("--resume").arg("-d").arg(&kept);
        resume.clone().ok();
        assert_eq!(differences(source(product), database, target(product), database), [""; 0], "{product:?}");
        // One that was cut short is not restored as if it were whole.
        target(product).client().run(format!("DROP DATABASE {database}"));
        std::fs::remove_dir_all(&kept).unwrap();
        let half = stream.windows(6).position(|bytes| bytes == b"INSERT").unwrap();
        let program = Program::myloader().server(target(product)).args(["--stream=NO_DELETE", "-d"]).arg(&kept);
        let log = program.stdin(&stream[..half]).fails_with(5);
        assert!(log.contains("[ERROR] the stream was cut short at byte ") && !log.contains(GOES_ON), "{log}");
        let log = resume.fails_with(5);
        let told = format!(
            "[ERROR] {} is not a finished dump: it has no file `metadata`; the dump was not finished",
            kept.display()
        );
        assert!(log.contains(&told), "{log}");
    }
}
