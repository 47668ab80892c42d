//! Faults while a dump runs: it never hangs, never says that it is whole when it is not, and can be resumed or repeated.

use crate::support::dump::{HELD_ROWS, Held, make, mydumper, only_line};
use harness::compare;
use harness::detour::{Barrier, Detour, Fate, contains};
use harness::program::{Program, Running, WorkDir};
use harness::server::{self, Product, Server};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Longer than a program may take to end after a signal, and far shorter than any other limit.
const SECONDS: Duration = Duration::from_secs(20);

/// Tables of both kinds of engines, in chunks.
fn fill(server: &Server, database: &str) {
    let mut client = make(server, database, &["CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(9))"]);
    client.run(
        "INSERT INTO t WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900) SELECT n, n FROM r",
    );
    client.run("ANALYZE TABLE t");
    client.run("CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM");
    client.run("INSERT INTO m SELECT id FROM t WHERE id < 50");
    client.run("CREATE VIEW v AS SELECT id FROM t");
}

/// Resumes the dump, or starts over where there is nothing to resume.
fn again(server: &Server, dir: &WorkDir, args: &[&str]) {
    let how = if dir.list().contains(&"mydumper.journal".to_owned()) { "--resume" } else { "--clear" };
    mydumper(server, dir).args(args).arg(how).ok();
}

#[track_caller]
fn assert_whole(server: &Server, database: &str, dir: &WorkDir) {
    let target = server::target(server.product());
    Program::myloader().server(target).args(["--drop-table=DROP", "--verify", "-d"]).arg(dir.path()).ok();
    assert_eq!(compare::differences(server, database, target, database), Vec::<String>::new());
}

/// Through a detour that calls `fault` with each request's number.
fn through(
    server: &Server,
    dir: &WorkDir,
    fault: impl Fn(usize, &[u8]) -> Fate + Send + Sync + 'static,
) -> (Program, Detour) {
    let requests = AtomicUsize::new(0);
    let detour = Detour::with_fates(server, move |request| fault(requests.fetch_add(1, Ordering::SeqCst), request));
    let program = Program::mydumper().arg("--socket").arg(detour.socket()).args(["--user", "root", "-o"]);
    (program.arg(dir.path()).time_limit(SECONDS * 3), detour)
}

/// A dump that met a fault: done all the same, or not and then nothing that looks whole. Says which.
#[track_caller]
fn is_done(running: Program, dir: &WorkDir, codes: &[i32]) -> bool {
    let output = running.run();
    let is_whole = dir.list().contains(&"metadata".to_owned());
    assert_eq!(output.code == Some(0), is_whole, "{}", output.stderr);
    if !is_whole {
        assert!(codes.iter().any(|code| output.code == Some(*code)), "{:?}: {}", output.code, output.stderr);
    }
    is_whole
}

#[test]
fn any_of_its_connections_is_killed_at_any_moment() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "faults_kill";
        fill(server, name);
        let args = ["-B", name, "--rows", "100", "-t", "3"];
        let mut failed = 0;
        for moment in (20..220).step_by(25) {
            let dir = WorkDir::new();
            let killer = Mutex::new(server.client());
            let known: Vec<String> = ids(&mut killer.lock().unwrap());
            // Connections that sleep, or hold a lock, as well as those that read.
            let (program, _detour) = through(server, &dir, move |number, _| {
                if number == moment {
                    let mut killer = killer.lock().unwrap();
                    let of_dump: Vec<String> = ids(&mut killer).into_iter().filter(|id| !known.contains(id)).collect();
                    if let Some(id) = of_dump.get(moment / 25 % of_dump.len().max(1)) {
                        // It may have ended by itself.
                        let _ = killer.try_run(format!("KILL {id}"));
                    }
                }
                Fate::Passes
            });
            if !is_done(program.args(args), &dir, &[3, 4]) {
                failed += 1;
                again(server, &dir, &args);
            }
            assert_whole(server, name, &dir);
        }
        assert!(failed > 3, "{product:?}: {failed}");
    }
}

fn ids(client: &mut harness::sql::Client) -> Vec<String> {
    let rows = client.query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'root' ORDER BY ID");
    rows.iter().map(|row| harness::sql::text(&row[0])).collect()
}

#[test]
fn a_dump_that_is_killed_again_and_again_comes_to_its_end() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "faults_again";
        fill(server, name);
        let (mut killed, mut resumed, mut kept) = (0, 0, 0);
        for round in 0..6 {
            let dir = WorkDir::new();
            // Ever later in the dump, so that each run adds something to what the ones before have left.
            for attempt in 0.. {
                let moment = 90 + 17 * round + 23 * attempt;
                let process = Arc::new((Mutex::new(None), Condvar::new()));
                let victim = Arc::clone(&process);
                let (program, _detour) = through(server, &dir, move |number, _| {
                    if number == moment {
                        let (pid, known) = &*victim;
                        let pid = known.wait_while(pid.lock().unwrap(), |pid: &mut Option<u32>| pid.is_none()).unwrap();
                        let _ = Command::new("kill").arg("-KILL").arg(pid.unwrap().to_string()).status();
                    }
                    Fate::Passes
                });
                let is_resumed = dir.list().contains(&"mydumper.journal".to_owned());
                let how = if is_resumed { "--resume" } else { "--clear" };
                let running = program.args(["-B", name, "--rows", "100", "-t", "3", how]).spawn();
                *process.0.lock().unwrap() = Some(running.pid());
                process.1.notify_all();
                let output = running.wait();
                resumed += usize::from(is_resumed);
                kept += usize::from(is_resumed && !output.stderr.contains("0 chunks with 0 rows"));
                if output.code == Some(0) {
                    break;
                }
                assert_eq!(output.code, None, "{product:?}: {}", output.stderr);
                killed += 1;
                // The kill may come when all is written: metadata is there only then, so the dump has to be whole.
                if dir.list().contains(&"metadata".to_owned()) {
                    break;
                }
            }
            assert_whole(server, name, &dir);
        }
        assert!(killed > 6 && resumed > 3 && kept > 3, "{product:?}: {killed} killed, {resumed} resumed, {kept} kept");
    }
}

#[test]
fn nobody_has_to_read_its_messages() {
    let full = ["sh", "-c", "exec \"$@\" 2>/dev/full", "sh"];
    for verbose in ["0", "3"] {
        Program::mydumper().args(["--socket=/no/such", "-v", verbose]).under(&full).fails_with(3);
    }
}

#[test]
fn the_network_is_cut_at_any_moment() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "faults_cut";
        fill(server, name);
        let args = ["-B", name, "--rows", "100", "-t", "3"];
        let mut failed = 0;
        for (index, moment) in (10..220).step_by(30).enumerate() {
            let dir = WorkDir::new();
            let fate = [Fate::IsLost, Fate::AnswerIsLost, Fate::IsOrphaned][index % 3];
            let (program, _detour) =
                through(server, &dir, move |number, _| if number == moment { fate } else { Fate::Passes });
            if !is_done(program.args(args), &dir, &[3]) {
                failed += 1;
                again(server, &dir, &args);
            }
            assert_whole(server, name, &dir);
        }
        assert!(failed > 3, "{product:?}: {failed}");
    }
}

#[test]
fn a_signal_ends_a_dump_whose_server_does_not_answer() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "faults_stall";
        fill(server, name);
        for (stalled, stream) in
            [("FROM `faults_stall`.`t`", false), ("START TRANSACTION", false), ("FROM `faults_stall`.`t`", true)]
        {
            let (dir, barrier) = (WorkDir::new(), Barrier::default());
            let stall = barrier.clone();
            let (program, _detour) = through(server, &dir, move |_, request| {
                if contains(request, stalled) {
                    stall.pass();
                }
                Fate::Passes
            });
            let program = program.args(["-B", name, "-t", "1"]).args(stream.then_some("--stream"));
            let mut running = program.time_limit(SECONDS).spawn();
            running.wait_until("nothing stalls", |_| barrier.is_reached());
            running.signal("TERM");
            let output = running.wait();
            barrier.open();
            assert_eq!(output.code, Some(143), "{product:?}: {}", output.stderr);
            let line = only_line(&output.stderr);
            assert_eq!(line, "[ERROR] stopped before the dump was done: it is not complete", "{product:?}");
            assert!(!dir.list().contains(&"metadata".to_owned()), "{product:?}");
        }
    }
}

/// A dump that hangs in the writing of its log, to a pipe that is full, and the pipe.
fn hung(server: &Server, dir: &WorkDir) -> (Running, File) {
    let pipe = dir.path().join("log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut full = File::options().read(true).write(true).custom_flags(0o4000).open(&pipe).unwrap(); // O_NONBLOCK
    for size in [4096, 1] {
        while full.write(&vec![b'.'; size]).is_ok() {}
    }
    let mut other = server.client();
    let last = other.scalar("SELECT MAX(ID) FROM information_schema.PROCESSLIST");
    let program = mydumper(server, dir).args(["-B", "faults_disk", "--dirty", "-v", "3", "--logfile"]).arg(pipe);
    let mut running = program.time_limit(SECONDS).spawn();
    // It is about to tell that it is connected.
    let sessions = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID > {last} AND COMMAND = 'Sleep' AND USER = 'root'"
    );
    running.wait_until("it does not connect", |_| other.scalar(&sessions) != "0");
    (running, full)
}

#[test]
fn what_does_not_answer_does_not_keep_the_program() {
    let server = &*server::held(Product::MariaDb);
    fill(server, "faults_disk");
    // A second signal ends it at once; after one, it is waited for only so long.
    for signals in [&["INT", "TERM"][..], &["HUP"]] {
        let dir = WorkDir::new();
        let (running, _full) = hung(server, &dir);
        signals.iter().for_each(|signal| running.signal(signal));
        let output = running.wait();
        // Two signals that come close together may come in any order.
        let codes: &[i32] = if signals.len() == 2 { &[130, 143] } else { &[129] };
        assert!(output.code.is_some_and(|code| codes.contains(&code)), "{:?}: {}", output.code, output.stderr);
        assert_eq!(
            output.stderr.contains("without waiting any longer for a disk or a server that has not responded for 10 s"),
            signals.len() == 1,
            "{}",
            output.stderr
        );
        assert!(!dir.list().contains(&"metadata".to_owned()));
    }
}

#[test]
fn a_hangup_ends_a_dump_unless_it_was_started_to_outlive_it() {
    let server = &*server::held(Product::MariaDb);
    make(server, "faults_hup", HELD_ROWS);
    let held = Held::new(server, "faults_hup");
    let spawn = |dir: &WorkDir, how: &[&str]| {
        let program = mydumper(server, dir).args(["-B", "faults_hup", "--statement-size", "10000", "--where"]);
        let program = program.arg(held.condition()).under(how).time_limit(SECONDS);
        let mut running = program.spawn();
        let rows = dir.path().join("faults_hup.t.00000.sql");
        running.wait_until("no rows are written", |_| rows.metadata().is_ok_and(|rows| rows.len() > 100_000));
        running.signal("HUP");
        running
    };
    let dir = WorkDir::new();
    let output = spawn(&dir, &["env"]).wait();
    assert_eq!(output.code, Some(129), "{}", output.stderr);
    assert_eq!(only_line(&output.stderr), "[ERROR] stopped before the dump was done: it is not complete");
    assert!(!dir.list().contains(&"metadata".to_owned()));
    // As under nohup.
    let dir = WorkDir::new();
    let running = spawn(&dir, &["env", "--ignore-signal=HUP"]);
    drop(held);
    assert_eq!(running.wait().code, Some(0));
    assert!(dir.list().contains(&"metadata".to_owned()));
}

#[test]
fn files_that_others_remove_or_add_are_missed() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "faults_files";
        make(server, name, HELD_ROWS);
        let path = |dir: &WorkDir, file: &str| dir.path().join(format!("{name}{file}"));
        let fault = |cause: &dyn Fn(&WorkDir), code: i32| {
            let (dir, held) = (WorkDir::new(), Held::new(server, name));
            let running = held.spawn(server, &dir, &[]);
            cause(&dir);
            drop(held);
            let output = running.wait();
            assert_eq!(output.code, Some(code), "{product:?}: {}", output.stderr);
            (only_line(&output.stderr).replace(&dir.path().display().to_string(), "DIR"), dir)
        };
        let (line, dir) = fault(&|dir| std::fs::remove_file(path(dir, ".t-schema.sql")).unwrap(), 7);
        assert_eq!(
            line,
            "[ERROR] DIR has 2 files of the dump, but 3 were written: somebody else removed or added some meanwhile; the \
             dump is not complete: dump again into a directory that nobody else changes"
        );
        assert!(!dir.list().contains(&"metadata".to_owned()));
        again(
            server,
            &dir,
            &["-B", name, "--statement-size", "10000", "--where", &Held::new(server, name).condition()],
        );
        let (line, _dir) = fault(&|dir| dir.write(&format!("{name}.other.00000.sql"), "x"), 7);
        assert!(line.starts_with("[ERROR] DIR has 4 files of the dump, but 3 were written: "), "{line}");
        let (line, _dir) = fault(&|dir| std::fs::remove_dir_all(dir.path()).unwrap(), 7);
        assert!(line.contains("No such file or directory (os error 2)"), "{line}");
    }
}

#[test]
fn a_full_disk_is_resumed_when_there_is_room() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "faults_full";
        make(server, name, HELD_ROWS).run("CREATE TABLE small (id INT PRIMARY KEY) SELECT id FROM t WHERE id < 9");
        // Files of 1 MiB at most stand for it: the limit is an error of write(2) when its signal is ignored.
        let limited = ["bash", "-c", "trap '' XFSZ; ulimit -f 1024; exec \"$@\"", "bash"];
        let dir = WorkDir::new();
        let line = only_line(&mydumper(server, &dir).args(["-B", name, "-t", "1"]).under(&limited).fails_with(7));
        assert!(line.starts_with("[ERROR] cannot write "), "{line}");
        again(server, &dir, &["-B", name]);
        assert_whole(server, name, &dir);
    }
}

#[test]
fn a_host_that_is_gone_is_noticed() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "faults_gone";
        make(server, name, HELD_ROWS);
        let held = Held::new(server, name);
        for protocol in [&[][..], &["--compress-protocol"]] {
            let dir = WorkDir::new();
            let program = Program::mydumper().server_tcp(server).args(["-B", name, "--statement-size", "10000", "-o"]);
            let program = program.arg(dir.path()).arg("--where").arg(held.condition()).args(protocol);
            let mut running = program.time_limit(SECONDS).spawn();
            let rows = dir.path().join(format!("{name}.t.00000.sql"));
            running.wait_until("no rows are written", |_| rows.metadata().is_ok_and(|rows| rows.len() > 100_000));
            // The system probes the host of each of its connections: timer 2 is that of keepalive.
            let port = format!(":{:04X}", server.port());
            let tcp = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let timers: Vec<&str> = tcp
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>())
                .filter(|fields| fields[2].ends_with(&port) && fields[3] == "01")
                .map(|fields| &fields[5][..2])
                .collect();
            assert!(timers.len() > 4 && timers.iter().all(|timer| *timer == "02"), "{product:?}: {timers:?}");
            running.signal("TERM");
            assert_eq!(running.wait().code, Some(143));
        }
    }
}
