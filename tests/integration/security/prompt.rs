//! The prompt for a password, on a terminal that `script` makes.

use harness::program::{Program, WorkDir};
use harness::server::{Product, source};

/// What a terminal shows of a shell's script, in which something is typed once the prompt is there.
fn on_terminal(work: &WorkDir, script: &str, typed: &str) -> String {
    work.write("script", format!("trap : INT\n{script}\n"));
    let types = format!("until grep -q 'Password of' shown 2>/dev/null; do :; done; printf '{typed}'");
    let terminal = "script -qfc 'bash ./script' shown > /dev/null";
    let ended = "until grep -q '^ended' shown 2>/dev/null; do :; done";
    Program::new("bash")
        .args(["-c", &format!("touch shown; {{ {types}; {ended}; }} | {terminal}")])
        .current_dir(work.path())
        .ok();
    String::from_utf8_lossy(&work.read("shown")).replace('\r', "")
}

#[test]
fn a_password_is_typed_unseen_and_ctrl_c_leaves_the_terminal_as_it_was() {
    let server = source(Product::MariaDb);
    let mut client = server.client();
    client.run("CREATE DATABASE typed_unseen");
    client.run("CREATE TABLE typed_unseen.t (id INT)");
    client.run("CREATE USER typed_unseen@localhost IDENTIFIED BY 'hushed word'");
    client.run("GRANT ALL ON *.* TO typed_unseen@localhost");
    for (typed, code) in [("hushed word\\n", 0), ("\\003", 130), ("wrong\\n", 3)] {
        let work = WorkDir::new();
        let program = Program::mydumper();
        let command = format!(
            "{} --socket {} -u typed_unseen -B typed_unseen -o dump -p; echo \"ended with $?\"; stty -a | grep -ow -e -echo -e echo",
            program.path().display(),
            server.socket().display(),
        );
        let shown = on_terminal(&work, &command, typed);
        assert!(shown.contains("Password of typed_unseen: "), "{shown}");
        assert!(shown.contains(&format!("ended with {code}\necho\n")), "{typed}: {shown}");
        assert!(!shown.contains("hushed") && !shown.contains("wrong"), "{shown}");
        assert_eq!(shown.contains("stopped at the prompt for the password"), code == 130, "{shown}");
    }
    client.run("DROP USER typed_unseen@localhost");
    client.run("DROP DATABASE typed_unseen");
}

#[test]
fn a_log_file_that_is_a_link_is_not_followed() {
    let product = Product::MariaDb;
    let work = WorkDir::new();
    work.write("mine", "mine\n");
    std::os::unix::fs::symlink(work.path().join("mine"), work.path().join("link")).unwrap();
    let program = |log: &str| {
        Program::myloader().server(source(product)).args(["-d", "none", "-L", log]).current_dir(work.path())
    };
    let error = program("link").fails_with(2);
    let told = "cannot open the log file link: it is a symbolic link, which is not followed: name the file itself";
    assert!(error.contains(told), "{error}");
    assert_eq!(work.read_text("mine"), "mine\n");
    // One that is there is continued.
    program("mine").fails_with(5);
    assert!(work.read_text("mine").starts_with("mine\n20"), "{}", work.read_text("mine"));
}
