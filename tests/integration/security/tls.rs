//! TLS: what each `--ssl-mode` proves, against servers whose accounts say whether the connection was encrypted.

use crate::support::dump::{make, only_line};
use harness::program::{Output, Program, WorkDir};
use harness::server::{self, Product, Server};
use harness::sql::Client;
use std::path::Path;
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
        directories_of_authorities(&server, &certificates);
        versions_and_ciphers(&server, &mut client, ["--cert", &cert, "--key", &key]);
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

/// `--capath`: hashed names or not, and among other files.
fn directories_of_authorities(server: &Server, certificates: &Certificates) {
    let (right, wrong, none) = (WorkDir::new(), WorkDir::new(), WorkDir::new());
    right.write("README", "the authorities");
    right.write("ca.pem", certificates.0.read("ca.pem"));
    std::os::unix::fs::symlink("ca.pem", right.path().join("0a1b2c3d.0")).unwrap();
    std::os::unix::fs::symlink("nowhere", right.path().join("dangling.0")).unwrap();
    wrong.write("other.pem", certificates.0.read("other-ca.pem"));
    none.write("README", "nothing");
    let capath = |dir: &WorkDir| format!("--capath={}", dir.path().display());
    assert_dumps(server, "encrypted", &[&capath(&right)]);
    assert_dumps(server, "encrypted", &[&capath(&right), "--ssl-mode=VERIFY_IDENTITY"]);
    assert_dumps(server, "encrypted", &[&capath(&right), "-C"]);
    assert_fails(server, "encrypted", &[&capath(&wrong)], "UnknownIssuer");
    assert_dumps(server, "encrypted", &[&capath(&wrong), "--ssl-mode=REQUIRED"]);
    assert_dumps(server, "encrypted", &[&capath(&wrong), "--ca", &certificates.path("ca.pem")]);
    let refused = |dir: &Path| {
        let output = dump_as(server, "encrypted", &[&format!("--capath={}", dir.display())]);
        assert_eq!(output.code, Some(2));
        output.stderr
    };
    let told = format!("mydumper: --capath: no file in {} has a certificate in PEM format\n", none.path().display());
    assert_eq!(refused(none.path()), told);
    assert_eq!(
        refused(Path::new("/no/such")),
        "mydumper: cannot read /no/such: No such file or directory (os error 2)\n"
    );
}

/// The server lets these users in only by one cipher suite, and so by one version. MySQL asks them for a certificate, too.
fn versions_and_ciphers(server: &Server, client: &mut Client, certificate: [&str; 4]) {
    let (of_1_2, of_1_3) = ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256");
    for (user, cipher) in [("of_1_2", of_1_2), ("of_1_3", of_1_3)] {
        client.run(format!("CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'secret' REQUIRE CIPHER '{cipher}'"));
        client.run(format!("GRANT ALL ON *.* TO {user}@'127.0.0.1'"));
    }
    let denied = "server error 1045 (28000): Access denied for user";
    assert_dumps(server, "of_1_2", &[&certificate[..], &["--tls-version=TLSv1.2", "--cipher", of_1_2]].concat());
    assert_dumps(
        server,
        "of_1_2",
        &[&certificate[..], &["--tls-version=TLSv1.1,TLSv1.2", "--cipher=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:X"]]
            .concat(),
    );
    // TLS 1.3 goes first, whose suites that list says nothing of.
    assert_fails(server, "of_1_2", &[&certificate[..], &["--cipher", of_1_2]].concat(), denied);
    assert_dumps(server, "of_1_3", &[&certificate[..], &["--cipher", of_1_3]].concat());
    assert_dumps(server, "of_1_3", &[&certificate[..], &["--tls-version=TLSv1.3", "--cipher", of_1_3]].concat());
    assert_fails(server, "of_1_3", &[&certificate[..], &["--tls-version=TLSv1.2"]].concat(), denied);
    let no_effect = "protocol compression is on, for which --cipher and --tls-version have no effect: leave them out";
    assert_fails(server, "encrypted", &["-C", "--tls-version=TLSv1.3"], no_effect);
    for (args, told) in [
        (
            &["--tls-version=TLSv1.1"][..],
            "--tls-version='TLSv1.1': only TLSv1.2 and TLSv1.3 are spoken, name at least one of them",
        ),
        (&["--tls-version=bogus"], "--tls-version: 'bogus' is no version of TLS: use TLSv1.2 and TLSv1.3"),
        (
            &["--cipher=bogus"],
            "--cipher='bogus': none of these is a cipher suite that this program has for TLS 1.2 or 1.3",
        ),
    ] {
        let output = dump_as(server, "encrypted", args);
        assert_eq!((output.code, output.stderr), (Some(2), format!("mydumper: {told}\n")));
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
