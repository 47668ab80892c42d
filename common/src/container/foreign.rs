//! Names files and streams of other programs by their first bytes: pure.

use std::fmt;

use crate::layers::compression::Compression;

/// As many first bytes as any of these needs.
pub const MAGIC_BYTES: usize = 512;
/// Where tar has its mark.
const TAR_MARK: std::ops::Range<usize> = 257..262;
/// Bytes of a text's first line that are shown.
const SHOWN: usize = 60;

/// Something that people pipe in, or name, by mistake. Its `Display` is what it is, with an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// Compressed, maybe a stream of mydumper.
    Compressed(Compressor),
    /// Encrypted, maybe a stream of mydumper.
    Encrypted(Encryption),
    /// Files in another container.
    Archive(Archive),
    /// SQL statements of mysqldump or mariadb-dump.
    MysqlDump,
    /// Other SQL statements.
    Sql,
    /// A page of a web server, most often its error.
    Html,
    /// Another text, by its first line.
    Text(String),
}

/// A format of compressed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compressor {
    /// One that files of a dump have, too.
    Known(Compression),
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
}

/// A format of encrypted data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// `openssl enc`; whether it is base64.
    OpenSsl(bool),
    /// age.
    Age,
    /// OpenPGP, in its text form.
    Pgp,
}

/// A format of files in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// tar.
    Tar,
    /// xbstream.
    Xbstream,
    /// zip.
    Zip,
}

/// What begins with these bytes.
const MAGICS: [(&[u8], Foreign); 19] = [
    (b"\x1f\x8b", Foreign::Compressed(Compressor::Known(Compression::Gzip))),
    (b"\x28\xb5\x2f\xfd", Foreign::Compressed(Compressor::Known(Compression::Zstd))),
    (b"\x04\x22\x4d\x18", Foreign::Compressed(Compressor::Known(Compression::Lz4))),
    (b"\xfd7zXZ\0", Foreign::Compressed(Compressor::Xz)),
    (b"Salted__", Foreign::Encrypted(Encryption::OpenSsl(false))),
    (b"U2FsdGVkX1", Foreign::Encrypted(Encryption::OpenSsl(true))),
    (b"age-encryption.org/", Foreign::Encrypted(Encryption::Age)),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", Foreign::Encrypted(Encryption::Age)),
    (b"-----BEGIN PGP MESSAGE-----", Foreign::Encrypted(Encryption::Pgp)),
    (b"XBSTCK01", Foreign::Archive(Archive::Xbstream)),
    (b"PK\x03\x04", Foreign::Archive(Archive::Zip)),
    (b"-- MySQL dump", Foreign::MysqlDump),
    (b"-- MariaDB dump", Foreign::MysqlDump),
    (b"-- mysqldump", Foreign::MysqlDump),
    (b"/*M!999999", Foreign::MysqlDump),
    (b"/*!", Foreign::Sql),
    (b"/*M!", Foreign::Sql),
    (b"<!doctype", Foreign::Html),
    (b"<html", Foreign::Html),
];

/// First words of SQL, with the blank behind them.
const SQL: [&[u8]; 9] =
    [b"set ", b"create ", b"insert ", b"drop ", b"use ", b"start transaction", b"begin;", b"alter ", b"delimiter "];

impl Foreign {
    /// What begins with `start`, which should have [`MAGIC_BYTES`] or be all there is; `None` if that is not known.
    pub fn recognise(start: &[u8]) -> Option<Foreign> {
        let begins = |magic: &[u8]| starts_with(start, magic);
        if let Some((_, foreign)) = MAGICS.into_iter().find(|(magic, _)| begins(magic)) {
            return Some(foreign);
        }
        if begins(b"BZh") && start.get(3).is_some_and(|level| (b'1'..=b'9').contains(level)) {
            return Some(Foreign::Compressed(Compressor::Bzip2));
        }
        if start.get(TAR_MARK) == Some(b"ustar") {
            return Some(Foreign::Archive(Archive::Tar));
        }
        if SQL.iter().any(|word| begins(word)) {
            return Some(Foreign::Sql);
        }
        first_line(start).map(Foreign::Text)
    }

    /// What to do with it.
    pub fn advice(&self) -> String {
        let pipe = |command: &str| format!("pipe it through `{command}` first");
        match self {
            Foreign::Compressed(Compressor::Known(Compression::Gzip)) => pipe("gzip -dc"),
            Foreign::Compressed(Compressor::Known(Compression::Lz4)) => pipe("lz4 -dc"),
            Foreign::Compressed(Compressor::Known(Compression::Zstd | Compression::None)) => pipe("zstd -dc"),
            Foreign::Compressed(Compressor::Xz) => pipe("xz -dc"),
            Foreign::Compressed(Compressor::Bzip2) => pipe("bzip2 -dc"),
            Foreign::Encrypted(Encryption::OpenSsl(is_base64)) => {
                let base64 = if *is_base64 { " -a" } else { "" };
                pipe(&format!("openssl enc -d{base64} …")) + ", with the options that it was encrypted with"
            }
            Foreign::Encrypted(Encryption::Age) => pipe("age -d -i KEYFILE"),
            Foreign::Encrypted(Encryption::Pgp) => pipe("gpg -d"),
            Foreign::Archive(Archive::Tar) => "unpack it with `tar -x`, and give the directory with --directory".into(),
            Foreign::Archive(Archive::Zip) => "unpack it with `unzip`, and give the directory with --directory".into(),
            Foreign::Archive(Archive::Xbstream) => {
                "unpack it with `mbstream -x` or `xbstream -x`; a physical backup in it is for mariadb-backup or xtrabackup"
                    .into()
            }
            Foreign::MysqlDump => "restore it with `myloader --mysqldump`".into(),
            Foreign::Sql => "restore it with the mysql or mariadb client, or `myloader --mysqldump` if mysqldump wrote it".into(),
            Foreign::Html => "look at what the server of the download says".into(),
            Foreign::Text(_) => "a program that writes to the same pipe, as a login banner, has to be silent".into(),
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Foreign::Compressed(Compressor::Known(Compression::Gzip)) => "gzip data",
            Foreign::Compressed(Compressor::Known(Compression::Lz4)) => "lz4 data",
            Foreign::Compressed(Compressor::Known(Compression::Zstd | Compression::None)) => "zstd data",
            Foreign::Compressed(Compressor::Xz) => "xz data",
            Foreign::Compressed(Compressor::Bzip2) => "bzip2 data",
            Foreign::Encrypted(Encryption::OpenSsl(_)) => "data encrypted by openssl enc",
            Foreign::Encrypted(Encryption::Age) => "data encrypted by age",
            Foreign::Encrypted(Encryption::Pgp) => "data encrypted by PGP",
            Foreign::Archive(Archive::Tar) => "a tar archive",
            Foreign::Archive(Archive::Xbstream) => "an xbstream",
            Foreign::Archive(Archive::Zip) => "a zip archive",
            Foreign::MysqlDump => "a dump of mysqldump or mariadb-dump",
            Foreign::Sql => "a file of SQL statements",
            Foreign::Html => "an HTML page",
            Foreign::Text(line) => return write!(f, "text that begins with \"{line}\""),
        })
    }
}

fn starts_with(start: &[u8], magic: &[u8]) -> bool {
    start.get(..magic.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(magic))
}

/// The first line of a text, if it is one.
fn first_line(start: &[u8]) -> Option<String> {
    let end = start.iter().position(|byte| *byte == b'\n')?;
    let line = start[..end].strip_suffix(b"\r").unwrap_or(&start[..end]);
    let is_text = line.iter().all(|byte| *byte >= b' ' || *byte == b'\t') && std::str::from_utf8(line).is_ok();
    (is_text && !line.is_empty()).then(|| {
        let shown: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
        shown.escape_debug().to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_pipe_in_by_mistake_is_known_by_its_first_bytes() {
        let tar = [&b"db-schema-create.sql"[..], &[0; 237], b"ustar\0"].concat();
        for (start, what) in [
            (&b"\x1f\x8b\x08\0"[..], "gzip data"),
            (b"\x28\xb5\x2f\xfd\x04", "zstd data"),
            (b"\x04\x22\x4d\x18\x64", "lz4 data"),
            (b"\xfd7zXZ\0\0\x04", "xz data"),
            (b"BZh91AY&SY", "bzip2 data"),
            (b"Salted__\x01\x02", "data encrypted by openssl enc"),
            (b"U2FsdGVkX1/3\n", "data encrypted by openssl enc"),
            (b"age-encryption.org/v1\n-> X25519", "data encrypted by age"),
            (b"-----BEGIN AGE ENCRYPTED FILE-----\n", "data encrypted by age"),
            (b"-----BEGIN PGP MESSAGE-----\n", "data encrypted by PGP"),
            (&tar, "a tar archive"),
            (b"XBSTCK01\0P", "an xbstream"),
            (b"PK\x03\x04\x14", "a zip archive"),
            (b"-- MySQL dump 10.13  Distrib 8.0.36\n", "a dump of mysqldump or mariadb-dump"),
            (b"-- MariaDB dump 10.19\n", "a dump of mysqldump or mariadb-dump"),
            (b"/*M!999999\\- enable the sandbox mode */ \n", "a dump of mysqldump or mariadb-dump"),
            (b"/*!40101 SET NAMES binary*/;\n", "a file of SQL statements"),
            (b"INSERT INTO t VALUES (1);\n", "a file of SQL statements"),
            (b"<!DOCTYPE html>\n", "an HTML page"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "text that begins with \"SSH-2.0-OpenSSH_9.2\""),
            ("Grüße von \\ \"hier\"\nmore".as_bytes(), "text that begins with \"Grüße von \\\\ \\\"hier\\\"\""),
        ] {
            assert_eq!(
                Foreign::recognise(start).map(|foreign| foreign.to_string()).as_deref(),
                Some(what),
                "{start:?}"
            );
        }
        for start in [&b""[..], b"\x1f", b"BZh0", b"a text without an end", b"\xff\n", b"\0\n", b"\n"] {
            assert_eq!(Foreign::recognise(start), None, "{start:?}");
        }
    }

    #[test]
    fn each_says_what_to_do() {
        for (start, advice) in [
            (&b"BZh91"[..], "pipe it through `bzip2 -dc` first"),
            (b"Salted__", "pipe it through `openssl enc -d …` first, with the options that it was encrypted with"),
            (b"U2FsdGVkX1", "pipe it through `openssl enc -d -a …` first, with the options that it was encrypted with"),
        ] {
            assert_eq!(Foreign::recognise(start).unwrap().advice(), advice);
        }
    }
}
