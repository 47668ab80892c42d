//! Lists outside the tests that name tests: no name in them is of a test that is no more.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The names of all tests, with their modules, as the test program lists them.
fn tests() -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap()).args(["--list", "--format=terse"]).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// `tests/run.sh --quick` leaves these tests out.
#[test]
fn the_list_of_slow_tests_is_sorted_and_names_tests_that_there_are() {
    // Read when the test runs, so that a new list needs no build.
    let list = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("slow-tests.txt")).unwrap();
    let slow: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(slow.is_sorted_by(|one, next| one < next), "sort them, each once: {slow:#?}");
    let tests = tests();
    let unknown: Vec<_> = slow.iter().filter(|name| !tests.iter().any(|test| test == *name)).collect();
    assert!(unknown.is_empty(), "not tests: {unknown:#?}");
}

/// Names are written as `` `folder::file::test` ``, or `` `folder::file` `` for all tests of a file.
#[test]
fn the_tables_of_faults_and_fidelity_name_tests_that_there_are() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let tests = tests();
    for (page, least) in [("faults.md", 40), ("fidelity.md", 40)] {
        let text = std::fs::read_to_string(find(&root.join("../docs"), page).unwrap()).unwrap();
        let is_folder = |name: &&str| {
            name.split_once("::").is_some_and(|(folder, _)| root.join("integration").join(folder).is_dir())
        };
        let names: Vec<&str> = text.split('`').filter(is_folder).collect();
        assert!(names.len() > least, "{page}: {names:?}");
        let is_known = |name: &str| {
            tests
                .iter()
                .any(|test| test.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
        };
        let unknown: Vec<_> = names.into_iter().filter(|name| !is_known(name)).collect();
        assert!(unknown.is_empty(), "{page}: {unknown:#?}");
    }
}

/// The file of this name in a folder or below it.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().find_map(|path| match path.is_dir() {
        true => find(&path, name),
        false => path.ends_with(name).then_some(path),
    })
}
