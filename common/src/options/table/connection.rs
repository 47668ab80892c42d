//! How to reach the server.

use super::row::{Group, Row, Value, flag, value};

pub(super) const GROUP: Group = Group {
    heading: "Connection",
    intro: "",
    rows: &[
        value("host", "HOST").letter('h').absent("`localhost`").help(
            "Host of the server. `localhost` is the Unix socket if there is one, unless `--port` or `--protocol=TCP` is given.",
        ),
        value("port", "PORT").letter('P').absent("3306").help("TCP port, 1 to 65535.").differs("0 is refused"),
        value("socket", "PATH").letter('S').absent("usual paths").help("Unix socket."),
        value("protocol", "TCP|SOCKET").absent("see `--host`").help("How to connect. `TCP` excludes `--socket`."),
        value("user", "USER").letter('u').absent("`$USER`, else `root`").help("User to log in as."),
        Row { value: Value::Optional("PASSWORD", None), ..flag("password") }
            .letter('p')
            .absent("`MYSQL_PWD`, else none")
            .help("Password. Without a value: asks on the terminal.")
            .differs("removed from the process list"),
        flag("ask-password").letter('a').help("Asks for the password on the terminal. The later of this and `--password` wins."),
        value("default-connection-database", "DB")
            .default("INFORMATION_SCHEMA")
            .help("Database that connections start in."),
        flag("compress-protocol").letter('C').help("Compresses the connection."),
        flag("ssl").help("Means `--ssl-mode=REQUIRED`."),
        value("ssl-mode", "MODE")
            .absent("`PREFERRED`")
            .help("Encryption: `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`. TLS 1.2 and 1.3 only.")
            .differs("a socket with `REQUIRED` or more is refused"),
        value("ca", "FILE").help("PEM file of trusted authorities."),
        value("cert", "FILE").help("Client certificate, PEM; needs `--key`."),
        value("key", "FILE").help("Private key, PEM; needs `--cert`."),
        value("capath", "DIR").not_yet("name one PEM file with `--ca`"),
        value("cipher", "LIST").not_yet("the TLS library chooses safe TLS 1.2 and 1.3 ciphers"),
        value("tls-version", "LIST").not_yet("TLS 1.2 or 1.3 is negotiated"),
        flag("enable-cleartext-plugin").help("Allows `mysql_clear_password`, which sends the password as it is."),
        value("server-version", "PRODUCT-VERSION")
            .absent("asks the server")
            .help("Treats the server as `mysql-8.0.36` or `mariadb-10.11.6`, say."),
    ],
};
