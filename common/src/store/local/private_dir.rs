//! Directories for their owner alone.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Makes the directory of this name with its parents. Returns whether it was not there.
pub fn make(path: &Path) -> io::Result<bool> {
    let made = !path.exists();
    builder().recursive(true).create(path)?;
    Ok(made)
}

/// Makes a new directory in the current one, `PREFIX-YYYYMMDD-HHMMSS`, with a number if that name is taken. Returns the
/// last path that was tried.
pub fn make_fresh(prefix: &str) -> (PathBuf, io::Result<()>) {
    let base = format!("{prefix}-{}", chrono::Local::now().format("%Y%m%d-%H%M%S"));
    let mut number = 1;
    loop {
        let path = PathBuf::from(if number == 1 { base.clone() } else { format!("{base}-{number}") });
        match builder().create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            result => return (path, result),
        }
    }
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}
