//! Defaults files: an error or options, never a password in the error's text.

#![no_main]

use std::fs;

use clap::Parser;
use common::options::{ConnectionOptions, LogOptions, ProgramName, parse};
use libfuzzer_sys::fuzz_target;

#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    connection: ConnectionOptions,
    #[command(flatten)]
    log: LogOptions,
}

fuzz_target!(|content: &[u8]| {
    let path = format!("/dev/shm/mydumper-rs-fuzz-{}.cnf", std::process::id());
    fs::write(&path, content).unwrap();
    for program in [ProgramName::Mydumper, ProgramName::Myloader] {
        let arguments = [program.as_str().into(), format!("--defaults-file={path}").into()];
        match parse::<Options>(program, arguments.into_iter()) {
            Ok(parsed) => {
                for (name, _) in parsed.session_variables.iter().chain(&parsed.global_variables) {
                    assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)));
                }
            }
            Err(error) => assert!(!error.to_string().contains("TOPSECRET") || !contains_option(content)),
        }
    }
});

/// Whether the word stands only where a password does.
fn contains_option(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content);
    text.matches("TOPSECRET").count() == text.matches("\npassword=TOPSECRET\n").count()
}
