//! Runs of the programs under test.
//!
//! Every run has a time limit, since a hang is a failure too, and an empty home, so that nobody's own configuration
//! changes what is tested.

mod running;
mod workdir;

pub use running::{Output, Running};
pub use workdir::WorkDir;

use crate::server::Server;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Far longer than any run takes on a slow machine.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Variables that could lead a program to a server or an account of the user's own.
const USERS_VARIABLES: [&str; 6] =
    ["MYSQL_PWD", "MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT", "MYSQL_HOME", "MYDUMPER_CONFIG"];

/// A program and its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    current_dir: Option<PathBuf>,
    shows_stderr: bool,
    time_limit: Duration,
}

impl Program {
    /// The built `mydumper`.
    pub fn mydumper() -> Program {
        Program::new(built("mydumper"))
    }

    /// The built `myloader`.
    pub fn myloader() -> Program {
        Program::new(built("myloader"))
    }

    /// MariaDB's own command line client, which reads scripts from its standard input.
    pub fn stock_client() -> Program {
        Program::new("mariadb").arg("--no-defaults")
    }

    /// The server's own mysqldump, or mariadb-dump, as root.
    pub fn mysqldump(server: &Server) -> Program {
        let command = server.product().mysqldump();
        Program::new(&command[0]).args(&command[1..]).server(server)
    }

    /// Any other program: a path, or a name on the PATH.
    pub fn new(path: impl Into<PathBuf>) -> Program {
        Program {
            path: path.into(),
            args: Vec::new(),
            envs: Vec::new(),
            stdin: Vec::new(),
            current_dir: None,
            shows_stderr: false,
            time_limit: TIME_LIMIT,
        }
    }

    /// The program's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same run through another command: `command` and its arguments come before the program's path.
    #[must_use]
    pub fn under(self, command: &[&str]) -> Program {
        let args = command[1..].iter().map(OsString::from).chain([self.path.into()]).chain(self.args).collect();
        Program { path: command[0].into(), args, ..self }
    }

    /// Connects as root over the server's socket.
    #[must_use]
    pub fn server(self, server: &Server) -> Program {
        self.arg("--socket").arg(server.socket()).args(["--user", "root"])
    }

    /// Connects as root to 127.0.0.1.
    #[must_use]
    pub fn server_tcp(self, server: &Server) -> Program {
        self.args(["--host", "127.0.0.1", "--port", &server.port().to_string(), "--user", "root"])
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Program {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Program {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Program {
        self.envs.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// What the program reads from its standard input; nothing unless set.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Program {
        self.stdin = bytes.into();
        self
    }

    /// Runs the program in this folder.
    #[must_use]
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Program {
        self.current_dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Lets its standard error through to the terminal instead of collecting it.
    #[must_use]
    pub fn show_stderr(mut self) -> Program {
        self.shows_stderr = true;
        self
    }

    /// Kills the program and fails the test after this time, instead of after 10 minutes.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Program {
        self.time_limit = limit;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Runs it, and panics with its messages unless it exits with 0.
    #[track_caller]
    pub fn ok(self) -> Output {
        let what = format!("{self:?}");
        let output = self.run();
        assert_eq!(output.code, Some(0), "{what} failed:\n{}", output.stderr);
        output
    }

    /// Runs it, and panics unless it exits with `code`; with `None`, unless it exits with any code but 0. Returns what
    /// it wrote to its standard error.
    #[track_caller]
    pub fn fails_with(self, code: impl Into<Option<i32>>) -> String {
        let what = format!("{self:?}");
        let output = self.run();
        let failed = match code.into() {
            Some(code) => output.code == Some(code),
            None => output.code.is_some_and(|code| code != 0),
        };
        assert!(failed, "{what} ended with {:?}:\n{}", output.code, output.stderr);
        output.stderr
    }

    /// Starts it, for tests that do something meanwhile.
    pub fn spawn(self) -> Running {
        let stdin = self.stdin.clone();
        let mut running = self.start(Stdio::piped(), Stdio::piped());
        running.feed(stdin);
        running
    }

    fn start(self, stdin: Stdio, stdout: Stdio) -> Running {
        let home = WorkDir::new();
        // Whoever runs the tests may ignore signals, as nohup does; what a program is started with, it keeps.
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP,INT,TERM").arg(&self.path);
        let stderr = if self.shows_stderr { Stdio::inherit() } else { Stdio::piped() };
        command.args(&self.args);
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        for name in USERS_VARIABLES {
            command.env_remove(name);
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(name, home.path());
        }
        command.envs(self.envs);
        if let Some(dir) = self.current_dir {
            command.current_dir(dir);
        }
        Running::start(command, home, self.time_limit)
    }
}

/// Starts `dumper | loader`.
pub fn start_pipe(dumper: Program, loader: Program) -> (Running, Running) {
    let mut dumper = dumper.start(Stdio::null(), Stdio::piped());
    let stdout = dumper.take_stdout();
    (dumper, loader.start(Stdio::from(stdout), Stdio::piped()))
}

/// Runs `dumper | loader`: both outputs, where the dumper's standard output is what the loader has read.
pub fn pipe(dumper: Program, loader: Program) -> (Output, Output) {
    let (dumper, loader) = start_pipe(dumper, loader);
    // The loader first: as long as it reads, the dumper goes on; when it dies, the dumper's pipe breaks.
    let loader = loader.wait();
    (dumper.wait(), loader)
}

/// The program that cargo built beside this test, or the one in `$MYDUMPER_RS_BIN`.
fn built(name: &str) -> PathBuf {
    if let Some(dir) = std::env::var_os("MYDUMPER_RS_BIN") {
        return PathBuf::from(dir).join(name);
    }
    let own = std::env::current_exe().unwrap();
    // Tests are in target/release/deps, programs in target/release.
    let found = own.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no {name} beside {}: run `cargo build --release --workspace` first", own.display()))
}
