//! `docs/user/options.md`: the tables below, set into the prose of `page.md`.

use std::fmt::Write;

use super::row::{Group, Row, Status, Value};
use super::{BOTH, MYDUMPER, MYLOADER};

/// The page as it should be.
pub fn page() -> String {
    include_str!("page.md")
        .replace("{both programs}\n", &sections(BOTH))
        .replace("{mydumper}\n", &sections(MYDUMPER))
        .replace("{myloader}\n", &sections(MYLOADER))
        .replace(
            "{no effect}\n",
            &listed("why it has no effect", |status| match status {
                Status::NoEffect(why) => Some(sentence(why)),
                _ => None,
            }),
        )
        .replace(
            "{not yet}\n",
            &listed("instead", |status| match status {
                Status::NotYet(instead) => Some(sentence(instead)),
                _ => None,
            }),
        )
        .replace(
            "{replaced}\n",
            &listed("use", |status| match status {
                Status::Replaced(by) => Some(by.to_owned()),
                _ => None,
            }),
        )
}

/// The supported options of the groups, a table for each.
fn sections(groups: &[Group]) -> String {
    let mut text = String::new();
    for group in groups {
        text += &format!("### {}\n\n", group.heading);
        if !group.intro.is_empty() {
            text += &format!("{}\n\n", group.intro);
        }
        text += "| option | default | what it does | mydumper 1.0.1 |\n| --- | --- | --- | --- |\n";
        for row in group.rows.iter().filter(|row| row.is_supported()) {
            let compared = match row.status {
                Status::New => "*new*",
                Status::Differs(how) => how,
                _ => "",
            };
            text += &line(&[&written(row, true), &default(row), row.help, compared]);
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

/// All options with a status that `what` has a text for, by program.
fn listed(title: &str, what: impl Fn(Status) -> Option<String>) -> String {
    let mut text = format!("| option | {title} |\n| --- | --- |\n");
    for (program, groups) in [("both", BOTH), ("mydumper", MYDUMPER), ("myloader", MYLOADER)] {
        let lines: String = groups
            .iter()
            .flat_map(|group| group.rows)
            .filter_map(|row| Some(line(&[&written(row, false), &what(row.status)?])))
            .collect();
        if !lines.is_empty() {
            let _ = write!(text, "| **{program}** | |\n{lines}");
        }
    }
    text
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | ")).replace("  |", " |")
}

/// The option as it is typed.
fn written(row: &Row, with_value: bool) -> String {
    let letter = row.letter.map(|letter| format!("`-{letter}`, ")).unwrap_or_default();
    let value = match row.value {
        _ if !with_value => String::new(),
        Value::None => String::new(),
        Value::Required(name) => format!("={name}"),
        Value::Optional(name, _) => format!("[={name}]"),
    };
    format!("{letter}`--{}{value}`", row.long)
}

/// What holds when the option is not given, and what holds when its value is not.
fn default(row: &Row) -> String {
    let absent = match (row.absent, row.default, row.value) {
        (Some(text), ..) => text.to_owned(),
        (None, Some(value), _) => code(value),
        (None, None, Value::Required(_)) => "–".to_owned(),
        (None, None, Value::None | Value::Optional(..)) => "off".to_owned(),
    };
    match row.value {
        Value::Optional(_, Some(bare)) => format!("{absent}; {}", code(bare)),
        _ => absent,
    }
}

/// A value; numbers need no code span.
fn code(value: &str) -> String {
    if value.starts_with(|c: char| c.is_ascii_digit()) { value.to_owned() } else { format!("`{value}`") }
}

/// A reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}.", first.map(String::from).unwrap_or_default(), letters.as_str())
}
