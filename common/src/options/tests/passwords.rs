//! Passwords in all ways of writing them.

use super::*;

#[test]
fn passwords_in_all_ways() {
    let given = |text| Some(Some(Password::new(text)));
    for (line, password) in [
        ("-psecret", given("secret")),
        ("-p secret", given("secret")),
        ("-GCpsecret", given("secret")),
        ("--password=secret", given("secret")),
        ("--password secret", given("secret")),
        ("-p=abc", given("=abc")),
        ("-p-abc", given("-abc")),
        ("-p -", given("-")),
        ("--password=", given("")),
        ("-p -G", Some(None)),
        ("--password --triggers", Some(None)),
        ("-Gp", Some(None)),
        ("-px -p", Some(None)),
        ("-p -px", given("x")),
    ] {
        let options = typed(line);
        assert_eq!(options.connection.password, password, "{line}");
        let source = match &password {
            Some(Some(password)) => PasswordSource::Given(password),
            _ => PasswordSource::Prompt,
        };
        assert_eq!(options.connection.password_source(), source, "{line}");
    }
    for (line, source) in [
        ("-a", PasswordSource::Prompt),
        ("-px -a", PasswordSource::Prompt),
        ("-a -px", PasswordSource::Given(&Password::new("x"))),
    ] {
        assert_eq!(typed(line).connection.password_source(), source, "{line}");
    }
    assert_eq!(format!("{:?}", Password::new("secret")), "Password(***)");
    assert!(!format!("{:?}", typed("-psecret")).contains("secret"));
}

#[test]
fn passwords_are_taken_out_of_the_command_line() {
    let taken = |line: &str| {
        let argv = line.split_whitespace().map(OsString::from);
        password_on_command_line::<Options>(ProgramName::Mydumper, argv).map(|(rest, password)| {
            let rest: Vec<_> = rest.iter().map(|a| a.to_str().unwrap()).collect();
            (rest.join(" "), password.into_string().unwrap())
        })
    };
    for (line, rest, password) in [
        ("m -psecret -t 2", "m -t 2", "secret"),
        ("m -p secret -t 2", "m -t 2", "secret"),
        ("m -GCpsecret", "m -GC", "secret"),
        ("m -GCp secret -t2", "m -GC -t2", "secret"),
        ("m --password=secret", "m", "secret"),
        ("m --password secret -G", "m -G", "secret"),
        ("m --password= -G", "m -G", ""),
        ("m -pa -p b", "m", "b"),
        ("m -pa -p", "m --password", "a"),
    ] {
        let expected = Some((rest.to_owned(), password.to_owned()));
        assert_eq!(taken(line), expected, "{line}");
    }
    for line in ["m", "m -p", "m -p -G", "m -hprod -uapp", "m -t 2 --port 1", "m -Bapp", "-pname"] {
        assert_eq!(taken(line), None, "{line}");
    }
}
