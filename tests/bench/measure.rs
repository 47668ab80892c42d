//! One measured run of a program, or of a pipeline of two.
//!
//! CPU time and memory come from /proc. A process that has ended keeps its CPU time there until it is waited for;
//! its peak of memory it does not keep, so that is read every few milliseconds while it runs.

use harness::program::WorkDir;
use harness::server::Server;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(5);
const TIME_LIMIT: Duration = Duration::from_secs(1800);
/// How long a server may take to finish its work in the background before a run.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
const SETTLE_STEP: Duration = Duration::from_millis(500);
/// Of one core, what idle servers use at most, and all of an idle machine.
const IDLE_SHARE: f64 = 0.06;
const QUIET_SHARE: f64 = 0.2;
/// Linux counts CPU time in hundredths of a second, whatever its clock's frequency.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a run took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// From start to end, in seconds.
    pub wall: f64,
    /// CPU time of the programs in user mode, in seconds.
    pub user: f64,
    /// CPU time of the programs in the kernel, in seconds.
    pub system: f64,
    /// CPU time of the servers meanwhile, in seconds.
    pub server: f64,
    /// CPU time of everything else on the machine meanwhile, in seconds: writing to the disk, and strangers.
    pub others: f64,
    /// The peak of resident memory of each program, in bytes.
    pub peaks: Vec<u64>,
}

impl Measurement {
    /// CPU time of the programs, in seconds.
    pub fn client(&self) -> f64 {
        self.user + self.system
    }

    /// CPU time of programs and servers, in seconds.
    pub fn both(&self) -> f64 {
        self.client() + self.server
    }
}

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Invocation {
    program: PathBuf,
    args: Vec<OsString>,
    stdin: Option<PathBuf>,
    stdout: Option<PathBuf>,
}

impl Invocation {
    /// `program` without arguments.
    pub fn new(program: &Path) -> Invocation {
        Invocation { program: program.to_owned(), args: Vec::new(), stdin: None, stdout: None }
    }

    /// Connects as root over the server's socket.
    #[must_use]
    pub fn server(self, server: &Server) -> Invocation {
        self.arg("--socket").arg(server.socket()).args(["--user", "root"])
    }

    /// Reads this file, where no program comes before it.
    #[must_use]
    pub fn stdin(self, path: PathBuf) -> Invocation {
        Invocation { stdin: Some(path), ..self }
    }

    /// Writes this file, where no program comes after it. Its directory is made.
    #[must_use]
    pub fn stdout(self, path: PathBuf) -> Invocation {
        Invocation { stdout: Some(path), ..self }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Invocation {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Invocation {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    fn start(&self, home: &Path, stderr: &Path, stdin: Stdio, stdout: Stdio) -> Child {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(stdin).stdout(stdout).stderr(File::create(stderr).unwrap());
        // A stream's files go to a folder below the current one.
        command.current_dir(home).env("HOME", home).env_remove("MYSQL_PWD");
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()))
    }
}

/// Runs the programs, each reading what the one before it writes. The error is the first failure, with the last lines
/// of what that program said.
pub fn run(pipeline: &[Invocation], servers: &[&Server], patience: Duration) -> Result<Measurement, String> {
    settle(servers, patience);
    let work = WorkDir::new();
    let stderr_of = |index: usize| work.path().join(format!("stderr-{index}"));
    let cpu_before = (cpu_of_servers(servers), cpu_of_machine());
    let started = Instant::now();
    let mut running: Vec<Watched> = Vec::new();
    let mut stdin = match &pipeline[0].stdin {
        Some(path) => Stdio::from(File::open(path).map_err(|error| format!("{}: {error}", path.display()))?),
        None => Stdio::null(),
    };
    for (index, invocation) in pipeline.iter().enumerate() {
        let stdout = match &invocation.stdout {
            _ if index + 1 < pipeline.len() => Stdio::piped(),
            Some(path) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                Stdio::from(File::create(path).unwrap())
            }
            None => Stdio::null(),
        };
        let mut child = invocation.start(work.path(), &stderr_of(index), stdin, stdout);
        stdin = child.stdout.take().map_or_else(Stdio::null, Stdio::from);
        running.push(Watched { child, cpu: None, peak: 0 });
    }
    while !running.iter_mut().all(Watched::look) {
        assert!(started.elapsed() < TIME_LIMIT, "time limit passed: {pipeline:?}");
        thread::sleep(POLL);
    }
    let mut measured = Measurement { wall: started.elapsed().as_secs_f64(), ..Measurement::default() };
    measured.server = cpu_of_servers(servers) - cpu_before.0;
    for (index, mut watched) in running.into_iter().enumerate() {
        let status = watched.child.wait().unwrap();
        if !status.success() {
            let text = fs::read(stderr_of(index)).unwrap();
            return Err(format!("{status}: {}", last_lines(&String::from_utf8_lossy(&text))));
        }
        let (user, system) = watched.cpu.unwrap_or_default();
        measured.user += user;
        measured.system += system;
        measured.peaks.push(watched.peak);
    }
    let machine = cpu_of_machine() - cpu_before.1;
    measured.others = (machine - measured.server - measured.user - measured.system).max(0.0);
    Ok(measured)
}

/// A program that runs or has just ended.
struct Watched {
    child: Child,
    /// User and system time, once it has ended.
    cpu: Option<(f64, f64)>,
    peak: u64,
}

impl Watched {
    /// Has it ended? Until then its memory is looked at.
    fn look(&mut self) -> bool {
        if self.cpu.is_none() {
            // The peak can only grow; a process that has ended shows none.
            self.peak = self.peak.max(peak_memory(self.child.id()).unwrap_or(0));
            let stat = Stat::of(self.child.id());
            if stat.state == 'Z' {
                self.cpu = Some((stat.user, stat.system));
            }
        }
        self.cpu.is_some()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Without effect on a child that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the servers are idle and earlier files are on the disk, so that no run pays for the one before it, and
/// for some time until the whole machine is idle.
fn settle(servers: &[&Server], patience: Duration) {
    let _ = Command::new("sync").status();
    let (settled, quiet) = (Instant::now() + SETTLE_LIMIT, Instant::now() + patience);
    loop {
        let before = (cpu_of_servers(servers), cpu_of_machine());
        thread::sleep(SETTLE_STEP);
        let servers_idle = cpu_of_servers(servers) - before.0 < IDLE_SHARE * SETTLE_STEP.as_secs_f64();
        let machine_idle = cpu_of_machine() - before.1 < QUIET_SHARE * SETTLE_STEP.as_secs_f64();
        let now = Instant::now();
        if (servers_idle || now > settled) && (machine_idle || now > quiet) {
            return;
        }
    }
}

fn cpu_of_servers(servers: &[&Server]) -> f64 {
    let cpu = |server: &&Server| {
        let stat = Stat::of(server.pid());
        stat.user + stat.system
    };
    servers.iter().map(cpu).sum()
}

/// The busy time of all cores since the machine's start.
fn cpu_of_machine() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let fields: Vec<f64> = text.lines().next().unwrap().split_whitespace().skip(1).flat_map(str::parse).collect();
    // user nice system idle iowait irq softirq steal …; guests are in user and nice already.
    let busy: f64 = [0, 1, 2, 5, 6].iter().map(|&index| fields[index]).sum();
    busy / TICKS_PER_SECOND
}

/// Of /proc/PID/stat.
struct Stat {
    state: char,
    /// Seconds.
    user: f64,
    /// Seconds.
    system: f64,
}

impl Stat {
    fn of(pid: u32) -> Stat {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // PID (NAME) STATE …; a name can hold parentheses itself.
        let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split_whitespace().collect();
        let seconds = |index: usize| fields[index].parse::<f64>().unwrap() / TICKS_PER_SECOND;
        Stat { state: fields[0].chars().next().unwrap(), user: seconds(11), system: seconds(12) }
    }
}

/// `VmHWM` in bytes.
fn peak_memory(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().rev().take(2).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}
