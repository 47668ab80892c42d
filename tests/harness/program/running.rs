//! A program that runs.

use super::WorkDir;
use crate::sql::{Client, text};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(5);

/// How a run ended.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None` when a signal ended the program.
    pub code: Option<i32>,
    /// What it wrote to its standard output, if that was not piped elsewhere.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// A started program. Dropping it kills the program.
pub struct Running {
    name: String,
    child: Child,
    stdout: Option<Collector>,
    /// Empty when it goes to the terminal.
    stderr: Collector,
    deadline: Instant,
    /// Of its server, if it is given one by `--socket`.
    socket: Option<PathBuf>,
    /// The program's empty home, kept while it runs.
    _home: WorkDir,
}

impl Running {
    pub(super) fn start(mut command: Command, home: WorkDir, time_limit: Duration) -> Running {
        let name = format!("{command:?}");
        let socket = command.get_args().skip_while(|arg| *arg != "--socket").nth(1).map(PathBuf::from);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let stderr = match child.stderr.take() {
            Some(pipe) => Collector::of(pipe),
            None => Collector::of(std::io::empty()),
        };
        Running { name, child, stdout: None, stderr, deadline: Instant::now() + time_limit, socket, _home: home }
    }

    /// Writes the program's standard input in a thread of its own.
    pub(super) fn feed(&mut self, bytes: Vec<u8>) {
        let mut stdin = self.child.stdin.take().unwrap();
        // A program that ends early breaks this pipe; its exit code tells the test.
        std::thread::spawn(move || stdin.write_all(&bytes));
        self.collect_stdout();
    }

    pub(super) fn take_stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    fn collect_stdout(&mut self) {
        self.stdout = self.child.stdout.take().map(Collector::of);
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its standard error so far.
    pub fn stderr_so_far(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits until its standard error contains `text`. Panics when it ends or the time limit passes before.
    pub fn wait_for_stderr(&mut self, text: &str) {
        self.wait_until(&format!("no {text:?} on its standard error"), |running| {
            running.stderr.so_far().contains(text)
        });
    }

    /// Waits until `condition` holds. Panics with `what` when the program ends or the time limit passes before.
    pub fn wait_until(&mut self, what: &str, mut condition: impl FnMut(&Running) -> bool) {
        while !condition(self) {
            if let Some(status) = self.child.try_wait().unwrap() {
                // The last words count too: read them before the verdict.
                self.stderr.finish();
                assert!(condition(self), "{} {status}: {what}\n{}", self.name, self.stderr.so_far());
                return;
            }
            self.check_deadline(what);
            std::thread::sleep(POLL);
        }
    }

    /// Sends a signal by its name, for instance `TERM`.
    pub fn signal(&self, name: &str) {
        // The child is not waited for yet, so the pid is still its own.
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.unwrap().success(), "SIG{name} cannot be sent");
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Output {
        if self.stdout.is_none() {
            self.collect_stdout();
        }
        let status = self.wait_for_exit();
        let stdout = self.stdout.as_mut().map(Collector::finish).unwrap_or_default();
        let stderr = self.stderr.finish();
        Output { code: status.code(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }

    fn wait_for_exit(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            self.check_deadline("it does not end");
            std::thread::sleep(POLL);
        }
    }

    fn check_deadline(&mut self, what: &str) {
        if Instant::now() > self.deadline {
            let server = self.what_the_server_does();
            let _ = self.child.kill();
            panic!("{}: time limit passed: {what}\n{}{server}", self.name, self.stderr.so_far());
        }
    }
}

impl Running {
    /// The statements that run on the server which the program is given, since they may be what it waits for.
    fn what_the_server_does(&self) -> String {
        let Some(socket) = &self.socket else { return String::new() };
        let rows = Client::connect_socket(socket).and_then(|mut client| client.try_query("SHOW FULL PROCESSLIST"));
        match rows {
            Ok(rows) => {
                rows.iter().map(|row| format!("{}\n", row.iter().map(text).collect::<Vec<_>>().join(" | "))).collect()
            }
            Err(error) => format!("the server does not tell what it does: {error}\n"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without effect on a child that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe in a thread, so that the program never blocks on it.
struct Collector {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    fn of(mut pipe: impl Read + Send + 'static) -> Collector {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Collector { bytes, thread: Some(thread) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// Everything, once the pipe is closed.
    fn finish(&mut self) -> Vec<u8> {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        self.bytes.lock().unwrap().clone()
    }
}
