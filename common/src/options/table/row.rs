//! A row of the table: what there is to know of one option.

/// An option of mydumper or myloader, or of both: of this version, of mydumper 1.0.1, or of an older one.
///
/// Texts are Markdown with code spans, bold and links only, so that they serve the page and the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name, without dashes.
    pub long: &'static str,
    /// The letter.
    pub letter: Option<char>,
    /// Whether a value follows.
    pub value: Value,
    /// The value that holds when the option is not given.
    pub default: Option<&'static str>,
    /// What holds when the option is not given, where `default` does not say it; empty if there is nothing to say.
    pub absent: Option<&'static str>,
    /// What the option does; empty for an option that is not supported.
    pub help: &'static str,
    /// How this compares with mydumper 1.0.1.
    pub status: Status,
}

/// Whether a value follows an option, and what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// It is a flag.
    None,
    /// It needs a value of this name.
    Required(&'static str),
    /// A value of this name may follow; the second text is what holds without one, if it is a value.
    Optional(&'static str, Option<&'static str>),
}

/// How an option compares with that of mydumper 1.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does the same.
    Same,
    /// It does nearly the same: the text says what differs.
    Differs(&'static str),
    /// mydumper 1.0.1 lacks it.
    New,
    /// Accepted, with a warning: the text says why there is nothing to do.
    NoEffect(&'static str),
    /// Refused: the text says what to do instead, or what happens without it.
    NotYet(&'static str),
    /// Refused: an older mydumper had it, and the text names what replaces it.
    Replaced(&'static str),
}

/// Options that belong together: a section of the help and of the page.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Title of the section.
    pub heading: &'static str,
    /// A sentence for the page; may be empty.
    pub intro: &'static str,
    /// The options, in the order in which they are shown.
    pub rows: &'static [Row],
}

/// A flag.
pub(super) const fn flag(long: &'static str) -> Row {
    Row { long, letter: None, value: Value::None, default: None, absent: None, help: "", status: Status::Same }
}

/// An option with a value.
pub(super) const fn value(long: &'static str, name: &'static str) -> Row {
    Row { value: Value::Required(name), ..flag(long) }
}

/// An option whose value may be left out, which then means `bare`.
pub(super) const fn optional(long: &'static str, name: &'static str, bare: &'static str) -> Row {
    Row { value: Value::Optional(name, Some(bare)), ..flag(long) }
}

impl Row {
    pub(super) const fn letter(self, letter: char) -> Row {
        Row { letter: Some(letter), ..self }
    }

    pub(super) const fn default(self, value: &'static str) -> Row {
        Row { default: Some(value), ..self }
    }

    pub(super) const fn absent(self, text: &'static str) -> Row {
        Row { absent: Some(text), ..self }
    }

    pub(super) const fn help(self, text: &'static str) -> Row {
        Row { help: text, ..self }
    }

    pub(super) const fn differs(self, text: &'static str) -> Row {
        Row { status: Status::Differs(text), ..self }
    }

    pub(super) const fn added(self) -> Row {
        Row { status: Status::New, ..self }
    }

    pub(super) const fn no_effect(self, why: &'static str) -> Row {
        Row { status: Status::NoEffect(why), ..self }
    }

    pub(super) const fn not_yet(self, instead: &'static str) -> Row {
        Row { status: Status::NotYet(instead), ..self }
    }

    pub(super) const fn replaced(self, by: &'static str) -> Row {
        Row { status: Status::Replaced(by), ..self }
    }

    /// Whether the programs have this option; otherwise they know it only to refuse it or to pass over it.
    pub const fn is_supported(&self) -> bool {
        matches!(self.status, Status::Same | Status::Differs(_) | Status::New)
    }
}

/// A text for the terminal: without code spans, bold and links.
pub(in crate::options) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        match link.split_once("](").and_then(|(label, link)| Some((label, link.split_once(')')?.1))) {
            Some((label, after)) if !label.contains(['[', ']']) => {
                plain.push_str(label);
                rest = after;
            }
            // A section of a defaults file.
            _ => {
                plain.push('[');
                rest = link;
            }
        }
    }
    plain.push_str(rest);
    plain.replace('`', "").replace("**", "")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn terminals_get_no_markdown() {
        assert_eq!(plain("`TCP` or [more](x.md#y), **now**."), "TCP or more, now.");
        assert_eq!(plain("set `[a_b]` and [c](d.md)"), "set [a_b] and c");
        assert_eq!(plain("`[` and (b)"), "[ and (b)");
    }
}
