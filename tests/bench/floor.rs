//! What the server itself takes: statements that any client must send, by as many connections as others have threads.
//!
//! A plan runs in a process of its own (`bench floor SOCKET THREADS PLAN`), so that it is measured as all others are.

use crate::wire::{Reply, Wire};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

/// Statements for several connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What every connection executes first.
    pub session: Vec<String>,
    /// The statements of a phase go to the connections in their order, each to the next that is free. A phase begins
    /// when the one before it has ended.
    pub phases: Vec<Vec<String>>,
}

impl Plan {
    /// Writes it to a file: phases are apart by an empty line, the first is the session's.
    pub fn write(&self, path: &Path) {
        let phases = [&self.session].into_iter().chain(&self.phases);
        let texts: Vec<String> = phases.map(|statements| statements.join("\n")).collect();
        fs::write(path, texts.join("\n\n")).unwrap();
    }

    fn read(path: &Path) -> Plan {
        let text = fs::read_to_string(path).unwrap();
        let mut phases = text.split("\n\n").map(|phase| phase.lines().map(str::to_owned).collect());
        Plan { session: phases.next().unwrap_or_default(), phases: phases.collect() }
    }

    /// Runs it. Returns what the last phase's statements brought, in all; the error says which statement failed. A
    /// warning is an error: rows would be other than they should be.
    pub fn run(&self, socket: &Path, threads: u64) -> Result<Reply, String> {
        let connect = |_| {
            let mut wire = Wire::connect(socket).map_err(|error| format!("{}: {error}", socket.display()))?;
            for statement in &self.session {
                run(&mut wire, statement)?;
            }
            Ok(wire)
        };
        let mut connections = (0..threads).map(connect).collect::<Result<Vec<Wire>, String>>()?;
        let mut total = Reply::default();
        for statements in &self.phases {
            let queue = Mutex::new(statements.iter());
            let replies: Vec<Result<Reply, String>> = thread::scope(|scope| {
                let work = |wire| scope.spawn(|| take_all(wire, &queue));
                let workers: Vec<_> = connections.iter_mut().map(work).collect();
                workers.into_iter().map(|worker| worker.join().unwrap()).collect()
            });
            total = Reply::default();
            for reply in replies {
                add(&mut total, reply?);
            }
        }
        Ok(total)
    }
}

fn take_all<'a>(wire: &mut Wire, queue: &Mutex<impl Iterator<Item = &'a String>>) -> Result<Reply, String> {
    let mut total = Reply::default();
    loop {
        let Some(statement) = queue.lock().unwrap().next() else { return Ok(total) };
        add(&mut total, run(wire, statement)?);
    }
}

fn run(wire: &mut Wire, statement: &str) -> Result<Reply, String> {
    let head: String = statement.chars().take(100).collect();
    let reply = wire.run(statement).map_err(|error| format!("{error}, in: {head}"))?;
    if reply.warnings > 0 { Err(format!("{} warnings, in: {head}", reply.warnings)) } else { Ok(reply) }
}

fn add(total: &mut Reply, reply: Reply) {
    total.rows += reply.rows;
    total.affected += reply.affected;
}

/// The process that runs a plan: `SOCKET THREADS PLAN`.
pub fn main(args: &[String]) {
    let [socket, threads, plan] = args else { panic!("floor: three arguments are needed") };
    if let Err(error) = Plan::read(Path::new(plan)).run(Path::new(socket), threads.parse().unwrap()) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
