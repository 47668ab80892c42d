//! The server programs on this machine, and a template data directory for each.
//!
//! Making a data directory takes seconds, copying one takes little. So each product and version has one template in
//! the user's cache folder, shared by all test processes.

use super::Product;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// How a product's server is started.
pub(super) struct Installation {
    product: Product,
    /// Program (or dynamic loader) and the arguments that every start needs.
    pub(super) command: Vec<OsString>,
    pub(super) version: String,
    template: OnceLock<PathBuf>,
    folding_template: OnceLock<PathBuf>,
}

impl Installation {
    /// The installation of `product`, found once per process. Panics when there is none.
    pub(super) fn of(product: Product) -> &'static Installation {
        static FOUND: [OnceLock<Installation>; 2] = [OnceLock::new(), OnceLock::new()];
        FOUND[product as usize].get_or_init(|| {
            on_path(product)
                .or_else(|| unpacked(product))
                .unwrap_or_else(|| panic!("{product:?} is not installed: run tests/run.sh, which installs it"))
        })
    }

    /// The command of a client program that belongs to the server. Debian's MariaDB has links by MySQL's names, so only
    /// MySQL's own folder has MySQL's.
    pub(super) fn client(product: Product, name: &str) -> Vec<OsString> {
        if product == Product::MariaDb {
            return vec![name.into()];
        }
        let command = &Installation::of(product).command;
        let server = command.iter().position(|part| Path::new(part).file_name().is_some_and(|name| name == "mysqld"));
        let server = server.unwrap_or_else(|| panic!("no mysqld in {command:?}"));
        let path = Path::new(&command[server]);
        let program = ["bin", "sbin"].map(|folder| path.parent().unwrap().with_file_name(folder).join(name));
        let program = program.into_iter().find(|program| program.is_file());
        let program =
            program.unwrap_or_else(|| panic!("MySQL's {name} is missing: run tests/run.sh, which installs it"));
        [&command[..server], &[program.into()]].concat()
    }

    /// A complete data directory to copy. Made on first use.
    pub(super) fn template(&self) -> &Path {
        self.template.get_or_init(|| self.template_with("", &[]))
    }

    /// One for a server that does not tell upper from lower case in names: MySQL takes the setting only here.
    pub(super) fn folding_template(&self) -> &Path {
        match self.product {
            Product::MariaDb => self.template(),
            Product::MySql => {
                self.folding_template.get_or_init(|| self.template_with("-folding", &["--lower-case-table-names=1"]))
            }
        }
    }

    fn template_with(&self, suffix: &str, options: &[&str]) -> PathBuf {
        let name = format!("template-{:?}-{}{suffix}", self.product, self.version).to_lowercase();
        let path = cache_dir().join(name);
        if !path.is_dir() {
            self.make_template(&path, options);
        }
        path
    }

    /// Makes the template in a folder beside `path` and renames it: another process sees all of it or nothing.
    fn make_template(&self, path: &Path, options: &[&str]) {
        fs::create_dir_all(cache_dir()).unwrap();
        let work = tempfile::Builder::new().prefix("template-work-").tempdir_in(cache_dir()).unwrap();
        let data = work.path().join("data");
        match self.product {
            Product::MariaDb => self.initialise_mariadb(&data),
            Product::MySql => self.initialise_mysql(&data, work.path(), options),
        }
        // Holds the server's UUID, which two servers must not share.
        let _ = fs::remove_file(data.join("auto.cnf"));
        if let Err(error) = fs::rename(&data, path) {
            assert!(path.is_dir(), "{} cannot be made: {error}", path.display());
        }
    }

    fn initialise_mariadb(&self, data: &Path) {
        let mut command = Command::new("mariadb-install-db");
        // Forced: without it, a machine whose own name has no address is refused.
        command.args(["--no-defaults", "--force", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        command.arg(option("--datadir", data)).args(user_option());
        finish(command);
    }

    fn initialise_mysql(&self, data: &Path, work: &Path, options: &[&str]) {
        // root@localhost is the only account that MySQL makes; clients on TCP come from 127.0.0.1.
        let accounts = work.join("accounts.sql");
        fs::write(
            &accounts,
            "CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '';\n\
             GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n",
        )
        .unwrap();
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(["--initialize-insecure", "--skip-log-bin"]).args(options);
        command.arg(option("--datadir", data)).arg(option("--init-file", &accounts));
        finish(command);
    }
}

/// `--user=root` for root, as servers demand; nothing for others.
fn user_option() -> Option<&'static str> {
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    root.then_some("--user=root")
}

/// `NAME=PATH`.
pub(super) fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push("=");
    option.push(path);
    option
}

fn finish(mut command: Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run.sh installs servers"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn cache_dir() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME")
        .or_else(|| Some(set("HOME")?.join(".cache")))
        .expect("HOME or XDG_CACHE_HOME is set")
        .join("mydumper-rs")
}

/// A server on the PATH or where Debian puts it. Debian's MariaDB also installs `mysqld`, a link to `mariadbd`, so
/// only what the program says about itself tells the products apart.
fn on_path(product: Product) -> Option<Installation> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let programs = folders.flat_map(|folder| ["mariadbd", "mysqld"].map(|name| folder.join(name)));
    programs
        .filter(|program| program.is_file())
        .find_map(|program| installation(product, vec![program.into(), "--no-defaults".into()]))
}

/// The MySQL that servers.sh unpacked, started with the dynamic loader and the libraries of its own folder.
fn unpacked(product: Product) -> Option<Installation> {
    let usr = cache_dir().join("mysql/usr");
    let (libraries, loader) = fs::read_dir(usr.join("lib")).ok()?.flatten().find_map(|folder| {
        let loader = fs::read_dir(folder.path()).ok()?.flatten().find(|file| {
            let name = file.file_name();
            name.to_string_lossy().starts_with("ld-linux")
        })?;
        Some((folder.path(), loader.path()))
    })?;
    let share = usr.join("share/mysql");
    let command = vec![
        loader.into(),
        "--library-path".into(),
        libraries.into(),
        usr.join("sbin/mysqld").into(),
        "--no-defaults".into(),
        option("--basedir", &usr),
        option("--plugin-dir", &usr.join("lib/mysql/plugin")),
        option("--lc-messages-dir", &share),
        option("--character-sets-dir", &share.join("charsets")),
    ];
    installation(product, command)
}

/// An installation of this command, if the command is `product` and runs.
fn installation(product: Product, mut command: Vec<OsString>) -> Option<Installation> {
    let output = Command::new(&command[0]).args(&command[1..]).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = if text.contains("MariaDB") { Product::MariaDb } else { Product::MySql };
    if !output.status.success() || found != product {
        return None;
    }
    let version = text.split_whitespace().skip_while(|word| *word != "Ver").nth(1)?.to_owned();
    command.extend(user_option().map(OsString::from));
    Some(Installation { product, command, version, template: OnceLock::new(), folding_template: OnceLock::new() })
}
