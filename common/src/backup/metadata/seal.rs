//! Length and checksum of the metadata file itself: the last key in it.

use crate::store::Stored;

/// The section of files that belong to no table, not in mydumper.
pub(super) const FILES_SECTION: &str = "mydumper-rs-files";
/// The key of the metadata file itself, which has what stands before its line.
pub(super) const SEAL: &str = "metadata";

/// The line for what stands before it.
pub(super) fn seal(before: &str) -> String {
    format!("{SEAL} = {}\n", of(before).to_text())
}

/// Whether the text has such a line.
pub(super) fn is_sealed(text: &str) -> bool {
    find(text).is_some()
}

/// Sees that metadata is as it was written, if it says how.
///
/// # Errors
/// [`Unsealed`].
pub fn check_seal(text: &str) -> Result<(), Unsealed> {
    match find(text) {
        Some((before, value)) if Stored::parse(value) != Some(of(before)) => Err(Unsealed),
        None if text.contains(&format!("\n[{FILES_SECTION}]\n")) => Err(Unsealed),
        _ => Ok(()),
    }
}

/// The metadata is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has changed since it was dumped")]
pub struct Unsealed;

fn of(text: &str) -> Stored {
    let mut stored = Stored::default();
    stored.add(text.as_bytes());
    stored
}

/// What stands before the line, and its value. It is the last but one: nothing else may follow.
fn find(text: &str) -> Option<(&str, &str)> {
    let end = text.rfind("\n# Finished dump at").map_or(text.len(), |at| at + 1);
    let start = text[..end].trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
    let value = text[start..end].strip_prefix(SEAL)?.strip_prefix(" = ")?;
    Some((&text[..start], value.trim_end()))
}
