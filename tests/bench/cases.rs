//! Who runs in which case, with which arguments.

use crate::data::Dataset;
use crate::measure::Invocation;
use crate::options::{CaseName, Who};
use harness::server::Server;
use std::path::{Path, PathBuf};

/// Debian's mydumper 0.10.1, by its full path, which a mydumper on the PATH cannot hide.
pub const PEER: [&str; 2] = ["/usr/bin/mydumper", "/usr/bin/myloader"];

/// Somebody who runs in turns with others.
pub struct Contestant {
    pub who: Who,
    pub name: String,
    pub pipeline: Vec<Invocation>,
    pub uses: Uses,
    /// What has to be gone before each run.
    pub before: Before,
    /// The dump that has to be there.
    pub needs: Option<PathBuf>,
}

/// Whose CPU time is the server's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Uses {
    Source,
    Target,
    Both,
}

/// What has to be gone before a run.
pub enum Before {
    Directory(PathBuf),
    TargetDatabase,
    Nothing,
}

/// What contestants are made of.
pub struct Scene<'a> {
    pub source: &'a Server,
    pub target: &'a Server,
    pub threads: u64,
    /// Our programs.
    pub ours: [PathBuf; 2],
    /// This program, which runs the floors.
    pub own: PathBuf,
    /// Where dumps and plans are.
    pub work: &'a Path,
}

impl CaseName {
    /// The database of the case.
    pub fn dataset(self) -> Dataset {
        match self {
            CaseName::Dump | CaseName::Zstd | CaseName::Load | CaseName::Pipe => Dataset::Tpch,
            CaseName::SmallDump | CaseName::SmallLoad => Dataset::Small,
            CaseName::WideDump | CaseName::WideLoad => Dataset::Wide,
        }
    }
}

impl Scene<'_> {
    /// All who can run in the case.
    pub fn contestants(&self, case: CaseName) -> Vec<Contestant> {
        let data = case.dataset();
        match case {
            CaseName::Dump | CaseName::SmallDump | CaseName::WideDump => vec![
                self.dump(data, "ours", &[]),
                self.peer_dump(data, "peer", &[]),
                self.stock_dump(data),
                self.floor("floor of dump", self.source, Uses::Source, &self.dump_plan(data)),
            ],
            CaseName::Zstd => vec![
                self.dump(data, "ours", &[]),
                self.dump(data, "ours zstd 1", &["--compress=zstd", "--compress-level=1"]),
                self.peer_dump(data, "peer gzip", &["--compress"]),
            ],
            CaseName::Load | CaseName::SmallLoad | CaseName::WideLoad => vec![
                self.load(data, "ours", Who::Ours, &self.ours[1]),
                self.load(data, "peer", Who::Peer, Path::new(PEER[1])),
                self.stock_load(data),
                self.floor("floor of load", self.target, Uses::Target, &self.load_plan(data)),
            ],
            CaseName::Pipe => vec![
                self.dump(data, "ours", &[]),
                self.load(data, "ours", Who::Ours, &self.ours[1]).renamed("ours load"),
                self.pipe(data),
            ],
        }
    }

    /// Makes the dump that loads of this contestant need.
    pub fn dump_for(&self, data: Dataset, who: Who) -> Contestant {
        match who {
            Who::Stock => self.stock_dump(data),
            Who::Peer => self.peer_dump(data, "peer", &[]),
            Who::Ours | Who::Floor => self.dump(data, "ours", &[]),
        }
    }

    /// The plan of the dump's floor.
    pub fn dump_plan(&self, data: Dataset) -> PathBuf {
        self.work.join(format!("{}.dump-plan", data.database()))
    }

    /// The plan of the load's floor.
    pub fn load_plan(&self, data: Dataset) -> PathBuf {
        self.work.join(format!("{}.load-plan", data.database()))
    }

    /// Where a contestant dumps to.
    fn directory(&self, data: Dataset, name: &str) -> PathBuf {
        self.work.join(format!("{}-{}", data.database(), name.replace(' ', "-")))
    }

    fn dump(&self, data: Dataset, name: &str, args: &[&str]) -> Contestant {
        self.dump_with(&self.ours[0], Who::Ours, data, name, args)
    }

    /// Without `--rows` the peer would give each table to one thread.
    fn peer_dump(&self, data: Dataset, name: &str, args: &[&str]) -> Contestant {
        self.dump_with(Path::new(PEER[0]), Who::Peer, data, name, &[args, &["--rows", "500000"]].concat())
    }

    fn dump_with(&self, program: &Path, who: Who, data: Dataset, name: &str, args: &[&str]) -> Contestant {
        let directory = self.directory(data, name);
        let invocation = self.threaded(program, self.source).args(["--database", data.database(), "--outputdir"]);
        Contestant {
            who,
            name: name.to_owned(),
            pipeline: vec![invocation.arg(&directory).args(args)],
            uses: Uses::Source,
            before: Before::Directory(directory),
            needs: None,
        }
    }

    /// Loads the dump that the same one's dumper made.
    fn load(&self, data: Dataset, name: &str, who: Who, program: &Path) -> Contestant {
        let directory = self.directory(data, name);
        Contestant {
            who,
            name: name.to_owned(),
            pipeline: vec![self.threaded(program, self.target).arg("--directory").arg(&directory)],
            uses: Uses::Target,
            before: Before::TargetDatabase,
            needs: Some(directory),
        }
    }

    fn pipe(&self, data: Dataset) -> Contestant {
        let dumper = self.threaded(&self.ours[0], self.source).args(["--database", data.database(), "--stream"]);
        let loader = self.threaded(&self.ours[1], self.target).arg("--stream");
        Contestant {
            who: Who::Ours,
            name: "ours pipe".to_owned(),
            pipeline: vec![dumper, loader],
            uses: Uses::Both,
            before: Before::TargetDatabase,
            needs: None,
        }
    }

    fn stock_dump(&self, data: Dataset) -> Contestant {
        let directory = self.directory(data, "stock");
        let invocation = Invocation::new(Path::new("mariadb-dump")).arg("--no-defaults").server(self.source);
        let invocation = invocation.args(["--single-transaction", "--databases", data.database()]);
        Contestant {
            who: Who::Stock,
            name: "mariadb-dump".to_owned(),
            pipeline: vec![invocation.stdout(directory.join("dump.sql"))],
            uses: Uses::Source,
            before: Before::Directory(directory),
            needs: None,
        }
    }

    fn stock_load(&self, data: Dataset) -> Contestant {
        let directory = self.directory(data, "stock");
        let invocation = Invocation::new(Path::new("mariadb")).arg("--no-defaults").server(self.target);
        // As the other loaders do of their own.
        let invocation = invocation.arg("--init-command=SET SESSION sql_log_bin = 0");
        Contestant {
            who: Who::Stock,
            name: "mariadb".to_owned(),
            pipeline: vec![invocation.stdin(directory.join("dump.sql"))],
            uses: Uses::Target,
            before: Before::TargetDatabase,
            needs: Some(directory),
        }
    }

    fn floor(&self, name: &str, server: &Server, uses: Uses, plan: &Path) -> Contestant {
        let invocation = Invocation::new(&self.own).arg("floor").arg(server.socket());
        Contestant {
            who: Who::Floor,
            name: name.to_owned(),
            pipeline: vec![invocation.arg(self.threads.to_string()).arg(plan)],
            uses,
            before: if uses == Uses::Target { Before::TargetDatabase } else { Before::Nothing },
            needs: None,
        }
    }

    fn threaded(&self, program: &Path, server: &Server) -> Invocation {
        Invocation::new(program).server(server).args(["--threads", &self.threads.to_string()])
    }
}

impl Contestant {
    fn renamed(self, name: &str) -> Contestant {
        Contestant { name: name.to_owned(), ..self }
    }
}
