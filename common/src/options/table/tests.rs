//! The table against itself and the page.

use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::options::table::row::Value;

#[test]
fn the_page_is_what_the_table_gives() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/user/options.md");
    let kept = fs::read_to_string(path).unwrap();
    let differs = kept.lines().zip(page().lines()).position(|(kept, new)| kept != new);
    assert!(
        kept == page(),
        "docs/user/options.md is not what the table of options gives (line {}): run `cargo run -p common --example \
         options-page > docs/user/options.md`",
        differs.map_or(kept.lines().count(), |line| line + 1)
    );
    assert!(!kept.contains(['{', '}']), "a placeholder of page.md was not filled in");
}

#[test]
fn names_and_letters_are_given_once() {
    for program in [ProgramName::Mydumper, ProgramName::Myloader] {
        let (mut names, mut letters) = (BTreeSet::new(), BTreeSet::new());
        for (_, row) in of(program) {
            assert!(names.insert(row.long), "--{} is there twice", row.long);
            assert!(row.letter.is_none_or(|letter| letters.insert(letter)), "the letter of --{} is taken", row.long);
        }
    }
}

#[test]
fn rows_are_complete() {
    for (_, row) in of(ProgramName::Mydumper).chain(of(ProgramName::Myloader)) {
        assert_eq!(row.is_supported(), row.help.ends_with(['.']) || row.help.ends_with(".**"), "--{}", row.long);
        assert!(row.is_supported() || (row.default, row.absent) == (None, None), "--{}", row.long);
        // A flag is off, a required value has no default of its own making.
        assert!(row.value != Value::None || row.default.is_none(), "--{}", row.long);
    }
}
