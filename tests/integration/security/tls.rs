//! TLS: what each `--ssl-mode` proves, against servers whose accounts say whether the connection was encrypted.

use crate::support::dump::{make, only_line};
use harness::program::{Output, Program, WorkDir};
use harness::server::{self, Product, Server};
use std::process::Command;

/// Certificates: `ca.pem` has signed `here` (for 127.0.0.1), `there` (for another host) and `client`; `other-ca.pem`
/// has signed nothing.
struct Certificates(WorkDir);

impl Certificates {
    fn new() -> Certificates {
        let dir = WorkDir::new();
        for ca in ["ca", "other-ca"] {
            openssl(&dir, &format!("req -x509 -keyout {ca}-key.pem -out {ca}.pem -subj /CN={ca}"));
        }
        let names = [("here", "IP:127.0.0.1"), ("there", "DNS:there.example"), ("client", "DNS:client.example")];
        for (name, san) in names {
            openssl(
                &dir,
                &format!(
                    "req -x509 -keyout {name}-key.pem -out {name}.pem -subj /CN={name} \
                     -addext subjectAltName={san} -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca-key.pem"
                ),
            );
        }
        Certificates(dir)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Makes this the certificate that a server started with `server.pem` shows.
    fn show(&self, name: &str) {
        for part in ["", "-key"] {
            std::fs::copy(self.path(&format!("{name}{part}.pem")), self.path(&format!("server{part}.pem"))).unwrap();
        }
    }
}

fn openssl(dir: &WorkDir, args: &str) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let output = Command::new("openssl").args(args.split(' ')).args(key).current_dir(dir.path()).output().unwrap();
    assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Streams a dump over TCP as this user, with password `secret`. It leaves nothing behind, however it ends.
fn dump_as(server: &Server, user: &str, args: &[&str]) -> Output {
    let dir = WorkDir::new();
    let port = server.port().to_string();
    let program = Program::mydumper().args(["--host", "127.0.0.1", "--port", &port, "--user", user, "-psecret"]);
    let output = program.args(["-B", "tls", "--stream"]).args(args).current_dir(dir.path()).run();
    assert_eq!(dir.list(), Vec::<String>::new());
    output
}

#[track_caller]
fn assert_dumps(server: &Server, user: &str, args: &[&str]) {
    let output = dump_as(server, user, args);
    assert_eq!(output.code, Some(0), "{:?} {user} {args:?}: {}", server.product(), output.stderr);
    assert!(String::from_utf8_lossy(&output.stdout).contains("VALUES(1)"));
}

/// `cause` follows the words that say where the connection should have gone.
#[track_caller]
fn assert_fails(server: &Server, user: &str, args: &[&str], cause: &str) {
    let output = dump_as(server, user, args);
    let line = only_line(&output.stderr);
    let start = format!("[ERROR] cannot connect to 127.0.0.1:{} as user '{user}': ", server.port());
    assert_eq!(output.code, Some(3));
    assert!(line.starts_with(&start) && line.contains(cause), "{:?} {user} {args:?}: {line}", server.product());
}

#[test]
fn each_mode_proves_what_it_says() {
    for product in Product::ALL {
        let certificates = Certificates::new();
        certificates.show("here");
        let [ca, cert, key] = [("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server-key.pem")]
            .map(|(option, file)| format!("--ssl-{option}={}", certificates.path(file)));
        let server = Server::start(product, &[&ca, &cert, &key]);
        let mut client = make(&server, "tls", &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
        for (user, require) in [("encrypted", "SSL"), ("certified", "X509"), ("anyhow", "NONE")] {
            client.run(format!("CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'secret' REQUIRE {require}"));
            client.run(format!("GRANT ALL ON *.* TO {user}@'127.0.0.1'"));
        }
        let ca = certificates.path("ca.pem");
        let other_ca = certificates.path("other-ca.pem");
        for args in [&[][..], &["--ssl-mode=PREFERRED"], &["--ssl-mode=required"], &["--ssl"]] {
            assert_dumps(&server, "encrypted", args);
        }
        assert_fails(
            &server,
            "encrypted",
            &["--ssl-mode=DISABLED"],
            "server error 1045 (28000): Access denied for user 'encrypted'@",
        );
        assert_dumps(&server, "anyhow", &["--ssl-mode=DISABLED"]);

        for mode in ["--ssl-mode=VERIFY_CA", "--ssl-mode=VERIFY_IDENTITY"] {
            assert_dumps(&server, "encrypted", &[mode, "--ca", &ca]);
            assert_fails(&server, "encrypted", &[mode, "--ca", &other_ca], "UnknownIssuer");
            assert_fails(&server, "encrypted", &[mode], "UnknownIssuer");
        }
        assert_fails(
            &server,
            "certified",
            &["--ssl-mode=REQUIRED"],
            "server error 1045 (28000): Access denied for user 'certified'@",
        );
        let (cert, key) = (certificates.path("client.pem"), certificates.path("client-key.pem"));
        assert_dumps(&server, "certified", &["--ca", &ca, "--cert", &cert, "--key", &key]);
        let alone = dump_as(&server, "certified", &["--cert", &cert]);
        assert_eq!(alone.code, Some(2));
        assert_eq!(alone.stderr, "mydumper: --cert and --key belong together: give both\n");

        certificates.show("there");
        client.run(match product {
            Product::MariaDb => "FLUSH SSL",
            Product::MySql => "ALTER INSTANCE RELOAD TLS",
        });
        assert_dumps(&server, "encrypted", &["--ssl-mode=VERIFY_CA", "--ca", &ca]);
        assert_fails(&server, "encrypted", &["--ssl-mode=VERIFY_IDENTITY", "--ca", &ca], "there.example");
    }
}

#[test]
fn a_server_without_tls() {
    for product in Product::ALL {
        let own;
        let server = match product {
            // It has no certificate.
            Product::MariaDb => server::source(product),
            Product::MySql => {
                own = Server::start(product, &["--tls-version="]);
                &own
            }
        };
        let mut client = make(server, "tls", &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
        // Of caching_sha2_password on MySQL: not seen before, so the password goes by the server's RSA key.
        client.run("CREATE USER plain@'127.0.0.1' IDENTIFIED BY 'secret'");
        client.run("GRANT ALL ON *.* TO plain@'127.0.0.1'");
        assert_dumps(server, "plain", &[]);
        assert_dumps(server, "plain", &["--ssl-mode=DISABLED"]);
        for mode in ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"] {
            let cause = "the server offers no TLS, which --ssl-mode requires (check that the server runs, and --host, \
                         --port, --socket and --ssl-mode)";
            assert_fails(server, "plain", &["--ssl-mode", mode], cause);
        }
    }
}

#[test]
fn the_certificates_that_mysql_makes_itself_name_no_host() {
    let server = server::source(Product::MySql);
    let mut client = make(server, "tls", &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
    client.run("CREATE USER own_tls@'127.0.0.1' IDENTIFIED BY 'secret' REQUIRE SSL");
    client.run("GRANT ALL ON *.* TO own_tls@'127.0.0.1'");
    let ca = server.dir().join("data/ca.pem");
    assert_dumps(server, "own_tls", &["--ssl-mode=VERIFY_CA", "--ca", ca.to_str().unwrap()]);
    let identity = ["--ssl-mode=VERIFY_IDENTITY", "--ca", ca.to_str().unwrap()];
    assert_fails(server, "own_tls", &identity, "certificate not valid for name \"127.0.0.1\"");
}

#[test]
fn what_cannot_be_encrypted_or_read_is_refused() {
    let server = server::source(Product::MariaDb);
    let refused = |args: &[&str]| Program::mydumper().server(server).args(args).fails_with(2);
    assert_eq!(
        refused(&["--ssl-mode=REQUIRED"]),
        "mydumper: a Unix socket is not encrypted: use --host and --protocol=tcp for TLS, or leave out \
         --ssl-mode\n"
    );
    assert_eq!(
        refused(&["--ca", "/no/such.pem"]),
        "mydumper: cannot read /no/such.pem: No such file or directory (os error 2)\n"
    );
    assert_eq!(
        refused(&["--ssl-mode=always"]),
        "mydumper: invalid value 'always' for --ssl-mode: use DISABLED, PREFERRED, REQUIRED, VERIFY_CA or \
         VERIFY_IDENTITY\n"
    );
}
