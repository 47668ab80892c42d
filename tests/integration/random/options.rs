//! The options of a dump and of its restore.

use super::prng::Random;

/// How a database is carried over.
#[derive(Debug, Clone)]
pub struct Options {
    pub dump: Vec<String>,
    pub load: Vec<String>,
    pub stream: bool,
    /// Whether the target's database has another name.
    pub renamed: bool,
    /// Whether the restore is done a second time, over the first.
    pub twice: bool,
}

impl Options {
    pub fn any(random: &mut Random) -> Options {
        let mut options = Options {
            dump: vec![format!("--threads={}", random.size(1, 8))],
            load: vec![format!("--threads={}", random.size(1, 8))],
            stream: random.percent(40),
            renamed: random.percent(15),
            twice: random.percent(10),
        };
        options.add_dump(random);
        options.add_load(random);
        options
    }

    fn add_dump(&mut self, random: &mut Random) {
        let mut maybe = |percent: usize, values: &[&str]| {
            if random.percent(percent) {
                self.dump.push((random.pick(values)).to_owned());
            }
        };
        maybe(
            60,
            &["--rows=5", "--rows=37", "--rows=100", "--rows=1000", "--rows=10:50:1000", "--rows=1:20:0", "--rows=0"],
        );
        maybe(40, &["--statement-size=1", "--statement-size=200", "--statement-size=5000", "--statement-size=16M"]);
        maybe(25, &["--chunk-filesize=1", "--chunk-filesize=20k", "--chunk-filesize=1k"]);
        maybe(
            50,
            &[
                "--compress",
                "--compress=gzip",
                "--compress=zstd",
                "--compress=lz4",
                "--compress=gzip --compress-level=9",
            ],
        );
        maybe(30, &["--hex-blob"]);
        maybe(30, &["--complete-insert"]);
        maybe(25, &["--insert-ignore", "--replace"]);
        maybe(
            35,
            &[
                "--format=LOAD_DATA",
                "--format=LOAD_DATA --include-header",
                "--format=LOAD_DATA --fields-terminated-by=;; --lines-terminated-by=\\r\\n --lines-starting-by=>",
                "--format=LOAD_DATA --fields-enclosed-by=' --fields-escaped-by=!",
                "--format=CSV",
                "--format=CSV --fields-escaped-by= --lines-terminated-by=\\r\\n --include-header",
                "--format=CSV --fields-terminated-by=^|",
                "--format=CSV --fields-terminated-by=\\t|",
            ],
        );
        maybe(20, &["--order-by-primary"]);
        maybe(20, &["--max-threads-per-table=1", "--max-threads-per-table=2"]);
        maybe(20, &["--build-empty-files"]);
        maybe(20, &["--split-partitions", "--use-single-column"]);
        maybe(15, &["--skip-tz-utc"]);
        maybe(10, &["--sync-thread-lock-mode=FTWRL", "--sync-thread-lock-mode=NO_LOCK"]);
        maybe(20, &["--body-format=DELIMITER"]);
        if self.stream {
            maybe(20, &["--stream-checksum=NONE"]);
            maybe(20, &["--stream-max-files=1"]);
        }
        self.dump = self.dump.iter().flat_map(|option| option.split(' ')).map(str::to_owned).collect();
    }

    fn add_load(&mut self, random: &mut Random) {
        let mut maybe = |percent: usize, values: &[&str]| {
            if random.percent(percent) {
                self.load.push((random.pick(values)).to_owned());
            }
        };
        maybe(30, &["--queries-per-transaction=1", "--queries-per-transaction=3", "--queries-per-transaction=100000"]);
        maybe(
            50,
            &[
                "--optimize-keys=SKIP",
                "--optimize-keys=AFTER_IMPORT_PER_TABLE",
                "--optimize-keys=AFTER_IMPORT_ALL_TABLES",
            ],
        );
        maybe(20, &["--max-threads-per-table=1", "--max-threads-per-table=3"]);
        maybe(20, &["--max-threads-for-index-creation=1"]);
        maybe(15, &["--enable-binlog"]);
        maybe(60, &["--load-method=load-data", "--load-method=insert", "--load-method=load-data"]);
        if self.stream {
            maybe(20, &["--stream-max-waiting=10k"]);
        }
    }
}
