//! Private servers: each with its own data directory, unix socket and TCP port, and gone when the test is.
//!
//! A guard process (`server/guard.sh`) starts the server and waits for the end of its standard input, a pipe that
//! only the test process holds. So the server ends, by its own pid, also when the test process is killed.

mod install;

use crate::sql::Client;
use install::{Installation, option};
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

const START_TIMEOUT: Duration = Duration::from_secs(180);

/// Which server software.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Product {
    /// MariaDB of Debian's own release.
    MariaDb,
    /// MySQL, from the PATH or unpacked in the user's cache folder.
    MySql,
}

impl Product {
    /// Both products.
    pub const ALL: [Product; 2] = [Product::MariaDb, Product::MySql];

    /// The command of its mysqldump, or mariadb-dump, without options.
    pub fn mysqldump(self) -> Vec<OsString> {
        let name = if self == Product::MariaDb { "mariadb-dump" } else { "mysqldump" };
        let mut command = Installation::client(self, name);
        command.push("--no-defaults".into());
        command
    }

    /// The version of the server on this machine, as its program tells it.
    pub fn version(self) -> &'static str {
        &Installation::of(self).version
    }
}

/// The process's shared server to dump from. Tests use databases of their own names in it.
pub fn source(product: Product) -> &'static Server {
    static SHARED: [OnceLock<Server>; 2] = [OnceLock::new(), OnceLock::new()];
    SHARED[product as usize].get_or_init(|| Server::start(product, &[]))
}

/// The process's server to dump from while statements or locks are kept, for one test at a time: a FLUSH TABLES of
/// another test's dump would wait for them, and all statements after it would wait for the FLUSH.
pub fn held(product: Product) -> MutexGuard<'static, Server> {
    static SHARED: [OnceLock<Mutex<Server>>; 2] = [OnceLock::new(), OnceLock::new()];
    let server = SHARED[product as usize].get_or_init(|| Mutex::new(Server::start(product, &[])));
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The process's shared server to restore into.
pub fn target(product: Product) -> &'static Server {
    static SHARED: [OnceLock<Server>; 2] = [OnceLock::new(), OnceLock::new()];
    SHARED[product as usize].get_or_init(|| Server::start(product, &[]))
}

/// Whether this process may mount file systems, seen by others that it starts only.
pub fn can_mount() -> bool {
    let mount = "mount -t tmpfs none /mnt";
    Command::new("unshare").args(["--mount", "sh", "-c", mount]).output().is_ok_and(|output| output.status.success())
}

/// Where a server's data are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    /// In its own folder.
    Own,
    /// In a directory that stays.
    Kept(&'a Path),
    /// On a file system of its own.
    SmallDisk,
    /// In its own folder, made for names that are the same in any case.
    Folding,
}

/// A running server. Dropping it ends it; a shared one ends with the process.
///
/// `root` has an empty password, on the socket and on 127.0.0.1.
pub struct Server {
    product: Product,
    dir: PathBuf,
    port: u16,
    pid: AtomicU32,
    guard: Child,
}

impl Server {
    /// Starts a server with `extra_args` after the harness's own options, so that they win. Panics with the server's
    /// log when it does not start.
    pub fn start(product: Product, extra_args: &[&str]) -> Server {
        Server::start_with(product, Place::Own, extra_args)
    }

    /// The same on a file system of its own, in memory, whose room [`Server::leave_room`] sets. See [`can_mount`].
    pub fn start_on_small_disk(product: Product, extra_args: &[&str]) -> Server {
        Server::start_with(product, Place::SmallDisk, extra_args)
    }

    /// The same with names that are the same in any case: `lower_case_table_names` is 1.
    pub fn start_folding(product: Product) -> Server {
        Server::start_with(product, Place::Folding, &["--lower-case-table-names=1"])
    }

    /// The same on a data directory that stays when the server ends. One that is not there yet is made.
    pub fn start_on(product: Product, data: &Path, extra_args: &[&str]) -> Server {
        Server::start_with(product, Place::Kept(data), extra_args)
    }

    fn start_with(product: Product, place: Place<'_>, extra_args: &[&str]) -> Server {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Server::try_start(product, place, extra_args) {
                Ok(server) => return server,
                // Between the choice of a free port and its use somebody else can take it.
                Err(log) if log.contains("Address already in use") && attempts < 5 => {}
                Err(log) => panic!("{product:?} did not start with {extra_args:?}:\n{log}"),
            }
        }
    }

    fn try_start(product: Product, place: Place<'_>, extra_args: &[&str]) -> Result<Server, String> {
        let installation = Installation::of(product);
        // A short name, since a socket's path has at most 107 bytes. tempfile makes the folder with mode 0700.
        let dir = tempfile::Builder::new().prefix("mydumper-rs-").tempdir().unwrap();
        let data = if let Place::Kept(data) = place { data.to_owned() } else { dir.path().join("data") };
        let port = free_port();
        let mut guard = if place == Place::SmallDisk {
            fs::create_dir(&data).unwrap();
            // Seen by the server and its guard only, and gone with them.
            let mount = "mount -t tmpfs none \"$1\" && cp -a \"$0/.\" \"$1\" && shift && exec sh \"$@\"";
            let mut guard = Command::new("unshare");
            guard.args(["--mount", "sh", "-c", mount]).arg(installation.template()).arg(&data);
            guard
        } else {
            if !data.exists() {
                let folding = place == Place::Folding;
                copy_template(if folding { installation.folding_template() } else { installation.template() }, &data);
            }
            Command::new("sh")
        };
        guard.args(["-c", include_str!("server/guard.sh"), "guard"]).arg(dir.path());
        guard.args(&installation.command).arg(option("--datadir", &data));
        guard.arg(option("--socket", &dir.path().join("socket")));
        guard.arg(option("--pid-file", &dir.path().join("pid")));
        // In a shared one, a server that starts removes the temporary tables of those that run, and MariaDB crashes.
        guard.arg(option("--tmpdir", dir.path()));
        guard.args(options(product, port)).args(extra_args);
        // Its own process group: Ctrl-C in a terminal must reach the test process only.
        guard.process_group(0);
        // No stream of ours is left open in it: who reads this process's output would wait for the server's end too.
        guard.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut guard = guard.spawn().unwrap();
        let dir = dir.keep();
        let mut line = String::new();
        BufReader::new(guard.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid: u32 = line.trim().parse().unwrap_or_else(|_| panic!("the guard of {} died", dir.display()));
        let server = Server { product, dir, port, pid: AtomicU32::new(pid), guard };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Ends the server as a crash of its process does, and starts it again at once on what it had written, with the same
    /// address and options. Returns when it answers.
    pub fn crash(&self) {
        let before = self.pid();
        self.guard.stdin.as_ref().unwrap().write_all(b"crash\n").unwrap();
        let deadline = Instant::now() + START_TIMEOUT;
        let next = loop {
            match fs::read_to_string(self.dir.join("next")).ok().and_then(|text| text.trim_end().parse().ok()) {
                Some(next) if next != before => break next,
                _ => {}
            }
            assert!(Instant::now() < deadline, "the server was not started again:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        };
        self.pid.store(next, Ordering::SeqCst);
        if let Err(log) = self.wait_until_ready() {
            panic!("{:?} did not start again:\n{log}", self.product);
        }
    }

    /// Waits until the server answers. The error is its log, when it ends or hangs instead.
    fn wait_until_ready(&self) -> Result<(), String> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Client::connect_as(self, "root", "").is_err() {
            if !is_alive(self.pid()) {
                return Err(self.log());
            }
            if Instant::now() > deadline {
                return Err(format!("no answer in {START_TIMEOUT:?}\n{}", self.log()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Leaves so many mebibytes on the disk of a server of [`Server::start_on_small_disk`].
    pub fn leave_room(&self, mebibytes: u32) {
        let script = "used=$(df -m --output=used \"$0\" | tail -n 1) && mount -o remount,size=$((used + $1))m \"$0\"";
        let mut shell = Command::new("nsenter");
        shell.args(["--mount", "--target", &self.pid().to_string(), "sh", "-c", script]).arg(self.dir.join("data"));
        let output = shell.arg(mebibytes.to_string()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Ends the server as an administrator would, with all of its pages written, so that its next start is quick.
    pub fn shut_down(self) {
        let mut client = self.client();
        client.run("SET GLOBAL innodb_fast_shutdown = 1");
        // The server may close the connection before it has answered.
        let _ = client.try_run("SHUTDOWN");
        let deadline = Instant::now() + START_TIMEOUT;
        while is_alive(self.pid()) {
            assert!(Instant::now() < deadline, "the server does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Which software this server is.
    pub fn product(&self) -> Product {
        self.product
    }

    /// The unix socket's path.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The private folder, removed when the server ends.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::SeqCst)
    }

    /// What the server has written to its error log.
    pub fn log(&self) -> String {
        let log = fs::read(self.dir.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// A client of `root` on the unix socket.
    pub fn client(&self) -> Client {
        Client::connect(self)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Options of every server. They favour speed over durability: a server's data live no longer than its test.
fn options(product: Product, port: u16) -> Vec<String> {
    let common = [
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--log-bin=binlog",
        "--sync-binlog=0",
        "--local-infile=1",
        "--secure-file-priv=",
        "--max-allowed-packet=64M",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_general_ci",
        "--innodb-buffer-pool-size=256M",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-fast-shutdown=2",
        "--log-bin-trust-function-creators=1",
    ];
    let own: &[&str] = match product {
        Product::MariaDb => &["--skip-log-error"],
        Product::MySql => &["--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--mysqlx=OFF"],
    };
    // The port is also a number that no other server on this machine has.
    let numbers = [format!("--port={port}"), format!("--server-id={port}")];
    common.iter().chain(own).map(|option| (*option).to_owned()).chain(numbers).collect()
}

fn copy_template(template: &Path, data: &Path) {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(template).arg(data).status();
    assert!(copied.unwrap().success(), "{} cannot be copied", template.display());
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Is there such a process, and is it not merely waiting to be reaped?
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // PID (NAME) STATE ...; a name can hold parentheses itself.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
