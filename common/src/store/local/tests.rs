//! The contract of a store, on the local directory.

use super::*;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};

fn directory() -> (tempfile::TempDir, LocalDirectory) {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalDirectory::at(directory.path());
    (directory, store)
}

fn write(store: &dyn Store, name: &str, content: &[u8]) -> Stored {
    let mut file = store.create(name).unwrap();
    file.write_all(content).unwrap();
    file.finish().unwrap()
}

fn names(store: &dyn Store) -> Vec<String> {
    let mut entries = store.list().unwrap();
    entries.sort();
    entries.into_iter().map(|entry| entry.name).collect()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// A result's error without the directory's path.
fn message<T>(result: Result<T, Error>, store: &LocalDirectory) -> String {
    result.map(drop).unwrap_err().to_string().replace(&format!("{store}/"), "DIR/")
}

#[test]
fn what_is_written_is_there_for_its_owner_alone_and_is_read_again() {
    let (directory, store) = directory();
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    for (name, content) in [("empty", &content[..0]), ("short", &content[..7]), ("long", &content[..])] {
        let stored = write(&store, name, content);
        assert_eq!(stored, Stored { bytes: content.len() as u64, crc32c: crc32c::crc32c(content) });
        assert_eq!(mode(&directory.path().join(name)), 0o600);
        assert_eq!(store.length(name).unwrap(), Some(stored.bytes));
        let mut file = store.open(name).unwrap();
        let mut read = Vec::new();
        file.read_to_end(&mut read).unwrap();
        assert!(file.bytes == stored.bytes && read == content, "{name}");
    }
    let mut entries = store.list().unwrap();
    entries.sort();
    let expected = [("empty", 0), ("long", 3_000_000), ("short", 7)];
    assert_eq!(entries, expected.map(|(name, bytes)| Entry { name: name.to_owned(), bytes }));
}

#[test]
fn a_file_that_is_given_up_leaves_nothing() {
    let (_directory, store) = directory();
    for length in [0, 10, 3_000_000] {
        let mut file = store.create("given-up").unwrap();
        file.write_all(&vec![7; length]).unwrap();
        drop(file);
        assert_eq!(names(&store), [""; 0], "after {length} bytes");
    }
}

#[test]
fn a_file_that_cannot_be_finished_leaves_nothing() {
    let (directory, store) = directory();
    let mut file = store.create_file("full").unwrap();
    // Whatever is written to it fails.
    let full = File::options().write(true).open("/dev/full").unwrap();
    file.output = Some(DirectFile::new(full, false));
    file.write_all(b"short enough to wait").unwrap();
    let error = Box::new(file).finish().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(nix::errno::Errno::ENOSPC as i32));
    assert!(fs::read_dir(directory.path()).unwrap().next().is_none());
}

#[test]
fn nothing_is_overwritten_unless_it_is_asked_for() {
    let (directory, store) = directory();
    let (path, elsewhere) = (directory.path().join("file"), directory.path().join("elsewhere"));
    write(&store, "file", b"first");
    assert_eq!(message(store.create("file"), &store), "cannot write DIR/file: File exists (os error 17)");
    assert_eq!(fs::read(&path).unwrap(), b"first");
    // Others could read what was there, and a link would have led elsewhere.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store: &dyn Store = &store;
    for content in [b"second", b"third!"] {
        let mut file = store.replace("file").unwrap();
        file.write_all(content).unwrap();
        file.finish().unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&content[..], 0o600));
        fs::write(&elsewhere, "mine").unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&elsewhere, &path).unwrap();
    }
    store.replace("file").unwrap().finish().unwrap();
    assert_eq!((fs::read(&elsewhere).unwrap(), mode(&path)), (b"mine".to_vec(), 0o600));
}

#[test]
fn links_pipes_and_directories_are_not_opened() {
    let (directory, store) = directory();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("file"), "text").unwrap();
    symlink(path("file"), path("link")).unwrap();
    nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    fs::create_dir(path("directory")).unwrap();
    for (name, reason) in [
        ("link", "it is a symbolic link, and a dump has none: copy the file there"),
        ("pipe", "it is not a regular file"),
        ("directory", "it is not a regular file"),
        ("none", "No such file or directory (os error 2)"),
    ] {
        assert_eq!(message(store.open(name), &store), format!("cannot read DIR/{name}: {reason}"));
    }
    assert_eq!(store.length("none").unwrap(), None);
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let (directory, outer) = directory();
    fs::write(directory.path().join("outside"), "mine").unwrap();
    let store =
        LocalDirectory::prepare(&directory.path().join("dump"), Purpose { stay: true, read_again: false }).unwrap();
    let absolute = directory.path().join("outside").display().to_string();
    for name in ["../outside", "..", ".", "", "/", "a/b", "./outside", "outside/", "a\0b", absolute.as_str()] {
        let results = [
            store.create(name).map(drop),
            store.open(name).map(drop),
            store.remove(name),
            store.length(name).map(drop),
            store.publish(name, b"").map(drop),
        ];
        assert!(results.iter().all(Result::is_err), "{name:?}");
    }
    assert_eq!(
        store.remove("../outside").unwrap_err().source.to_string(),
        "it is not the name of a file in this directory"
    );
    assert_eq!((names(&store), names(&outer)), (vec![], vec!["dump".to_owned(), "outside".to_owned()]));
}

#[test]
fn a_file_is_removed_once() {
    let (_directory, store) = directory();
    write(&store, "file", b"");
    store.remove("file").unwrap();
    let error = message(store.remove("file"), &store);
    assert_eq!(error, "cannot remove DIR/file: No such file or directory (os error 2)");
}

#[test]
fn what_is_published_takes_the_place_of_what_is_unpublished() {
    for stay in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let store = LocalDirectory::prepare(directory.path(), Purpose { stay, read_again: false }).unwrap();
        write(&store, "metadata.partial", b"begun");
        let stored = store.publish("metadata", b"whole").unwrap();
        assert_eq!(stored, Stored { bytes: 5, crc32c: crc32c::crc32c(b"whole") });
        assert_eq!(names(&store), ["metadata"]);
        let path = directory.path().join("metadata");
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"whole"[..], 0o600));
    }
}

#[test]
fn what_is_published_is_seen_whole_or_not_at_all() {
    let (directory, store) = directory();
    let path = directory.path().join("metadata");
    let content = vec![b'x'; 8 << 20];
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            loop {
                match fs::read(&path) {
                    Ok(seen) => return seen.len(),
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound),
                }
            }
        });
        store.publish("metadata", &content).unwrap();
        assert_eq!(reader.join().unwrap(), content.len());
    });
}

#[test]
fn what_cannot_be_published_is_not_there() {
    let (directory, store) = directory();
    // Something that cannot be replaced is in the way of the file, or of its first name.
    for in_the_way in ["metadata", "metadata.partial"] {
        fs::create_dir_all(directory.path().join(in_the_way).join("not-empty")).unwrap();
        let error = message(store.publish("metadata", b"whole"), &store);
        assert_eq!(error, "cannot write DIR/metadata: Is a directory (os error 21)");
        fs::remove_dir_all(directory.path().join(in_the_way)).unwrap();
        assert!(!directory.path().join("metadata").exists());
    }
}

#[test]
fn only_a_directory_that_was_made_for_files_that_do_not_stay_goes_with_them() {
    let outer = tempfile::tempdir().unwrap();
    for (stay, there, left) in [(false, false, false), (false, true, true), (true, false, true), (true, true, true)] {
        let path = outer.path().join("with/parents");
        if there {
            fs::create_dir_all(&path).unwrap();
        }
        let store = LocalDirectory::prepare(&path, Purpose { stay, read_again: false }).unwrap();
        assert!(there || mode(&path) == 0o700);
        write(&store, "file", b"");
        store.discard();
        assert_eq!(path.join("file").exists(), left, "{stay} {there}");
        fs::remove_dir_all(outer.path().join("with")).unwrap();
    }
}

#[test]
fn a_directory_that_is_not_there_or_cannot_be_made_is_named() {
    let (directory, _) = directory();
    let path = directory.path().join("none");
    let error = LocalDirectory::at(&path).list().unwrap_err().to_string();
    assert_eq!(error, format!("cannot read {}: No such file or directory (os error 2)", path.display()));
    fs::write(&path, "").unwrap();
    let error = LocalDirectory::prepare(&path, Purpose { stay: true, read_again: false }).unwrap_err().to_string();
    assert_eq!(error, format!("cannot create the directory {}: File exists (os error 17)", path.display()));
}

#[test]
fn a_name_that_is_not_text_is_listed_as_no_file_of_a_backup_is_called() {
    use std::os::unix::ffi::OsStrExt;
    let (directory, store) = directory();
    fs::write(directory.path().join(std::ffi::OsStr::from_bytes(b"d.t\xff.00000.sql")), "").unwrap();
    assert_eq!(names(&store), [r#""d.t\xFF.00000.sql""#]);
}
