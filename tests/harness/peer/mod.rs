//! A reader of dumps by the rules of mydumper's own myloader 1.0.1, as far as they are stricter than ours: what it
//! restores, that program restores.
//!
//! - Each key of `[config]` in the metadata has to be one of its options; other sections it does not look at, nor at keys
//!   that it does not know in those of tables.
//! - A statement ends at every `;` that ends a line, whatever quotes, comments and bodies are open.
//! - The first statements of a file set the session, in executable comments. A `DELIMITER` line is a statement like any
//!   other, which no server takes.
//! - Definitions precede rows; then come routines, triggers and events, and then views.
//! - A stream is cut by its headers, of which it reads name and size.
//!
//! All this is sent to a real server, file by file, each in a session of its own.

mod options;

use crate::program::WorkDir;
use crate::server::Server;
use crate::sql::Client;
use std::collections::BTreeMap;
use std::process::Command;

/// Restores a directory. The error says what ends the peer.
pub fn restore(server: &Server, dir: &WorkDir) -> Result<(), String> {
    let files = dir.list();
    check_metadata(&dir.read_text("metadata"))?;
    let mut stages: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
    for name in &files {
        if let Some(stage) = stage(without_suffix(name)) {
            stages.entry(stage).or_default().push(name);
        }
    }
    let mut databases = BTreeMap::new();
    for name in stages.into_values().flatten() {
        restore_file(server, dir, name, &mut databases).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// Restores a stream.
pub fn restore_stream(server: &Server, stream: &[u8]) -> Result<(), String> {
    let dir = WorkDir::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let header = rest.strip_prefix(b"\n-- ").ok_or("no header where one has to be")?;
        let end = header.iter().position(|byte| *byte == b'\n').ok_or("a header without an end")?;
        let (line, content) = (String::from_utf8_lossy(&header[..end]).into_owned(), &header[end + 1..]);
        let (name, size) = line.split_once(' ').ok_or("a header without a size")?;
        // What follows the digits is not read.
        let digits: String = size.chars().take_while(char::is_ascii_digit).collect();
        let (content, next) = content.split_at_checked(digits.parse().unwrap()).ok_or("a member that is cut short")?;
        if name == "metadata.header" || name.starts_with("metadata.partial") {
            check_metadata(&String::from_utf8_lossy(content))?;
        } else {
            dir.write(name, content);
        }
        rest = next;
    }
    restore(server, &dir)
}

/// What ends the peer before it has read another file.
pub fn check_metadata(metadata: &str) -> Result<(), String> {
    let mut section = "";
    for line in metadata.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = heading;
        } else {
            let (key, _) = line.split_once('=').ok_or(format!("metadata: neither a section nor a key: {line}"))?;
            if section == "config" && !options::OF_MYLOADER.contains(&key.trim()) {
                return Err(format!("option parsing failed: Unknown option --{}", key.trim()));
            }
        }
    }
    Ok(())
}

/// When a file's turn comes; none for a file that the peer does not know.
fn stage(name: &str) -> Option<u8> {
    let schemas = [
        ("-schema-create-tablespace.sql", 0),
        ("-schema-create.sql", 1),
        ("-schema-sequence.sql", 2),
        ("-schema-post.sql", 5),
        ("-schema-triggers.sql", 6),
        ("-schema-view.sql", 7),
        ("-schema.sql", 3),
        ("-schema-create-users.sql", u8::MAX),
    ];
    match schemas.iter().find(|(end, _)| name.ends_with(end)) {
        Some((_, stage)) => Some(*stage).filter(|stage| *stage < u8::MAX),
        None => name.ends_with(".sql").then_some(4),
    }
}

fn without_suffix(name: &str) -> &str {
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name)
}

fn restore_file(
    server: &Server,
    dir: &WorkDir,
    name: &str,
    databases: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let plain = WorkDir::new();
    let text = content(dir, name)?;
    let file_database = name.split(['.', '-']).next().unwrap_or_default().to_owned();
    let is_database = without_suffix(name).ends_with("-schema-create.sql");
    if is_database {
        // The name between the first backticks.
        let real = String::from_utf8_lossy(&text).split('`').nth(1).unwrap_or_default().to_owned();
        databases.insert(file_database.clone(), real);
    }
    let delimited = dir.list().into_iter().filter(|file| without_suffix(file).ends_with(".dat"));
    let delimited = delimited.map(|file| plain.path().join(without_suffix(&file))).collect();
    let mut client = Client::connect_with_files(server, delimited);
    if let Some(database) = databases.get(&file_database).filter(|_| !is_database) {
        client.try_run(format!("USE {}", crate::quote_name(database)))?;
    }
    client.try_run("SET NAMES binary, foreign_key_checks = 0")?;
    for statement in statements(&text)? {
        let statement = with_local_file(dir, &plain, statement)?;
        client.try_run(&statement).map_err(|error| {
            format!("{error} in: {}", String::from_utf8_lossy(&statement[..statement.len().min(200)]))
        })?;
    }
    Ok(())
}

/// The statements of a file, which begins with the four (without a time zone, three) that set the session.
pub fn statements(text: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut found: Vec<&[u8]> = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.windows(2).position(|two| two == b";\n") {
        found.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    let head = found.iter().take_while(|statement| statement.starts_with(b"/*!40")).count();
    match (head, rest.trim_ascii().is_empty()) {
        (3.., true) => Ok(found),
        (_, true) => Err(format!("the file begins with {head} lines that set the session")),
        (_, false) => Err(format!("no end: {}", String::from_utf8_lossy(rest))),
    }
}

/// A file's bytes, decompressed as the stock tools do it.
fn content(dir: &WorkDir, name: &str) -> Result<Vec<u8>, String> {
    let tool = match name.rsplit_once('.') {
        Some((_, "gz")) => "gzip",
        Some((_, "zst")) => "zstd",
        _ => return Ok(dir.read(name)),
    };
    let output = Command::new(tool).arg("-dc").arg(dir.path().join(name)).output().unwrap();
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// A LOAD DATA statement with the path of the file that it names, decompressed; any other as it is.
fn with_local_file(dir: &WorkDir, plain: &WorkDir, statement: &[u8]) -> Result<Vec<u8>, String> {
    const WORDS: &str = "LOAD DATA LOCAL INFILE '";
    let Some(rest) = statement.strip_prefix(WORDS.as_bytes()) else { return Ok(statement.to_vec()) };
    let end = rest.iter().position(|byte| *byte == b'\'').ok_or("a name without an end")?;
    let name = String::from_utf8_lossy(&rest[..end]).into_owned();
    plain.write(without_suffix(&name), content(dir, &name)?);
    let path = plain.path().join(without_suffix(&name));
    Ok([format!("{WORDS}{}", path.display()).as_bytes(), &rest[end..]].concat())
}
