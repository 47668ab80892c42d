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
    case.file("mydumper.cnf", "[client]\npassword\n[mydumper]\nstream=no\nmasquerade-filename=0\n");
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
fn mistakes_in_files_name_file_and_line() {
    for (content, text) in [
        ("[mydumper]\n\nthread=1", "mydumper.cnf, line 3: unknown option 'thread' in section [mydumper]"),
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
            "[mydumper]\nmasquerade_filename=1",
            "mydumper.cnf, line 2: --masquerade-filename is not supported yet by this version: files are named after their tables",
        ),
        (
            "[mydumper]\nmerge",
            "mydumper.cnf, line 2: --merge is not supported yet by this version: dump into a directory of its own",
        ),
        ("[client]\nport=x", "mydumper.cnf, line 2: invalid value 'x' for --port: use a whole number from 1 to 65535"),
        (
            "[mydumper]\ndefaults-file=x",
            "mydumper.cnf, line 2: defaults-file belongs on the command line, not in a defaults file",
        ),
        ("x=1", "mydumper.cnf, line 1: 'x' comes before any [section]"),
        ("[client", "mydumper.cnf, line 1: the section has no ']'"),
        (
            "!includedir /etc",
            "mydumper.cnf, line 1: !includedir is not supported: name the other file with --defaults-extra-file",
        ),
        (
            "[mydumper_variables]",
            "mydumper.cnf, line 1: [mydumper_variables] is a section of older mydumper versions: use [mydumper_session_variables]",
        ),
        (
            "[mydumper_session_variables_mariadb]",
            "mydumper.cnf, line 1: [mydumper_session_variables_mariadb]: sections for one server product are not supported yet by this version",
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
