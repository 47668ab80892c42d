//! A dump that is not whole, or not what it seems, is never restored as if it were.

use crate::support::load::{dumped, dumped_with, failing, forget_checksums};
use harness::program::WorkDir;
use harness::server::{Product, target};
use std::fs;

/// The dump of a table with forty rows in four files, of two statements each.
struct Dump {
    product: Product,
    database: &'static str,
    dir: WorkDir,
}

impl Dump {
    /// `database` is the test's own.
    fn new(product: Product, database: &'static str, options: &[&str]) -> Dump {
        let rows = "INSERT INTO t WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 40) \
                    SELECT id, REPEAT('x', 90) FROM n";
        let statements = ["CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(99))", rows, "ANALYZE TABLE t"];
        let sizes = ["--rows", "10", "--statement-size", "600"];
        let dir = dumped_with(product, database, &statements, &[&sizes, options].concat());
        Dump { product, database, dir }
    }

    /// The third file with rows.
    fn rows_file(&self) -> String {
        format!("{}.t.00002.sql", self.database)
    }

    /// The error of a restore of a copy without checksums of files that has `damage` done to it, with `DB` for the database and `DIR` for the
    /// directory, and its exit code (`None`: any).
    fn restore_damaged(&self, code: impl Into<Option<i32>>, damage: impl FnOnce(&WorkDir)) -> String {
        let copy = WorkDir::new();
        self.dir.list().iter().for_each(|name| copy.write(name, self.dir.read(name)));
        forget_checksums(&copy);
        damage(&copy);
        target(self.product).client().run(format!("DROP DATABASE IF EXISTS {}", self.database));
        let line = failing(code, self.product, &copy, &[]);
        line.replace(copy.path().to_str().unwrap(), "DIR").replace(self.database, "DB")
    }
}

fn remove(dir: &WorkDir, name: &str) {
    fs::remove_file(dir.path().join(name)).unwrap();
}

fn edit(dir: &WorkDir, name: &str, change: impl FnOnce(String) -> String) {
    dir.write(name, change(dir.read_text(name)));
}

#[test]
fn files_cut_short_or_missing() {
    for product in Product::ALL {
        let dump = Dump::new(product, "damaged_files", &[]);
        let rows = dump.rows_file();
        let at_end = dump.restore_damaged(6, |dir| {
            edit(dir, &rows, |text| text[..text.rfind("INSERT").unwrap()].to_owned());
        });
        assert_eq!(at_end, "[ERROR] the restore is not complete: table DB.t has 35 rows, the dump has 40");
        let inside = dump.restore_damaged(5, |dir| {
            edit(dir, &rows, |text| text[..text.rfind("\n,(").unwrap()].to_owned());
        });
        let expected = "[ERROR] cannot restore DIR/DB.t.00002.sql: the file ends in the middle of the statement of \
                        line 11: it was cut short";
        assert_eq!(inside, expected);
        let emptied = dump.restore_damaged(6, |dir| dir.write(&rows, ""));
        assert_eq!(emptied, "[ERROR] the restore is not complete: table DB.t has 30 rows, the dump has 40");
        let missing = dump.restore_damaged(5, |dir| remove(dir, &rows));
        let expected = "[ERROR] the restore is not complete: table DB.t has 30 rows, the dump has 40; the dump has 6 files, \
                        5 found";
        assert_eq!(missing, expected);
        let no_schema = dump.restore_damaged(4, |dir| remove(dir, "damaged_files.t-schema.sql"));
        assert!(no_schema.starts_with("[ERROR] DB.t.0000"), "{no_schema}");
        assert!(no_schema.contains("Table 'DB.t' doesn't exist"), "{no_schema}");
        let empty_schema = dump.restore_damaged(5, |dir| dir.write("damaged_files.t-schema.sql", ""));
        let expected = "[ERROR] DB.t-schema.sql has no CREATE TABLE: the file is damaged, or not part of a dump";
        assert_eq!(empty_schema, expected);
    }
}

#[test]
fn metadata_that_is_missing_or_wrong() {
    for product in Product::ALL {
        let dump = Dump::new(product, "damaged_metadata", &[]);
        let missing = dump.restore_damaged(5, |dir| remove(dir, "metadata"));
        assert_eq!(
            missing,
            "[ERROR] DIR is not a finished dump: it has no file `metadata`; the dump was not finished, or \
                             not all of it was copied: copy it again, or dump again"
        );
        let partial = dump.restore_damaged(5, |dir| {
            dir.write("metadata.partial", dir.read("metadata"));
            remove(dir, "metadata");
        });
        let expected = "[ERROR] DIR is not a finished dump: it has no file `metadata`; only `metadata.partial` is \
                        there: mydumper was interrupted or is still at work; dump again";
        assert_eq!(partial, expected);
        let garbage = dump.restore_damaged(5, |dir| {
            edit(dir, "metadata", |text| text.replace("rows = 40", "rows 40"));
        });
        assert!(garbage.starts_with("[ERROR] DIR/metadata: line "), "{garbage}");
        let lines_kept: [fn(&str) -> String; 2] =
            [|_| String::new(), |text| text.split("# Finished").next().unwrap_or_default().to_owned()];
        for kept in lines_kept {
            let cut = dump.restore_damaged(5, |dir| edit(dir, "metadata", |text| kept(&text)));
            let expected = "[ERROR] DIR/metadata does not say `# Finished dump at`: it was cut short, or the dump was not \
                            finished; dump again";
            assert_eq!(cut, expected);
        }
        for (wrong, line) in [("rows = 41", "40 rows, the dump has 41"), ("rows = 39", "40 rows, the dump has 39")] {
            let counted = dump.restore_damaged(6, |dir| {
                edit(dir, "metadata", |text| text.replace("rows = 40", wrong));
            });
            assert_eq!(counted, format!("[ERROR] the restore is not complete: table DB.t has {line}"));
        }
    }
}

#[test]
fn compressed_files_with_one_bit_changed_or_none() {
    for product in Product::ALL {
        for (database, compression, extension) in [("damaged_gzip", "gzip", "gz"), ("damaged_zstd", "zstd", "zst")] {
            let dump = Dump::new(product, database, &[&format!("--compress={compression}")]);
            let file = format!("{}.{extension}", dump.rows_file());
            let length = dump.dir.read(&file).len();
            for place in [length / 2, length - 2] {
                let line = dump.restore_damaged(None, |dir| {
                    let mut bytes = dir.read(&file);
                    bytes[place] ^= 1;
                    dir.write(&file, bytes);
                });
                // What a gzip file holds is executed before its checksum is seen.
                assert!(line.contains(&format!("DB.t.00002.sql.{extension}")), "{line}");
            }
            for keep in [0, length / 2, length - 1] {
                let line = dump.restore_damaged(5, |dir| dir.write(&file, &dir.read(&file)[..keep]));
                let expected = format!("DIR/DB.t.00002.sql.{extension}: ");
                assert!(line.contains(&expected), "{keep} of {length} bytes: {line}");
            }
        }
    }
}

#[test]
fn a_row_that_is_there_twice() {
    for product in Product::ALL {
        let dump = Dump::new(product, "damaged_twice", &[]);
        let rows = dump.rows_file();
        let line = dump.restore_damaged(4, |dir| {
            edit(dir, &rows, |text| text + "INSERT INTO `t` VALUES(27,'twice')\n;\n");
        });
        let expected =
            "[ERROR] DB.t.00002.sql, line 17: server error 1062 (23000): Duplicate entry (value not shown) for key";
        assert!(line.starts_with(expected), "{line}");
    }
}

/// Turns a file of rows into LOAD DATA from the file `named`, and puts the rows where that file should be.
fn as_load_data(dump: &Dump, dir: &WorkDir, named: &str) {
    let statement = format!("LOAD DATA LOCAL INFILE '{named}' INTO TABLE `t` CHARACTER SET binary (`id`,`c`)");
    edit(dir, &dump.rows_file(), |text| format!("{}{statement};\n", &text[..text.find("INSERT").unwrap()]));
    let rows: String = (21..=30).map(|id| format!("{id}\t{}\n", "x".repeat(90))).collect();
    dir.write(&dump.rows_file().replace(".sql", ".dat"), rows);
}

#[test]
fn load_data_reads_the_file_beside_it_only() {
    for product in Product::ALL {
        let dump = Dump::new(product, "damaged_infile", &[]);
        let beside = "damaged_infile.t.00002.dat";
        for named in ["/etc/passwd", "../x", "damaged_infile.t.00001.dat", "/dir/damaged_infile.t.00002.sql"] {
            let line = dump.restore_damaged(5, |dir| as_load_data(&dump, dir, named));
            let expected = format!(
                "[ERROR] DB.t.00002.sql, line 5: LOAD DATA reads {:?}, which is not the file beside it, DB.t.00002.dat",
                named.replace(dump.database, "DB")
            );
            assert_eq!(line, expected);
        }
        let line = dump.restore_damaged(5, |dir| {
            as_load_data(&dump, dir, beside);
            remove(dir, beside);
        });
        let expected = "[ERROR] cannot read DIR/DB.t.00002.dat: No such file or directory (os error 2); the file is \
                        missing or damaged";
        assert_eq!(line, expected);
        let line = dump.restore_damaged(4, |dir| {
            as_load_data(&dump, dir, beside);
            edit(dir, beside, |rows| rows.replace("22\t", "21\t"));
        });
        let expected = "[ERROR] DB.t.00002.sql, line 5: the server left out or cut off 1 row of table \
                        DB.t: 1 warning, first: 1062 Duplicate entry (value not shown) for key";
        assert!(line.starts_with(expected), "{line}");
        let loaded = "SELECT COUNT(*) FROM damaged_infile.t WHERE id BETWEEN 21 AND 30";
        assert_eq!(target(product).client().scalar(loaded), "0");
    }
}

#[test]
fn a_file_of_triggers_or_routines_that_is_missing_or_empty() {
    for product in Product::ALL {
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id",
            "CREATE PROCEDURE p() SELECT 1",
        ];
        let dir = dumped(product, "damaged_objects", &statements);
        forget_checksums(&dir);
        for file in ["damaged_objects.t-schema-triggers.sql", "damaged_objects-schema-post.sql"] {
            let text = dir.read(file);
            dir.write(file, "");
            let line = failing(5, product, &dir, &["--drop-table"]);
            assert_eq!(line, format!("[ERROR] {file} has no statement: the file is damaged, or not part of a dump"));
            std::fs::remove_file(dir.path().join(file)).unwrap();
            let line = failing(5, product, &dir, &["--drop-table"]);
            assert_eq!(line, "[ERROR] the restore is not complete: the dump has 4 files, 3 found");
            dir.write(file, text);
        }
    }
}
