//! Threads, log, defaults files, and what both programs do not do yet.

use super::row::{Group, flag, value};

const NO_PMM: &str = "no PMM metrics are written, leave it out";
const NO_REPLICATION: &str = "metadata holds the coordinates; set up replication by hand";

pub(super) const GROUP: Group = Group {
    heading: "General",
    intro: "",
    rows: &[
        value("threads", "N")
            .letter('t')
            .default("4")
            .help("Worker threads, one connection each; 1 to 1024.")
            .differs("0 is refused"),
        value("verbose", "N")
            .letter('v')
            .default("2")
            .help("What is logged: 0 nothing, 1 errors, 2 warnings, 3 information. A failure is reported on stderr even at 0.")
            .differs("4 and more count as 3"),
        flag("debug").help("As `-v 3`, with more lines for developers."),
        value("logfile", "FILE")
            .letter('L')
            .absent("stderr")
            .help("File for the log. Failures also go to stderr.")
            .differs("never logs to stdout"),
        value("defaults-file", "FILE")
            .absent("`/etc/mydumper.cnf` and `~/.my.cnf`")
            .help("[Defaults file](#defaults-files) to read.")
            .differs("command line wins"),
        value("defaults-extra-file", "FILE").help("A second defaults file, which overrides the first."),
        flag("no-defaults").absent("").help("Reads no defaults file that is not named.").added(),
        value("stall-report", "SECONDS")
            .default("60")
            .help("Without progress for so long, warns who waits for what, with blocking sessions; after 10 s at the latest, whose lock a worker waits for; 0 never.")
            .added(),
        flag("version").letter('V').absent("").help("Prints this program's version.").differs("not 1.0.1"),
        flag("help").letter('?').absent("").help("Prints help."),
        value("pmm-path", "DIR").not_yet(NO_PMM),
        value("pmm-resolution", "RESOLUTION").not_yet(NO_PMM),
        value("exec-per-thread", "COMMAND")
            .help("Each file's content goes [through this command](commands.md#exec-per-thread) from stdin to stdout. Excludes `--compress`.")
            .differs("quotes are understood; a command that fails is an error"),
        value("exec-per-thread-extension", "EXTENSION")
            .help("What `--exec-per-thread` appends to names, `.xz` say."),
        value("source-data", "N").not_yet(NO_REPLICATION),
        value("source-control-command", "DIALECT").not_yet(NO_REPLICATION),
        flag("machine-log-json").not_yet("log lines are text"),
        flag("dry-run").not_yet("there is no trial run"),
        value("throttle", "LIMIT").not_yet("lower `--threads` to put less load on the server"),
    ],
};
