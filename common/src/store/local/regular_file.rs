//! Opening files that others may have made.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// Opens a file of a dump to read it. A link is refused, since whoever made the dump would choose what it leads to, and so is
/// a pipe or device, which might have no end.
///
/// # Errors
/// The system's; also when it is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_regular_with(OpenOptions::new().read(true), path)
}

/// The same with other options.
///
/// # Errors
/// As [`open_regular`].
pub fn open_regular_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Without O_NONBLOCK, to open a pipe is to wait for whoever writes to it.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file = options.custom_flags(flags).open(path).map_err(|error| {
        if path.is_symlink() {
            io::Error::other("it is a symbolic link, and a dump has none: copy the file there")
        } else {
            error
        }
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn links_pipes_and_directories_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("file"), "text").unwrap();
        let mut text = String::new();
        open_regular(&path("file")).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        for (name, expected) in [
            ("link", "it is a symbolic link, and a dump has none: copy the file there"),
            ("dangling", "it is a symbolic link, and a dump has none: copy the file there"),
            ("pipe", "it is not a regular file"),
            ("", "it is not a regular file"),
            ("none", "No such file or directory (os error 2)"),
        ] {
            assert_eq!(open_regular(&path(name)).unwrap_err().to_string(), expected, "{name}");
        }
    }
}
