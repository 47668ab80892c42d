//! Reading.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// Opens a file of a dump, which is no link: whoever made the dump would choose what the link leads to. Nor is it a pipe or
/// device, which might be without end.
///
/// # Errors
/// Those of the system; also when it is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_regular_with(OpenOptions::new().read(true), path)
}

/// The same with these options.
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
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file, and a dump has no others"))
    }
}

/// Reads what there is, 0 at the end; a signal that interrupts the read does not end it.
///
/// # Errors
/// Those of the reader.
pub fn read_some(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads until the buffer is full or the input is at its end. Returns how much there is.
///
/// # Errors
/// Those of the reader.
pub fn read_full(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_some(input, &mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_pipes_and_directories_are_no_files_of_a_dump() {
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
            ("pipe", "it is no regular file, and a dump has no others"),
            ("", "it is no regular file, and a dump has no others"),
            ("none", "No such file or directory (os error 2)"),
        ] {
            assert_eq!(open_regular(&path(name)).unwrap_err().to_string(), expected, "{name}");
        }
    }
}
