//! Directories for the owner alone: dumps hold everything that a database holds.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A directory, and whether it goes with this value.
#[derive(Debug)]
pub struct PrivateDir {
    path: PathBuf,
    temporary: bool,
}

impl PrivateDir {
    /// The directory of this name. It is made, with its parents, if it is not there; only then, and if `temporary`,
    /// it is removed with all that is in it when this value is dropped.
    ///
    /// # Errors
    /// Those of the system.
    pub fn named(path: &Path, temporary: bool) -> io::Result<PrivateDir> {
        let made = !path.exists();
        builder().recursive(true).create(path)?;
        Ok(PrivateDir { path: path.to_owned(), temporary: made && temporary })
    }

    /// A new directory in the current one: `PREFIX-YYYYMMDD-HHMMSS`, with a number when that is taken.
    ///
    /// # Errors
    /// Those of the system.
    pub fn fresh(prefix: &str, temporary: bool) -> io::Result<PrivateDir> {
        let base = format!("{prefix}-{}", chrono::Local::now().format("%Y%m%d-%H%M%S"));
        let mut number = 1;
        loop {
            let name = if number == 1 { base.clone() } else { format!("{base}-{number}") };
            let path = PathBuf::from(name);
            match builder().create(&path) {
                Ok(()) => return Ok(PrivateDir { path, temporary }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
            }
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Bytes that the file system of a path has free for this user; `None` if it does not say.
pub fn free_space(path: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(path).ok()?;
    Some(stat.blocks_available() * stat.fragment_size())
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}
