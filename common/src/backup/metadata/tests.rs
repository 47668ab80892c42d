//! Metadata as mydumper and older versions wrote it, and as it is written here.

use super::*;
use crate::backup::file_name::TableFileName;
use crate::backup::mydumper_checksum::MydumperChecksum;
use crate::backup::row_hash::{ChunkRows, RowHash, RowsDigest, Selection};
use crate::backup::stored_files::StoredFiles;
use crate::server::Product;
use crate::store::Stored;
use proptest::prelude::*;

fn table(database: &str, table: &str) -> TableFileName {
    TableFileName { database: database.into(), table: table.into() }
}

#[test]
fn metadata_as_old_versions_wrote_it() {
    let text = "Started dump at: 2026-11-21 09:54:25\nSHOW MASTER STATUS:\n\tLog: binlog.000001\n\tPos: 2040\n\
        \tGTID:0-43557-8\n\nFinished dump at: 2026-11-21 09:54:25\n";
    assert_eq!(Metadata::parse(text).unwrap(), Metadata { finished: true, ..Metadata::default() });
}

#[test]
fn metadata_as_mydumper_writes_it() {
    let text = "# Started dump at: 2026-11-21 03:05:30\n[config]\nquote-character = BACKTICK\nlocal-infile = 1\n\n\
        [myloader_session_variables]\nSQL_MODE='NO_AUTO_VALUE_ON_ZERO,NO_AUTO_CREATE_USER' /*!40101\n\n[source]\n\
        # executed_gtid_set = \"0-33061-65\"\n\n[`sakila`.`actor_info`]\nreal_table_name=actor_info\nrows = 0\n\
        is_view = 1\nschema_checksum = 5A5699D9\n\n[`sakila`.`mydumper_3`]\nreal_table_name=a b\nrows = 200\n\
        data_checksum = 60988714\n\n[`sakila`]\nschema_checksum = FDF2173B\n[config]\nmax-statement-size = 929799\n\
        num-sequences = 0\n# Finished dump at: 2026-11-21 03:05:30\n";
    let metadata = Metadata::parse(text).unwrap();
    assert!(metadata.finished);
    assert_eq!(
        metadata.config,
        ConfigSection {
            max_statement_size: Some(929_799),
            num_sequences: Some(0),
            local_infile: Some(true),
            ..ConfigSection::default()
        }
    );
    assert_eq!(
        metadata.session_variables,
        [("SQL_MODE".to_owned(), "'NO_AUTO_VALUE_ON_ZERO,NO_AUTO_CREATE_USER'".to_owned())]
    );
    let view = &metadata.tables[&table("sakila", "actor_info")];
    assert!(view.is_view && view.rows == Some(0));
    assert_eq!(view.schema_checksum, MydumperChecksum::parse("5a5699d9"));
    assert_eq!(metadata.databases["sakila"].schema_checksum, MydumperChecksum::parse("FDF2173B"));
    assert_eq!(metadata.product(), Some(Product::MariaDb));
    let numbered = &metadata.tables[&table("sakila", "mydumper_3")];
    assert_eq!(numbered.data_checksum, Some(60_988_714));
    assert_eq!((numbered.real_name.as_deref(), numbered.rows), (Some("a b"), Some(200)));
}

#[test]
fn what_we_write_we_read() {
    let entry = TableEntry {
        // U+3000 is white space, and a table's name may end with it.
        real_name: Some(" a\n=\\n`é\u{3000}".into()),
        real_database: Some("é".into()),
        rows: Some(7),
        is_sequence: true,
        estimated_bytes: Some(16384),
        rows_sent: true,
        columns: Some("`a\n` int".into()),
        columns_named: true,
        data_checksum: Some(4_205_879_924),
        schema_checksum: MydumperChecksum::parse("b73b0f5d"),
        indexes_checksum: MydumperChecksum::parse("7927640"),
        hashed_columns: Some("`a\n\\`,`b`".into()),
        hashed_history: true,
        generated: Some(GeneratedColumns { columns: "`g\n`".into(), hash: RowHash::default() }),
        chunks: vec![
            ChunkRows {
                number: 0,
                rows: RowsDigest { count: 3, ..RowsDigest::default() },
                selection: Selection::Range("`a\n` < 3".into()),
            },
            ChunkRows { number: 100_000, rows: RowsDigest::default(), selection: Selection::All },
        ],
        ..TableEntry::default()
    };
    let coordinates =
        Coordinates { file: Some("bin.000001".into()), position: Some(4), gtid_set: Some("a:1-3,\nb:1".into()) };
    let config = ConfigSection {
        max_statement_size: Some(5),
        num_sequences: Some(1),
        local_infile: Some(true),
        num_files: Some(9),
        guarantee: Some(Guarantee::TransactionalTables),
        guarantee_by: Some("a lock; for more: \n RELOAD = x ".into()),
        server: Some("percona-8.0.36".parse().unwrap()),
        row_hash: Some("xxh3-128-sum-1".into()),
        row_hash_time_zone: Some("+00:00".into()),
        format: None,
    };
    let mut files = StoredFiles::default();
    files.insert("d.mydumper_1.100000.sql.zst", Stored { bytes: 12, crc32c: 0xa0b0_c0d0 });
    files.insert("d.mydumper_1-schema.sql", Stored { bytes: 345, crc32c: 0x1 });
    files.insert("d-schema-create.sql", Stored { bytes: 0, crc32c: 0 });
    let text = end(
        format!(
            "{}{}{}{}{}",
            head("2026-11-21 03:05:30", "NO_AUTO_VALUE_ON_ZERO", true, &[]),
            coordinates.to_text(),
            entry.to_text(&table("d", "mydumper_1"), &files),
            config.tail(),
            files_of_no_table(&files),
        ),
        "2026-11-21 03:05:31",
    );
    let sealed = text.lines().find(|line| line.starts_with("metadata = ")).unwrap();
    assert_eq!(
        text.replace(sealed, "metadata = SEAL"),
        "# Started dump at: 2026-11-21 03:05:30\n[config]\nquote-character = BACKTICK\nlocal-infile = 1\n\n\
         [myloader_session_variables]\nSQL_MODE='NO_AUTO_VALUE_ON_ZERO' /*!40101\n\n\
         [source]\n# executed_gtid_set = \"a:1-3,b:1\"\n# SOURCE_LOG_FILE = \"bin.000001\"\n# SOURCE_LOG_POS = 4\n\n\
         [`d`.`mydumper_1`]\nreal_table_name=\\sa\\n=\\\\n`é\u{3000}\nreal_database_name=é\nrows = 7\nis_sequence = 1\nestimated_bytes = 16384\nrows_sent = 1\n\
         columns = `a\\n` int\ncolumns_named = 1\n\
         data_checksum = 4205879924\nschema_checksum = b73b0f5d\nindexes_checksum = 7927640\n\
         hashed_columns = `a\\n\\\\`,`b`\nhashed_history = 1\n\
         generated_columns = `g\\n`\ngenerated_hash = 00000000000000000000000000000000\n\
         chunk_00000 = 3 00000000000000000000000000000000 WHERE `a\\n` < 3\n\
         chunk_100000 = 0 00000000000000000000000000000000\n\
         file-schema.sql = 345 00000001\nfile.100000.sql.zst = 12 a0b0c0d0\n\n\
         [config]\nmax-statement-size = 5\nnum-sequences = 1\n\n[mydumper-rs]\nnum-files = 9\n\
         guarantee = transactional-tables\nguarantee-by = a lock; for more: \\n RELOAD = x\\s\n\
         server = percona-8.0.36\nrow-hash = xxh3-128-sum-1\nrow-hash-time-zone = +00:00\n\n\
         [mydumper-rs-files]\nd-schema-create.sql = 0 00000000\nmetadata = SEAL\n\
         # Finished dump at: 2026-11-21 03:05:31\n"
    );
    let metadata = Metadata::parse(&text).unwrap();
    assert_eq!(metadata.tables[&table("d", "mydumper_1")], entry);
    assert_eq!(metadata.config, config);
    assert_eq!(metadata.files, files);
}

fn sealed() -> String {
    let mut files = StoredFiles::default();
    for name in ["d-schema-create.sql", "e-schema-create.sql", "d.t.00000.sql", "d.u.00000.sql"] {
        files.insert(name, Stored { bytes: 1, crc32c: 2 });
    }
    let entry = TableEntry { rows: Some(1), ..TableEntry::default() };
    let tables = [entry.to_text(&table("d", "t"), &files), entry.to_text(&table("d", "u"), &files)].concat();
    end(head("x", "y", false, &[]) + &tables + &ConfigSection::default().tail() + &files_of_no_table(&files), "z")
}

#[test]
fn a_changed_byte_of_metadata_is_seen() {
    let text = sealed();
    assert_eq!(check_seal(&text), Ok(()));
    let end = text.find("# Finished").unwrap();
    for place in 0..end {
        let mut changed = text.clone().into_bytes();
        changed[place] ^= 1;
        assert_eq!(check_seal(&String::from_utf8(changed).unwrap()), Err(Unsealed), "{place}");
    }
    assert_eq!(check_seal(&text.replace("rows = 1\n", "")), Err(Unsealed));
    // mydumper's, and older ones.
    assert_eq!(check_seal("# Started\n[config]\na = b\n# Finished dump at: x\n"), Ok(()));
}

#[test]
fn what_is_left_of_sealed_metadata_is_sealed_again() {
    let text = sealed();
    let kept = without_tables(&text, |table| table.table == "u", |file| file.starts_with("d-"));
    assert_eq!(check_seal(&kept), Ok(()));
    let metadata = Metadata::parse(&kept).unwrap();
    let files: Vec<&str> = metadata.files.iter().map(|(name, _)| name).collect();
    assert_eq!(files, ["d-schema-create.sql", "d.u.00000.sql"]);
    assert!(metadata.finished && metadata.tables.len() == 1 && kept.matches("metadata = ").count() == 1);
    assert_eq!(without_tables(&text, |_| true, |_| true), text);
}

#[test]
fn checksums_of_databases() {
    let entry = DatabaseEntry {
        schema_checksum: MydumperChecksum::parse("FDF2173B"),
        events_checksum: Some(MydumperChecksum::default()),
        ..DatabaseEntry::default()
    };
    let text = entry.to_text("a b.é");
    assert_eq!(text, "\n[`a b.é`]\nschema_checksum = FDF2173B\nevents_checksum = 0\n");
    assert_eq!(Metadata::parse(&text).unwrap().databases["a b.é"], entry);
    assert_eq!(DatabaseEntry::default().to_text("d"), "");
    for name in ["a`b", "a]", "a\nb"] {
        assert_eq!(entry.to_text(name), "", "{name:?}");
    }
    let view =
        TableEntry { is_view: true, schema_checksum: MydumperChecksum::parse("5a5699d9"), ..TableEntry::default() };
    assert_eq!(
        view.to_text(&table("d", "v"), &StoredFiles::default()),
        "\n[`d`.`v`]\nis_view = 1\nschema_checksum = 5A5699D9\n"
    );
}

#[test]
fn sections_of_tables_are_left_out() {
    let text = "# Started dump at: x\n[config]\na = b\n\n[`d`.`t`]\nrows = 1\n\n[`d`.`u`]\nrows = 2\n\n[`d`]\nx = 1\n\
                [`d`.`v`]\nrows = 3\n# Finished dump at: x\n";
    assert_eq!(
        without_tables(text, |table| table.table == "u", |_| true),
        "# Started dump at: x\n[config]\na = b\n\n[`d`.`u`]\nrows = 2\n\n[`d`]\nx = 1\n# Finished dump at: x\n"
    );
    assert_eq!(without_tables(text, |_| true, |_| true), text);
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    for (text, message) in [
        ("[config]\nrubbish", "line 2 of the metadata cannot be read: \"rubbish\""),
        ("[`a`.`b`]\nrows = many\n", "line 2 of the metadata cannot be read: \"rows = many\""),
        ("[`a`.`b`]\nchunk_0 = 1\n", "line 2 of the metadata cannot be read: \"chunk_0 = 1\""),
        ("[config\n", "line 1 of the metadata cannot be read: \"[config\""),
    ] {
        assert_eq!(Metadata::parse(text).unwrap_err().to_string(), message);
    }
}

proptest! {
    #[test]
    fn any_name_is_kept(name in "[\u{a0}\u{2003}\u{b}\u{c} \t\r\n\\\\]?(?s:.)*[^ \t\r\n]") {
        let entry = TableEntry { real_name: Some(name), ..TableEntry::default() };
        let metadata = Metadata::parse(&entry.to_text(&table("d", "t"), &StoredFiles::default())).unwrap();
        prop_assert_eq!(&metadata.tables[&table("d", "t")], &entry);
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = Metadata::parse(&text);
    }
}

#[test]
fn what_a_stream_says_once_of_columns_stays_when_its_rows_are_sent() {
    let told = |text: &str| Metadata::parse(&format!("[`d`.`t`]\n{text}")).unwrap();
    let mut metadata = told("columns = `a` int\ncolumns_named = 1\n");
    metadata.absorb(told("rows = 7\nrows_sent = 1\n"));
    let entry = &metadata.tables[&table("d", "t")];
    assert_eq!((entry.columns.as_deref(), entry.columns_named), (Some("`a` int"), true));
    assert_eq!((entry.rows, entry.rows_sent), (Some(7), true));
}
