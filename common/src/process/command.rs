//! Commands that the user names: split into words, found on the PATH, started without a shell, and ended with the program.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::process::process_secrets::DESCRIPTOR_VARIABLE;
use crate::process::stop::{EndedOnTrigger, Stop};

/// Bytes and lines of a command's standard error that a message has, from its end.
const SAID_BYTES: usize = 1000;
const SAID_LINES: usize = 5;

/// A command that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// There is no word in it.
    #[error("it names no program")]
    Empty,
    /// A quote is opened and not closed.
    #[error("a quote has no end")]
    Quote,
    /// The program is not there.
    #[error("there is no program {0}: give its path, or one that is on the PATH (no shell is used)")]
    NotFound(String),
}

/// A command as it was typed, whose program is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalCommand {
    text: String,
    program: PathBuf,
    words: Vec<String>,
}

impl ExternalCommand {
    /// Splits a command at blanks and finds its program. Single and double quotes hold blanks together; nothing else has a
    /// meaning, since there is no shell.
    ///
    /// # Errors
    /// [`BadCommand`].
    pub fn parse(text: &str) -> Result<ExternalCommand, BadCommand> {
        let words = split(text)?;
        let name = words.first().filter(|name| !name.is_empty()).ok_or(BadCommand::Empty)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = find(name, &path).ok_or_else(|| BadCommand::NotFound(name.clone()))?;
        Ok(ExternalCommand { text: text.to_owned(), program, words })
    }

    /// Its words, the program's name first.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Starts it in a process group of its own, which is ended when the program is stopped. `argument` may replace a word.
    ///
    /// # Errors
    /// The system's.
    pub fn start(
        &self,
        argument: impl Fn(&str) -> Option<OsString>,
        (input, output): (Stdio, Stdio),
        stop: &Stop,
    ) -> io::Result<RunningCommand> {
        let mut command = Command::new(&self.program);
        command
            .arg0(&self.words[0])
            .args(self.words[1..].iter().map(|word| argument(word).unwrap_or_else(|| word.into())));
        // What it needs of the server it has to be told by its own means.
        command.env_remove("MYSQL_PWD").env_remove(DESCRIPTOR_VARIABLE);
        command.stdin(input).stdout(output).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let ended_on_trigger = stop.end_on_trigger(pid(&child));
        let stderr = child.stderr.take();
        let said = std::thread::Builder::new().name("command's messages".into()).spawn(move || last_lines(stderr));
        let mut running = RunningCommand {
            name: self.words[0].clone(),
            child: Some(child),
            said: None,
            ended_on_trigger: Some(ended_on_trigger),
        };
        running.said = Some(said?);
        Ok(running)
    }
}

impl fmt::Display for ExternalCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A command has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the command {name} {how}{}{said}", if said.is_empty() { "" } else { ": " })]
pub struct CommandFailed {
    /// Its first word.
    pub name: String,
    /// How it ended.
    pub how: String,
    /// The last lines of its standard error, in one.
    pub said: String,
}

/// A command that was started. Dropped before [`RunningCommand::wait`], it is killed.
pub struct RunningCommand {
    name: String,
    child: Option<Child>,
    said: Option<JoinHandle<String>>,
    ended_on_trigger: Option<EndedOnTrigger>,
}

impl RunningCommand {
    /// The end of the pipe that it reads from. It is there once.
    pub fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.as_mut()?.stdin.take()
    }

    /// The end of the pipe that it writes to. It is there once.
    pub fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.as_mut()?.stdout.take()
    }

    /// That it has not done what it should have, whatever it says.
    pub fn failure(&self, how: &str) -> CommandFailed {
        CommandFailed { name: self.name.clone(), how: how.to_owned(), said: String::new() }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// [`CommandFailed`] unless it ends with status 0.
    pub fn wait(mut self) -> Result<(), CommandFailed> {
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        let reaped = self.reap();
        let failed = |how| Err(CommandFailed { name: self.name.clone(), how, said });
        match reaped {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => failed(format!("ended with status {code}")),
                (None, signal) => failed(format!("was ended by signal {}", signal.unwrap_or_default())),
            },
            Err(error) => failed(format!("cannot be waited for: {error}")),
        }
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        let Some(mut child) = self.child.take() else { return Ok(ExitStatus::default()) };
        // Its number is its own until it is waited for: nobody may signal it afterwards.
        let _ = waitid(Id::Pid(pid(&child)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        self.ended_on_trigger = None;
        child.wait()
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        if let Some(ended) = &self.ended_on_trigger {
            ended.kill();
            let _ = self.reap();
        }
        if let Some(said) = self.said.take() {
            let _ = said.join();
        }
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Reads to the end, and returns the last lines as one.
fn last_lines(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let (mut kept, mut block) = (Vec::new(), [0; 4096]);
    loop {
        match stderr.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
            Ok(read) => {
                kept.extend_from_slice(&block[..read]);
                kept.drain(..kept.len().saturating_sub(SAID_BYTES));
            }
        }
    }
    let text = String::from_utf8_lossy(&kept);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SAID_LINES)..].join(" / ")
}

fn split(text: &str) -> Result<Vec<String>, BadCommand> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_ascii_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(BadCommand::Quote) } else { Ok(words) }
}

fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| is_executable(path));
    }
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn run(text: &str, stop: &Stop) -> Result<(), CommandFailed> {
        let command = ExternalCommand::parse(text).unwrap();
        command.start(|_| None, (Stdio::null(), Stdio::null()), stop).unwrap().wait()
    }

    #[test]
    fn words_end_at_blanks_outside_of_quotes() {
        let words = |text: &str| split(text).unwrap();
        assert_eq!(words("  xz  -9\t-c\n"), ["xz", "-9", "-c"]);
        assert_eq!(
            words(r#"sh -c 'a "b" $c' "it's" x''y '' \n"#),
            ["sh", "-c", r#"a "b" $c"#, "it's", "xy", "", r"\n"]
        );
        assert_eq!(words(""), [""; 0]);
        assert_eq!(split("gpg 'a b"), Err(BadCommand::Quote));
    }

    proptest! {
        #[test]
        fn any_text_is_split_or_refused_and_quoted_words_are_read_back(
            text in any::<String>(),
            words in prop::collection::vec("[a-z \t\\\\$\"]{0,8}", 0..6),
        ) {
            let _ = split(&text);
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            prop_assert_eq!(split(&quoted.join(" ")), Ok(words));
        }
    }

    #[test]
    fn a_program_is_found_by_its_path_or_on_the_path_or_not_at_all() {
        assert_eq!(ExternalCommand::parse("  ").unwrap_err(), BadCommand::Empty);
        assert_eq!(ExternalCommand::parse("''").unwrap_err(), BadCommand::Empty);
        for missing in ["no-such-program-here -x", "/etc/passwd", "/bin", "./cat"] {
            let error = ExternalCommand::parse(missing).unwrap_err();
            let name = missing.split(' ').next().unwrap();
            assert_eq!(error, BadCommand::NotFound(name.to_owned()));
        }
        assert!(ExternalCommand::parse("/bin/sh").is_ok() && ExternalCommand::parse("sh -c true").is_ok());
    }

    #[test]
    fn a_status_a_signal_and_the_last_lines_are_told() {
        let stop = Stop::default();
        assert_eq!(run("true", &stop), Ok(()));
        let failed = |text: &str| run(text, &stop).unwrap_err().to_string();
        assert_eq!(failed("false"), "the command false ended with status 1");
        assert_eq!(failed("sh -c 'kill -9 $$'"), "the command sh was ended by signal 9");
        assert_eq!(
            failed("sh -c 'for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3'"),
            "the command sh ended with status 3: line 3 / line 4 / line 5 / line 6 / line 7"
        );
    }

    #[test]
    fn a_stop_ends_a_command_and_what_it_has_started() {
        let stop = Stop::default();
        let began = Instant::now();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| run("sh -c 'sleep 600 & wait'", &stop));
            stop.trigger();
            assert_eq!(waiting.join().unwrap().unwrap_err().how, "was ended by signal 15");
        });
        // One that is started afterwards, too.
        assert_eq!(run("sleep 600", &stop).unwrap_err().how, "was ended by signal 15");
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn one_that_nobody_waits_for_is_killed() {
        let command = ExternalCommand::parse("sh -c 'trap \"\" TERM; sleep 600'").unwrap();
        let began = Instant::now();
        drop(command.start(|_| None, (Stdio::null(), Stdio::null()), &Stop::default()).unwrap());
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}
