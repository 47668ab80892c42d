//! How a dump comes to its server: addresses, users and passwords, and the errors when it does not.

use crate::support::dump::{make, only_line};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};
use std::fs;

/// Would be noticed wherever it appears; with characters that shells and key files know.
const PASSWORD: &str = "S3cret #'\\;word";

/// A database with one row, and a user of both addresses with [`PASSWORD`].
fn make_with_user(server: &Server, database: &str, authentication: &str) {
    let mut client = make(server, database, &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
    for host in ["localhost", "127.0.0.1"] {
        client.run(format!("CREATE USER {database}@'{host}' {authentication}"));
        client.run(format!("GRANT ALL ON *.* TO {database}@'{host}'"));
    }
}

fn identified() -> String {
    format!("IDENTIFIED BY '{}'", PASSWORD.replace('\\', "\\\\").replace('\'', "''"))
}

/// mydumper as the user of this name, who dumps the database of this name, over the socket.
fn by_socket(server: &Server, user: &str) -> Program {
    Program::mydumper().arg("-S").arg(server.socket()).args(["-u", user, "-B", user])
}

fn by_tcp(server: &Server, user: &str) -> Program {
    let port = server.port().to_string();
    Program::mydumper().args(["-h", "127.0.0.1", "-P", &port, "-u", user, "-B", user])
}

/// Runs it in a folder of its own and checks that the dump is whole.
#[track_caller]
fn assert_dumps(program: Program) {
    let dir = WorkDir::new();
    program.arg("-o").arg(dir.path().join("dump")).ok();
    let metadata = fs::read_to_string(dir.path().join("dump/metadata")).unwrap();
    assert!(metadata.contains("\nrows = 1\n"), "{metadata}");
}

/// Runs it, and checks that it fails with this line and leaves nothing.
#[track_caller]
fn assert_fails(program: Program, expected: &str) {
    let dir = WorkDir::new();
    let stderr = program.arg("-o").arg(dir.path().join("dump")).fails_with(3);
    assert_eq!(only_line(&stderr), expected);
    assert_eq!(dir.list(), Vec::<String>::new());
}

#[test]
fn passwords_from_each_place() {
    for product in Product::ALL {
        let server = server::source(product);
        make_with_user(server, "passwords", &identified());
        assert_dumps(by_socket(server, "passwords").arg(format!("-p{PASSWORD}")));
        assert_dumps(by_socket(server, "passwords").args(["-p", PASSWORD]));
        assert_dumps(by_socket(server, "passwords").arg(format!("--password={PASSWORD}")));
        assert_dumps(by_tcp(server, "passwords").args(["--password", PASSWORD]));
        assert_dumps(by_tcp(server, "passwords").env("MYSQL_PWD", PASSWORD));
        let files = WorkDir::new();
        // Quoted as for the stock client, which reads escapes: # would begin a comment.
        let quoted = PASSWORD.replace('\\', "\\\\");
        files.write("cnf", format!("[client]\nuser=nobody\npassword=\"{quoted}\"\n[mydumper]\nuser=passwords\n"));
        let socket = Program::mydumper().arg("-S").arg(server.socket()).args(["-B", "passwords"]);
        assert_dumps(socket.arg("--defaults-file").arg(files.path().join("cnf")));

        let denied = |using: &str, host: &str, address: &str| {
            format!(
                "[ERROR] cannot connect to {address} as user 'passwords': server error 1045 (28000): Access denied \
                 for user 'passwords'@'{host}' (using password: {using}) (check --user and --password)"
            )
        };
        let socket = format!("socket {}", server.socket().display());
        assert_fails(by_socket(server, "passwords"), &denied("NO", "localhost", &socket));
        assert_fails(by_socket(server, "passwords").arg("-pwrong"), &denied("YES", "localhost", &socket));
        let address = format!("127.0.0.1:{}", server.port());
        assert_fails(by_tcp(server, "passwords").env("MYSQL_PWD", "x"), &denied("YES", "127.0.0.1", &address));

        let prompt = by_socket(server, "passwords").arg("-p").fails_with(2);
        assert_eq!(prompt, "mydumper: no terminal to prompt for the password: use a defaults file or MYSQL_PWD\n");
    }
}

#[test]
fn a_password_typed_at_the_prompt() {
    let server = server::source(Product::MariaDb);
    make_with_user(server, "prompted", "IDENTIFIED BY 'typed'");
    let dir = WorkDir::new();
    let program = by_socket(server, "prompted").arg("-o").arg(dir.path().join("dump")).arg("-p");
    // script(1) gives it a terminal, and types what it reads itself.
    let program = program.under(&["sh", "-c", "script -qec \"$*\" /dev/null", "sh"]).stdin("typed\n");
    let screen = String::from_utf8_lossy(&program.ok().stdout).into_owned();
    assert!(screen.contains("Password of prompted: "), "{screen}");
    assert!(dir.path().join("dump/metadata").exists(), "{screen}");
}

/// Whether the descriptor that the environment names is still open.
fn has_pipe_of_password(pid: u32, environment: &str) -> bool {
    let number = environment.split('\0').find_map(|entry| entry.strip_prefix("MYDUMPER_RS_PASSWORD_FD=")).unwrap();
    fs::read_link(format!("/proc/{pid}/fd/{number}")).is_ok_and(|link| link.to_string_lossy().starts_with("pipe:"))
}

#[test]
fn a_password_shows_nowhere() {
    for product in Product::ALL {
        let server = &*server::held(product);
        make_with_user(server, "hidden", &identified());
        let mut holder = server.client();
        holder.query("SELECT GET_LOCK('dump_hidden', 0)");
        let dir = WorkDir::new();
        let wait = "GET_LOCK('dump_hidden', 60) IS NOT NULL";
        let program = by_socket(server, "hidden").arg(format!("-p{PASSWORD}")).args(["-v", "3", "--where", wait]);
        let mut running = program.arg("-L").arg(dir.path().join("log")).arg("-o").arg(dir.path().join("dump")).spawn();
        let dumping = dir.path().join("dump");
        running.wait_until("no dump begins", |_| dumping.exists());
        let shown = fs::read(format!("/proc/{}/cmdline", running.pid())).unwrap();
        let shown = String::from_utf8_lossy(&shown).into_owned();
        assert!(shown.contains("\0hidden\0") && !shown.contains("S3cret"), "{product:?}: {shown}");
        let environment = fs::read(format!("/proc/{}/environ", running.pid())).unwrap();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        assert!(environment.contains("PATH=") && !environment.contains("S3cret"), "{product:?}: {environment}");
        // The pipe that brought it is closed, and no core dump is made.
        assert!(!environment.is_empty() && !has_pipe_of_password(running.pid(), &environment));
        drop(holder);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
        let files = fs::read_dir(&dumping).unwrap().map(|entry| entry.unwrap().path());
        for file in files.chain([dir.path().join("log")]) {
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            assert!(!text.is_empty() && !text.contains("S3cret"), "{product:?} {}: {text}", file.display());
        }
    }
}

#[test]
fn authentication_plugins() {
    let mysql = server::source(Product::MySql);
    // An account that the server has not seen yet: the whole exchange, by TLS and by the server's RSA key.
    for (user, mode) in [("by_tls", "REQUIRED"), ("by_rsa", "DISABLED"), ("by_default", "PREFERRED")] {
        make_with_user(mysql, user, "IDENTIFIED WITH caching_sha2_password BY 'secret'");
        assert_dumps(by_tcp(mysql, user).arg("-psecret").args(["--ssl-mode", mode]));
        assert_dumps(by_tcp(mysql, user).arg("-psecret").args(["--ssl-mode", mode]));
        assert_dumps(by_socket(mysql, user).arg("-psecret"));
    }
    make_with_user(mysql, "by_nothing", "IDENTIFIED WITH caching_sha2_password BY ''");
    assert_dumps(by_tcp(mysql, "by_nothing"));

    let mariadb = server::source(Product::MariaDb);
    let _ = mariadb.client().try_run("INSTALL SONAME 'auth_ed25519'");
    for plugin in ["mysql_native_password", "ed25519"] {
        let user = format!("by_{plugin}");
        make_with_user(mariadb, &user, &format!("IDENTIFIED VIA {plugin} USING PASSWORD('secret')"));
        assert_dumps(by_tcp(mariadb, &user).arg("-psecret"));
        assert_dumps(by_socket(mariadb, &user).arg("-psecret"));
    }
}

#[test]
fn a_server_that_is_not_there() {
    let work = WorkDir::new();
    let socket = work.path().join("socket");
    let advice = "(check that the server runs, and --host, --port, --socket and --ssl-mode)";
    assert_fails(
        Program::mydumper().arg("-S").arg(&socket).args(["-u", "u"]),
        &format!(
            "[ERROR] cannot connect to socket {} as user 'u': No such file or directory (os error 2) {advice}",
            socket.display()
        ),
    );
    // No server listens on the first port.
    let port = 1;
    assert_fails(
        Program::mydumper().args(["-h", "127.0.0.1", "-P", &port.to_string(), "-u", "u"]),
        &format!("[ERROR] cannot connect to 127.0.0.1:{port} as user 'u': Connection refused (os error 111) {advice}"),
    );
    let dir = WorkDir::new();
    let program =
        Program::mydumper().args(["-h", "no-such-host.invalid", "-u", "u", "-o"]).arg(dir.path().join("dump"));
    let line = only_line(&program.fails_with(3));
    let start = "[ERROR] cannot connect to no-such-host.invalid:3306 as user 'u': failed to lookup address information";
    assert!(line.starts_with(start) && line.ends_with(advice), "{line}");
    assert_eq!(dir.list(), Vec::<String>::new());
}

#[test]
fn the_database_of_the_connection() {
    for product in Product::ALL {
        let server = server::source(product);
        make_with_user(server, "in_database", "");
        let program = by_socket(server, "in_database");
        assert_dumps(program.clone().args(["--default-connection-database", "in_database"]));
        assert_fails(
            program.args(["--default-connection-database", "nosuch"]),
            &format!(
                "[ERROR] cannot connect to socket {} as user 'in_database': server error 1049 (42000): Unknown \
                 database 'nosuch' (check the name of the database)",
                server.socket().display()
            ),
        );
    }
}
