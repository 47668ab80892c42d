//! Defaults files, and what overrides them.

use super::*;

/// The error of a default file with this content.
fn file_error(content: &str) -> String {
    let case = Case::new();
    case.file("mydumper.cnf", content);
    case.error("")
}

#[test]
fn the_command_line_and_the_extra_file_override_the_file() {
    let case = Case::new();
    let first = case.file(
        "mydumper.cnf",
        "# comment\n; comment\n[client]\nuser = app\nport=3301\nhost=a\nssl_ca=/ca.pem\nloose-x=1\ndefault-character-set=utf8\n\
         [mydumper]\nthreads=8\nhost = 'b'\ntriggers\nstream = 2\n[mysqld]\nno key at all [ ?\n[myloader]\nnonsense=1\n",
    );
    let extra = case.file("extra.cnf", "[mydumper]\nthreads=16\ntriggers=off\n[client]\nuser=root\nhost=c\n");
    let parsed = case.parse("").unwrap();
    assert_eq!(parsed.files_read, [first.as_path()]);
    assert_eq!(parsed.options.threads, 8);
    assert!(parsed.options.triggers);
    assert_eq!(parsed.options.stream, Some(StreamMode::NO_DELETE));
    let connection = parsed.options.connection;
    assert_eq!(connection.user.as_deref(), Some("app"));
    assert_eq!(connection.host.as_deref(), Some("b"));
    assert_eq!(connection.port, Some(3301));
    assert_eq!(connection.ca, Some(PathBuf::from("/ca.pem")));

    let parsed = case.parse("--defaults-extra-file=EXTRA --port=1").unwrap();
    assert_eq!(parsed.files_read, [first, extra]);
    assert_eq!(parsed.options.threads, 16);
    assert!(!parsed.options.triggers);
    assert_eq!(parsed.options.connection.user.as_deref(), Some("root"));
    // The program's section comes before [client], whichever file it is in.
    assert_eq!(parsed.options.connection.host.as_deref(), Some("b"));
    assert_eq!(parsed.options.connection.port, Some(1));

    let parsed = case.parse("--defaults-file EXTRA -G -t 2").unwrap();
    assert_eq!(parsed.options.threads, 2);
    assert!(parsed.options.triggers);
    assert_eq!(parsed.options.stream, None);
    assert!(case.parse("--defaults-file=/dev/null").is_ok());
}

#[test]
fn what_the_command_line_overrides_is_told() {
    let case = Case::new();
    let file = case.file("mydumper.cnf", "[client]\nuser=app\n[mydumper]\nthreads=8\ntriggers\nregex=^a\n");
    let told = |line: &str| case.parse(line).unwrap().overridden;
    let line =
        |number: u32, option: &str| format!("{}, line {number}: the command line overrides {option}", file.display());
    assert_eq!(told("-u root"), [""; 0]);
    assert_eq!(told("-t 2 -x ^b"), [line(4, "threads"), line(6, "regex")]);
}

#[test]
fn values_in_files() {
    let case = Case::new();
    case.file(
        "mydumper.cnf",
        "\u{feff}[client]\r\npassword = \"a#b \\s\\\\\\x\" # comment\r\nuser=x#comment\r\n\
         [mydumper]\r\nregex = ^(?!(mysql|a\\.s#b)) # system\r\nhost=\"h 1\"\r\n",
    );
    let options = case.parse("").unwrap().options;
    assert_eq!(options.connection.password, Some(Some(Password::new("a#b  \\\\x"))));
    assert_eq!(options.connection.user.as_deref(), Some("x"));
    assert_eq!(options.connection.host.as_deref(), Some("h 1"));
    assert_eq!(options.filter.regex.as_deref(), Some("^(?!(mysql|a\\.s#b))"));

    case.file("mydumper.cnf", "[mydumper]\nask_password=true\nstream=on\n");
    let options = case.parse("").unwrap().options;
    assert!(options.connection.ask_password);
    assert_eq!(options.stream, Some(StreamMode::TRADITIONAL));
    case.file("mydumper.cnf", "[client]\npassword\n[mydumper]\nstream=no\ndaemon=0\n");
    let options = case.parse("").unwrap().options;
    assert_eq!(options.connection.password, Some(None));
    assert_eq!(options.stream, None);
}

#[test]
fn variables_are_kept_as_expressions() {
    let case = Case::new();
    case.file(
        "mydumper.cnf",
        "[mydumper_session_variables]\nSQL_MODE='A,#B' /*!40101\nwait_timeout = 300 # long\n\
         [mydumper_global_variables]\nsync-binlog=0\n[myloader_session_variables]\nx=1\n",
    );
    case.file("extra.cnf", "[mydumper_session_variables]\nsql-mode=''\n");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let parsed = case.parse("").unwrap();
    assert_eq!(parsed.session_variables, [pair("SQL_MODE", "'A,#B' /*!40101"), pair("wait_timeout", "300")]);
    assert_eq!(parsed.global_variables, [pair("sync_binlog", "0")]);
    let parsed = case.parse("--defaults-extra-file=EXTRA").unwrap();
    assert_eq!(parsed.session_variables[0], pair("SQL_MODE", "''"));
}

#[test]
fn sections_for_a_product_override_those_for_all_and_the_command_line_wins() {
    let case = Case::new();
    case.file(
        "mydumper.cnf",
        "[mydumper_mariadb_10_11]\nthreads=3\n[mydumper_mariadb_10]\nthreads=2\nregex=^a\n[mydumper]\nthreads=1\ntriggers\n\
         [mydumper_mysql]\ntriggers=0\ndaemon\n[mydumper_session_variables]\na=1\nb=2\n\
         [mydumper_session_variables_mariadb]\nB=3 /*!100100\n[mydumper_global_variables_mysql_8]\nx=1\n\
         [mydumper_marai]\nno such key\n[myloader_mysql]\nnonsense=1\n",
    );
    case.file("extra.cnf", "[mydumper_mariadb]\nthreads=9\n[mydumper]\nregex=^b\n");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let of = |line: &str, server: &str| case.parse(line).unwrap().for_server(&server.parse().unwrap());
    let parsed = case.parse("").unwrap();
    assert!(parsed.depends_on_server());
    let warning = "/mydumper.cnf, line 19: [mydumper_marai] is passed over: there is no product \"marai\"; use one of percona, \
                   mysql, mariadb, rds, google, tidb, clickhouse, dolt, unknown";
    assert!(matches!(&parsed.warnings[..], [only] if only.ends_with(warning)), "{:?}", parsed.warnings);
    assert_eq!((parsed.options.threads, parsed.options.triggers), (1, true));
    assert_eq!(parsed.session_variables, [pair("a", "1"), pair("b", "2")]);

    let parsed = of("", "mariadb-10.11.6").unwrap();
    assert_eq!((parsed.options.threads, parsed.options.triggers), (3, true));
    assert_eq!(parsed.options.filter.regex.as_deref(), Some("^a"));
    assert_eq!(parsed.session_variables, [pair("a", "1"), pair("b", "3 /*!100100")]);
    assert_eq!(parsed.warnings, [""; 0]);
    let parsed = of("--defaults-extra-file=EXTRA -t 5", "mariadb-11.4.2").unwrap();
    assert_eq!((parsed.options.threads, parsed.options.filter.regex.as_deref()), (5, Some("^b")));
    assert_eq!(of("--defaults-extra-file=EXTRA", "mariadb-11.4.2").unwrap().options.threads, 9);

    // What is not supported matters only where it applies.
    let error = of("", "mysql-8.4.0").unwrap_err().to_string();
    assert!(error.contains("/mydumper.cnf, line 11: --daemon is not supported yet"), "{error}");
    assert!(!Case::new().parse("").unwrap().depends_on_server());
}

#[test]
fn mistakes_in_files_name_file_and_line() {
    for (content, text) in [
        (
            "[mydumper]\n\nthread=1",
            "mydumper.cnf, line 3: unknown option 'thread' in section [mydumper]: did you mean threads?",
        ),
        (
            "[mydumper]\nthreads=0",
            "mydumper.cnf, line 2: invalid value '0' for --threads: use a whole number from 1 to 1024",
        ),
        (
            "[mydumper]\nthreads",
            "mydumper.cnf, line 2: --threads needs a value (one that begins with a dash is written --threads=VALUE)",
        ),
        ("[mydumper]\ntriggers=2", "mydumper.cnf, line 2: triggers is on or off: use 1 or 0, not '2'"),
        (
            "[mydumper]\nsnapshot_interval=1",
            "mydumper.cnf, line 2: --snapshot-interval is not supported yet by this version: run mydumper from cron or a systemd timer",
        ),
        (
            "[mydumper]\ndaemon",
            "mydumper.cnf, line 2: --daemon is not supported yet by this version: run mydumper from cron or a systemd timer",
        ),
        ("[client]\nport=x", "mydumper.cnf, line 2: invalid value 'x' for --port: use a whole number from 1 to 65535"),
        (
            "[mydumper]\ndefaults-file=x",
            "mydumper.cnf, line 2: defaults-file belongs on the command line, not in a defaults file",
        ),
        ("x=1", "mydumper.cnf, line 1: 'x' comes before any [section]"),
        ("[client", "mydumper.cnf, line 1: the section has no ']'"),
        ("!includedir", "mydumper.cnf, line 1: !includedir names no directory"),
        ("!includes /etc/x", "mydumper.cnf, line 1: !includes is unknown: use !include or !includedir"),
        (
            "!include /nonexistent/x",
            "mydumper.cnf, line 1: cannot read the defaults file /nonexistent/x: No such file or directory (os error 2)",
        ),
        (
            "!includedir /nonexistent",
            "mydumper.cnf, line 1: cannot read the directory /nonexistent: No such file or directory (os error 2)",
        ),
        (
            "[mydumper_variables]",
            "mydumper.cnf, line 1: [mydumper_variables] is a section of older mydumper versions: use [mydumper_session_variables]",
        ),
        ("[mydumpers]", "mydumper.cnf, line 1: unknown section [mydumpers]: did you mean [mydumper]?"),
        (
            "[mydumper_global_variable_mysql]",
            "mydumper.cnf, line 1: unknown section [mydumper_global_variable_mysql]: use [mydumper_session_variables], or a product and version, such as [mydumper_mysql_8_0]",
        ),
        (
            "[mydumper_mariadb]\nthread=1",
            "mydumper.cnf, line 2: unknown option 'thread' in section [mydumper_mariadb]: did you mean threads?",
        ),
        (
            "[mydumper_mysql_8]\nthreads=x",
            "mydumper.cnf, line 2: invalid value 'x' for --threads: use a whole number from 1 to 1024",
        ),
        (
            "[mydumper_mysql_8]\nhost=x",
            "mydumper.cnf, line 2: host in [mydumper_mysql_8] comes too late, for the server tells its product when the program has connected: put it into [mydumper]",
        ),
        (
            "[mydumper_rds]\nverbose=3",
            "mydumper.cnf, line 2: verbose in [mydumper_rds] comes too late, for the server tells its product when the program has connected: put it into [mydumper]",
        ),
        ("[`a`.`b`]", "mydumper.cnf, line 1: [`a`.`b`]: sections for one table are not supported yet by this version"),
        ("[mydumper_session_variables]\na b=1", "mydumper.cnf, line 2: 'a b' is not the name of a variable"),
        ("[mydumper_session_variables]\na", "mydumper.cnf, line 2: the variable a has no value"),
    ] {
        assert_eq!(file_error(content), text);
    }
    let case = Case::new();
    case.file("mydumper.cnf", b"[client]\npassword=\xff");
    assert_eq!(case.error(""), "the defaults file mydumper.cnf is not UTF-8");
}

#[test]
fn a_password_that_others_can_read_causes_a_warning() {
    let case = Case::new();
    let path = case.file("mydumper.cnf", "[client]\npassword=x\n");
    assert!(!is_readable_by_others(&path));
    assert!(case.parse("").unwrap().warnings.is_empty());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(is_readable_by_others(&path));
    let path = path.display();
    assert_eq!(
        case.parse("").unwrap().warnings,
        [format!("{path} holds a password and other users can read it: chmod 600 {path}")]
    );
}

#[test]
fn an_unreadable_default_file_is_skipped() {
    let case = Case::new();
    let path = case.dir.path().join("mydumper.cnf");
    fs::create_dir(&path).unwrap();
    assert_eq!(
        case.parse("").unwrap().warnings,
        [format!("{} was not read: Is a directory (os error 21); name another with --defaults-file", path.display())]
    );
}

/// What `my_print_defaults --defaults-file=FILE client` of MariaDB 10.11 and MySQL 9.7 prints.
#[test]
fn passwords_mean_what_they_mean_to_the_stock_clients() {
    let case = Case::new();
    for (written, meant) in [
        (r"'a\'b'", "a'b"),
        (r#""x\"y""#, "x\"y"),
        (r"'p#q' # comment", "p#q"),
        ("p#q", "p"),
        (r"p\#q", r"p\"),
        ("'unclosed # c", "'unclosed # c"),
        (r"a\sb\tc\nd\\e\xf", "a b\tc\nd\\e\\xf"),
        (r#"'a"b'"#, "a\"b"),
        (r#""a'b" # trailing"#, "a'b"),
        ("'a' b", "'a' b"),
        (r"'a\\'", r"a\"),
        ("a'b#c'd", "a'b#c'd"),
        (r"'a#b\'c#d'", "a#b'c#d"),
        (r#""it's" # it's"#, "it's"),
        ("''", ""),
        (r#" "a" "b""#, r#"a" "b"#),
        (r"'\s'", " "),
        (r"\'ab\'", "'ab'"),
        (r"'abc\", r"'abc\"),
        ("it's # ok", "it's # ok"),
        (r"a\", r"a\"),
    ] {
        case.file("mydumper.cnf", format!("[client]\npassword={written}\n"));
        let password = case.parse("").unwrap().options.connection.password;
        assert_eq!(password, Some(Some(Password::new(meant))), "{written}");
    }
}

/// The files of the MySQL clients come after everybody's and before those that are named.
#[test]
fn the_files_of_the_mysql_clients() {
    let case = Case::new();
    let default = case.file("mydumper.cnf", "[client]\nuser=default\nport=1\nsocket=/default\n");
    let my_cnf = case.file(
        "my.cnf",
        "[mysqld]\nx\n[mydumper]\nnonsense=1\n[mysql]\nprompt=x\n[client]\nuser=mine\npassword=my\nport=2\nssl-ca=/ca\n",
    );
    let extra = case.file("extra.cnf", "[client]\nhost=extra\n");
    let connection = |line: &str| {
        let parsed = case.parse(line).unwrap();
        assert_eq!(parsed.warnings, [""; 0]);
        let c = parsed.options.connection;
        (
            parsed.files_read,
            [c.user, c.host, c.port.map(|port| port.to_string()), c.password.flatten().map(|p| p.as_str().to_owned())],
        )
    };
    let all = |texts: [&str; 4]| texts.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
    assert_eq!(connection(""), (vec![default.clone(), my_cnf.clone()], all(["mine", "", "2", "my"])));

    // Written by mysql_config_editor 9.7.
    let login = case.file("login.cnf", include_bytes!("../../../../tests/fixtures/mylogin.cnf"));
    let of_login = ["o'brien", "db.example.com", "3307", r#"pä"s#s\word"#];
    assert_eq!(connection(""), (vec![default.clone(), my_cnf.clone(), login.clone()], all(of_login)));
    let with_extra = all([of_login[0], "extra", of_login[2], of_login[3]]);
    assert_eq!(
        connection("--defaults-extra-file=EXTRA"),
        (vec![default, my_cnf, login.clone(), extra.clone()], with_extra.clone())
    );
    assert_eq!(connection("--defaults-file=EXTRA"), (vec![login, extra.clone()], with_extra));
    assert_eq!(connection("--no-defaults"), (vec![], all(["", "", "", ""])));
    assert_eq!(connection("--no-defaults --defaults-file=EXTRA"), (vec![extra], all(["", "extra", "", ""])));

    let mistake = |line: &str, content: &str| {
        case.file("my.cnf", content);
        case.error(line)
    };
    assert_eq!(mistake("", "x=1"), "my.cnf, line 1: 'x' comes before any [section]");
}

#[test]
fn files_of_the_mysql_clients_that_others_may_change_are_not_read() {
    let case = Case::new();
    let my_cnf = case.file("my.cnf", "[client]\nuser=mine\n");
    let login = case.file("login.cnf", include_bytes!("../../../../tests/fixtures/mylogin.cnf"));
    fs::set_permissions(&my_cnf, fs::Permissions::from_mode(0o602)).unwrap();
    fs::set_permissions(&login, fs::Permissions::from_mode(0o640)).unwrap();
    let parsed = case.parse("").unwrap();
    assert_eq!(parsed.options.connection.user, None);
    let (my_cnf, login) = (my_cnf.display(), login.display());
    assert_eq!(
        parsed.warnings,
        [
            format!("{my_cnf} was not read: every user can write to it; chmod 600 {my_cnf}"),
            format!("{login} was not read: it is not its owner's alone; chmod 600 {login}")
        ]
    );
}

#[test]
fn a_damaged_login_file_is_an_error() {
    let whole = include_bytes!("../../../../tests/fixtures/mylogin.cnf");
    let case = Case::new();
    let (no_key, truncated, garbled) =
        ("it ends within its key", "it ends within a line", "a line's length or padding is wrong");
    for (content, reason) in [
        (&whole[..23], no_key),
        (&whole[..whole.len() - 1], truncated),
        (&whole[..26], truncated),
        (&[&whole[..24], &[0xff; 8]].concat(), garbled),
        (&[&whole[..24], &[3, 0, 0, 0, 1, 2, 3]].concat(), garbled),
        (&[&[0; 24], &whole[24..]].concat(), garbled),
    ] {
        case.file("login.cnf", content);
        assert_eq!(
            case.error(""),
            format!("login.cnf is damaged ({reason}): write it anew with mysql_config_editor, or use --no-defaults")
        );
    }
}

#[test]
fn files_include_others() {
    let case = Case::new();
    let dir = case.dir.path().display();
    fs::create_dir(case.dir.path().join("conf.d")).unwrap();
    case.file("conf.d/b.cnf", "[client]\nuser=b\nport=2\n");
    case.file("conf.d/a.cnf", "[mydumper]\nthreads=7\n[client]\nuser=a\nhost=a\n");
    case.file("conf.d/c.txt", "nonsense");
    case.file("one.cnf", "[client]\nhost=one\nsocket=/one\n");
    let content = format!("!include {dir}/one.cnf\n[client]\nsocket=/first\n!includedir  {dir}/conf.d \nport = 3\n");
    case.file("mydumper.cnf", &content);
    let parsed = case.parse("").unwrap();
    let connection = parsed.options.connection;
    assert_eq!(
        (
            connection.user.as_deref(),
            connection.host.as_deref(),
            connection.port,
            connection.socket,
            parsed.options.threads
        ),
        (Some("b"), Some("a"), Some(3), Some(PathBuf::from("/first")), 7)
    );

    case.file("one.cnf", format!("!include {dir}/one.cnf"));
    assert_eq!(case.error(""), "one.cnf, line 1: 10 files include each other: is it a circle?");
    case.file("one.cnf", "[client");
    assert_eq!(case.error(""), "one.cnf, line 1: the section has no ']'");
}
