//! The command line, on a small program of options; its files and passwords are in the modules below.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use crate::process::exit::Exit;
use crate::server::connection::SslMode;

mod files;
mod passwords;

#[derive(Clone, Debug, Parser, PartialEq, Eq)]
struct Options {
    #[command(flatten)]
    connection: ConnectionOptions,
    #[command(flatten)]
    filter: FilterOptions,
    #[command(flatten)]
    log: LogOptions,
    #[arg(long, value_parser = values::threads)]
    threads: usize,
    #[arg(long)]
    triggers: bool,
    #[arg(long)]
    stream: Option<StreamMode>,
    #[arg(long, conflicts_with = "dirty")]
    clear: bool,
    #[arg(long)]
    dirty: bool,
}

/// A directory with defaults files, and a program that reads them.
struct Case {
    dir: TempDir,
}

impl Case {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn places(&self) -> Places {
        let path = |name: &str| self.dir.path().join(name);
        Places { default: path("mydumper.cnf"), my_cnf: Some(path("my.cnf")), login: Some(path("login.cnf")) }
    }

    /// The default file is `mydumper.cnf`, the user's are `my.cnf` and `login.cnf`, `EXTRA` in an argument is the path of `extra.cnf`.
    fn parse(&self, line: &str) -> Result<Parsed<Options>, UsageError> {
        let dir = self.dir.path().to_str().unwrap();
        let argv = line.split_whitespace().map(|word| word.replace("EXTRA", &format!("{dir}/extra.cnf")).into());
        parse_with(ProgramName::Mydumper, std::iter::once("mydumper".into()).chain(argv), &self.places())
    }

    /// The error of a run, with the directory's name taken out.
    fn error(&self, line: &str) -> String {
        let error = self.parse(line).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

fn typed(line: &str) -> Options {
    Case::new().parse(line).unwrap().options
}

fn error(line: &str) -> String {
    Case::new().error(line)
}

#[test]
fn nothing_typed_gives_defaults() {
    let options = typed("");
    assert_eq!(options.log.verbose, 2);
    assert_eq!(options.threads, 4);
    assert_eq!(options.stream, None);
    assert_eq!(options.connection.password_source(), PasswordSource::Unsaid);
    assert_eq!(options.connection.default_connection_database, "INFORMATION_SCHEMA");
}

#[test]
fn letters_and_names_with_values_in_all_ways() {
    for line in [
        "-h db1 -P 3307 -v 3 -x a.b",
        "-hdb1 -P3307 -v3 -xa.b",
        "--host=db1 --port=3307 --verbose=3 --regex=a.b",
        "--host db1 --port 3307 --verbose 3 --regex a.b",
    ] {
        let options = typed(line);
        assert_eq!(options.connection.host.as_deref(), Some("db1"), "{line}");
        assert_eq!(options.connection.port, Some(3307));
        assert_eq!(options.log.verbose, 3);
        assert_eq!(options.filter.regex.as_deref(), Some("a.b"));
    }
    assert_eq!(["-v 3", "-v 4", "-v 300"].map(|line| typed(line).log.verbose), [3; 3]);
    assert_eq!(["-v 1", "-v 1 --debug"].map(|line| typed(line).log.detail()), [1, 4]);
    for mode in ["VERIFY_CA", "verify-ca", "Verify_Ca"] {
        let line = format!("--ssl-mode {mode}");
        assert_eq!(typed(&line).connection.ssl_mode, Some(SslMode::VerifyCa));
    }
    assert_eq!(typed("--protocol tcp").connection.protocol, Some(Protocol::Tcp));
}

#[test]
fn the_last_of_several_wins() {
    let options = typed("-t 1 --threads=2 -t3 -T a.b -T c.d,e.f -G -G");
    assert_eq!(options.threads, 3);
    assert!(options.triggers);
    assert_eq!(options.filter.tables_list, Some(CommaList(vec!["c.d".into(), "e.f".into()])));
}

#[test]
fn optional_values_do_not_eat_an_option() {
    assert_eq!(typed("--stream").stream, Some(StreamMode::TRADITIONAL));
    let options = typed("--stream -t 2");
    assert_eq!(options.stream, Some(StreamMode::TRADITIONAL));
    assert_eq!(options.threads, 2);
    for line in ["--stream NO_DELETE", "--stream=no-delete", "--stream 2"] {
        assert_eq!(typed(line).stream, Some(StreamMode::NO_DELETE), "{line}");
    }
}

#[test]
fn mistakes_are_reported_in_one_line() {
    for (line, text) in [
        ("-t 0", "invalid value '0' for --threads: use a whole number from 1 to 1024"),
        ("-t", "--threads needs a value (one that begins with a dash is written --threads=VALUE)"),
        ("-P 0", "invalid value '0' for --port: use a whole number from 1 to 65535"),
        ("-v x", "invalid value 'x' for --verbose: use 0, 1, 2 or 3"),
        (
            "--ssl-mode=on",
            "invalid value 'on' for --ssl-mode: use DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
        ),
        ("--protocol=pipe", "invalid value 'pipe' for --protocol: use TCP or SOCKET"),
        ("-T film", "invalid value 'film' for --tables-list: 'film' has no database: write DATABASE.TABLE"),
        (
            "--stream=8",
            "invalid value '8' for --stream: use TRADITIONAL, NO_DELETE, NO_STREAM, NO_STREAM_AND_NO_DELETE or a bit mask from 0 to 7",
        ),
        ("--thread 2", "unexpected argument '--thread': did you mean --threads?"),
        ("--nonsense", "unexpected argument '--nonsense': see mydumper --help"),
        ("sakila", "unexpected argument 'sakila': see mydumper --help"),
        ("--clear --dirty", "--clear and --dirty exclude each other: give one of them"),
        ("--clear=1", "--clear takes no value, but '1' was given"),
        (
            "--defaults-file=/nonexistent",
            "cannot read the defaults file /nonexistent: No such file or directory (os error 2)",
        ),
    ] {
        assert_eq!(error(line), text);
    }
}

#[test]
fn known_options_are_refused_by_name() {
    for (line, text) in [
        ("--daemon", "--daemon is not supported yet by this version: run mydumper from cron or a systemd timer"),
        (
            "-I 30",
            "--snapshot-interval is not supported yet by this version: run mydumper from cron or a systemd timer",
        ),
        ("-I", "--snapshot-interval is not supported yet by this version: run mydumper from cron or a systemd timer"),
        ("-k", "--no-locks is an option of older mydumper versions: use --sync-thread-lock-mode=NO_LOCK"),
    ] {
        assert_eq!(error(line), text);
    }
    let parsed = Case::new().parse("--use-defer").unwrap();
    assert_eq!(parsed.warnings, ["--use-defer has no effect: memory does not grow with the number of chunks"]);
}

#[test]
fn help_and_version_are_answers() {
    for line in ["-?", "--help", "-G --help"] {
        let help = Case::new().parse(line).unwrap_err();
        assert_eq!(help.exit(), Exit::Done);
        assert!(help.to_string().contains("-h, --host <HOST>"), "{help}");
        assert!(!help.to_string().contains("snapshot-interval"));
    }
    let version = Case::new().parse("-V").unwrap_err();
    assert_eq!(version.exit(), Exit::Done);
    assert_eq!(version.to_string(), format!("mydumper {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_struct_that_disagrees_with_the_table_is_found() {
    #[derive(Parser)]
    struct Wrong {
        #[arg(long)]
        nonsense: bool,
        #[arg(long)]
        threads: bool,
        #[arg(long)]
        daemon: bool,
        #[arg(short, long)]
        user: Option<String>,
        #[arg(long, value_parser = values::Keyword::<Protocol>::new())]
        logfile: Option<Protocol>,
    }
    let lines = disagreements::<Wrong>(ProgramName::Mydumper);
    let (found, lacking): (Vec<_>, Vec<_>) = lines.iter().partition(|line| !line.ends_with("has a row, but no field"));
    assert_eq!(
        found,
        [
            "--nonsense has no row",
            "--threads takes a value in one of row and field only",
            "--daemon has a field, but its row says that it is not supported",
            "--user: letter, help, heading and default belong into its row",
            "--logfile: the row does not name the value TCP",
            "--logfile: the row does not name the value SOCKET",
        ]
    );
    assert!(lacking.iter().any(|line| *line == "--verbose has a row, but no field"));
    assert!(lacking.iter().all(|line| !line.starts_with("--help") && !line.starts_with("--threads")));
}
