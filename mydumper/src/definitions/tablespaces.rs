//! General and undo tablespaces of MySQL, as the text of one file: `--all-tablespaces`.

use common::process::exit::{Exit, Failure};
use common::server::Server;
use common::server::connection::{Connection, Row, ServerError};
use common::sql::{quote_identifier, quote_string};

use crate::definitions::Preamble;

/// The tablespaces could not be read.
#[derive(Debug, thiserror::Error)]
#[error("--all-tablespaces: cannot read the tablespaces: {0}; the user needs PROCESS")]
pub struct Error(#[from] ServerError);

impl Failure for Error {
    fn exit(&self) -> Exit {
        self.0.exit()
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tablespace {
    name: String,
    is_undo: bool,
    file: String,
    /// The page size of compressed tables, in bytes; 0 if it can hold none.
    compressed_page: u64,
    autoextend: u64,
    encrypted: bool,
}

/// The text of the file; `None` if there are no such tablespaces.
pub fn read(connection: &mut Connection, server: &Server, preamble: Preamble) -> Result<Option<Vec<u8>>, Error> {
    if !server.is_mysql_since(5, 7, 6) {
        tracing::warn!("--all-tablespaces: {server} has no general tablespaces to dump");
        return Ok(None);
    }
    let view = if server.is_mysql_since(8, 0, 0) { "INNODB_TABLESPACES" } else { "INNODB_SYS_TABLESPACES" };
    let rows = connection.query(format!(
        "SELECT t.*, f.FILE_NAME FROM information_schema.{view} t JOIN information_schema.FILES f ON f.FILE_ID = t.SPACE \
         WHERE t.SPACE_TYPE IN ('General', 'Undo') ORDER BY t.NAME"
    ))?;
    let tablespaces: Vec<Tablespace> = rows.iter().map(Tablespace::of_row).filter(|it| !it.is_system()).collect();
    if tablespaces.is_empty() {
        return Ok(None);
    }
    let mut out = preamble.for_definitions();
    for tablespace in tablespaces {
        out.add(tablespace.create().as_bytes());
    }
    Ok(Some(out.finish()))
}

impl Tablespace {
    fn of_row(row: &Row) -> Tablespace {
        let text = |column| row.named_text(column).unwrap_or_default();
        let number = |column| text(column).parse().unwrap_or(0);
        let file = text("FILE_NAME");
        Tablespace {
            name: text("NAME"),
            is_undo: text("SPACE_TYPE") == "Undo",
            file: file.strip_prefix("./").unwrap_or(&file).to_owned(),
            compressed_page: number("ZIP_PAGE_SIZE"),
            // Since 8.0.23 and 8.0.13.
            autoextend: number("AUTOEXTEND_SIZE"),
            encrypted: text("ENCRYPTION") == "Y",
        }
    }

    /// Whether the server created it for itself. The prefix is reserved.
    fn is_system(&self) -> bool {
        self.name == "mysql" || self.name.starts_with("innodb_")
    }

    fn create(&self) -> String {
        let (name, file) = (quote_identifier(&self.name), quote_string(&self.file));
        if self.is_undo {
            return format!("CREATE UNDO TABLESPACE {name} ADD DATAFILE {file} ENGINE = InnoDB");
        }
        let mut statement = format!("CREATE TABLESPACE {name} ADD DATAFILE {file}");
        if self.compressed_page > 0 {
            statement.push_str(&format!(" FILE_BLOCK_SIZE = {}", self.compressed_page));
        }
        if self.autoextend > 0 {
            statement.push_str(&format!(" AUTOEXTEND_SIZE = {}", self.autoextend));
        }
        if self.encrypted {
            statement.push_str(" ENCRYPTION = 'Y'");
        }
        statement.push_str(" ENGINE = InnoDB");
        statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements() {
        let plain = Tablespace { name: "t`s".into(), file: "it's.ibd".into(), ..Tablespace::default() };
        assert_eq!(plain.create(), "CREATE TABLESPACE `t``s` ADD DATAFILE 'it\\'s.ibd' ENGINE = InnoDB");
        let all = Tablespace {
            name: "a".into(),
            file: "/x/a.ibd".into(),
            compressed_page: 8192,
            autoextend: 4_194_304,
            encrypted: true,
            is_undo: false,
        };
        assert_eq!(
            all.create(),
            "CREATE TABLESPACE `a` ADD DATAFILE '/x/a.ibd' FILE_BLOCK_SIZE = 8192 AUTOEXTEND_SIZE = 4194304 ENCRYPTION = \
             'Y' ENGINE = InnoDB"
        );
        let undo = Tablespace { name: "u".into(), file: "u.ibu".into(), is_undo: true, ..Tablespace::default() };
        assert_eq!(undo.create(), "CREATE UNDO TABLESPACE `u` ADD DATAFILE 'u.ibu' ENGINE = InnoDB");
    }
}
