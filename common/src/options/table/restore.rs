//! What myloader restores, and how.

use super::row::{Group, flag, optional, value};

pub(super) const OBJECTS: Group = Group {
    heading: "What to restore",
    intro: "",
    rows: &[
        value("directory", "DIR")
            .letter('d')
            .help("Dump directory; with `--stream`, where its files go.")
            .differs("without `metadata` it is refused as unfinished"),
        value("source-db", "NAME")
            .letter('s')
            .absent("all")
            .help("Restores only this database, exact name.")
            .differs("an unknown name is an error"),
        value("database", "NAME")
            .letter('B')
            .absent("as dumped")
            .help(
                "Restores one database under this name. Bodies that name the old one are changed where that is certain, else reported. With `UNPACK` it selects.",
            )
            .differs("a dump of several needs `-s`"),
        flag("no-data").help("Restores no rows."),
        flag("no-schemas").help("Restores rows only, into existing tables."),
        flag("skip-create-database").help("Creates no databases."),
        flag("skip-create-table").help(
            "Rows go into existing tables, `--drop-table` has no effect. Missing views and sequences are created.",
        ),
        flag("skip-indexes").help("Restores no secondary indexes."),
        flag("skip-constraints").help("Restores no foreign keys."),
        flag("skip-triggers").help("Restores no triggers."),
        flag("skip-post").help("Restores no routines and no events."),
        flag("users")
            .help("Creates the [accounts](restoring.md#accounts) and roles that are not there, with their privileges.")
            .added(),
        flag("set-gtid-purged").not_yet("set `gtid_purged` by hand from metadata"),
        value("num-sequences", "N").no_effect("the files show how many sequences there are"),
        value("metadata-refresh-interval", "N").no_effect("metadata is read once per change"),
        flag("skip-table-sorting").no_effect("sorting takes no time worth saving"),
        value("quote-character", "CHAR").letter('Q').no_effect("both quotes are understood"),
        flag("no-schema").replaced("`--no-schemas`"),
        value("identifier-quote-character", "CHAR").replaced("nothing: both quotes are understood"),
        flag("set-gtid-purge").replaced("nothing: set `gtid_purged` by hand from metadata"),
    ],
};

pub(super) const EXISTING: Group = Group {
    heading: "Existing objects and errors",
    intro: "",
    rows: &[
        optional("drop-table", "MODE", "DROP")
            .letter('o')
            .default("FAIL")
            .help("What happens to [existing tables](restoring.md#tables-that-exist): `FAIL`, `NONE`, `DROP`, `TRUNCATE`, `DELETE`."),
        flag("drop-database").help("Drops the databases of the dump first.").differs("refused with `-T`, `-x`, `-O`"),
        flag("fire-triggers").help("Loads into tables with triggers, which fire; otherwise an error.").added(),
        value("ignore-errors", "CODES")
            .help("[Continues](restoring.md#continue-after-errors) after these server errors.")
            .differs("exit code 4, all listed"),
        flag("keep-going").help("Continues after all errors of single objects.").added(),
        flag("ignore-file-checksums")
            .help("Restores files that have [changed since they were dumped](restoring.md#changed-files), with a warning for each.")
            .added(),
        value("retry-count", "N").default("10").help(
            "Retries of a transaction and of [reconnecting](recovery.md#lost-connections); 10 take about a minute.",
        ),
        flag("resume")
            .help(
                "Continues an [interrupted restore](recovery.md#resume-a-restore), with the same options. Not with \
                 `--stream`.",
            )
            .differs("uses a journal, not the file `resume`"),
        value("journal", "FILE").absent("in DIR").help("Where the journal of `--resume` is.").added(),
        flag("overwrite-unsafe").help("Means `--drop-table=DROP`.").differs("no faster and no less safe"),
        flag("append-if-not-exist")
            .help("Means `--drop-table=NONE`: missing tables are created, rows are added to the others.")
            .differs("views and sequences too"),
        flag("kill-at-once").letter('k').no_effect("Ctrl-C always ends the restore within seconds"),
        flag("overwrite-tables").replaced("`-o` or `--drop-table=DROP`"),
        value("purge-mode", "MODE").replaced("`--drop-table=MODE`"),
    ],
};

pub(super) const LOADING: Group = Group {
    heading: "How to load",
    intro: "",
    rows: &[
        value("load-method", "METHOD")
            .default("AUTO")
            .help("How rows of INSERT statements are [loaded](restoring.md#insert-as-load-data): `AUTO`, `INSERT`, `LOAD_DATA`.")
            .added(),
        value("queries-per-transaction", "N")
            .letter('q')
            .default("1000")
            .help("Statements of a transaction, which also ends with its file.")
            .differs("0 is refused"),
        value("max-transaction-size", "MB")
            .default("1000")
            .help(
                "Most MiB of statements in a transaction; a longer statement is alone in its own. At most the server's \
                 `group_replication_transaction_size_limit` and `wsrep_max_ws_size`.",
            )
            .differs("over statements; 0 is refused"),
        value("rows", "N")
            .letter('r')
            .default("0")
            .help("Splits statements of more rows into some of N rows; 0: as dumped. Not where INSERT goes as LOAD DATA (`--load-method`).")
            .differs("REPLACE too"),
        value("ignore-set", "LIST")
            .absent("none")
            .help("Variables that are not set, neither by files nor at connect, such as `SQL_LOG_BIN`. Others than that change what is stored.")
            .differs("in any case; `NAMES` is refused"),
        value("set-names", "CHARSETS")
            .absent("as the files say")
            .help("Taken for `binary` and `utf8mb4`, which change nothing.")
            .differs("others are refused"),
        flag("enable-binlog")
            .letter('e')
            .help("Writes to the binary log. A user who may not set `sql_log_bin` always does, with a warning.")
            .differs("takes no value"),
        optional("optimize-keys", "WHEN", "AFTER_IMPORT_PER_TABLE")
            .default("AUTO")
            .help(
                "When indexes are added; also `AFTER_IMPORT_ALL_TABLES`, `SKIP` (with the table). `AUTO`: with the table \
                 under 64 KiB of rows, else after its rows. Foreign keys always last.",
            )
            .differs("`AUTO` is new"),
        value("optimize-keys-engines", "LIST")
            .default("ROCKSDB,InnoDB")
            .help("Engines that `--optimize-keys` applies to.")
            .differs("in any case"),
        value("optimize-keys-batchsize", "N")
            .default("0")
            .help("Most indexes that one ALTER TABLE adds; 0: all. Each FULLTEXT index but the first has one of its own."),
        flag("disable-redo-log").help(
            "Turns off MySQL's redo log, 8.0.21 or newer; back on at the end, also after errors and Ctrl-C. **A crash of the server meanwhile \
             loses all its data.**",
        ),
        value("max-threads-per-table", "N").default("4").help("Most threads that load one table, 1 to 1024."),
        value("max-threads-for-index-creation", "N")
            .default("4")
            .help("Most threads that add indexes, 1 to 1024.")
            .differs("0 is refused"),
        value("max-threads-for-schema-creation", "N")
            .absent("`--threads`")
            .help("Most threads that create tables, 1 to 1024.")
            .differs("0 is refused"),
        value("max-threads-for-post-actions", "N")
            .absent("`--threads`")
            .help("Most threads that create views, routines, triggers and events, 1 to 1024. Foreign keys come one at a time.")
            .differs("0 is refused"),
        flag("local-infile")
            .absent("on")
            .help("LOAD DATA LOCAL for the dump's own rows, nothing else. The server needs `local_infile=ON`.")
            .differs("no effect: always allowed"),
        flag("show-warnings")
            .absent("on")
            .help("Logs warnings of INSERT; one that a value was changed is [an error](restoring.md#changed-values).")
            .differs("no effect: always on"),
        flag("allow-truncation")
            .help("Lets the server [change values](restoring.md#changed-values) that its columns do not hold, with a warning for each table.")
            .added(),
        value("max-statement-size", "BYTES").no_effect("statements up to 1 GiB are read"),
        value("fifodir", "DIR").no_effect("compressed files are read without FIFOs"),
        value("load-data-tmp-dir", "DIR").no_effect("LOAD DATA files are read without FIFOs"),
        value("innodb-optimize-keys", "WHEN").replaced("`--optimize-keys`"),
        flag("serialized-table-creation").replaced("`--threads=1`"),
        value("max-threads-for-post-creation", "N").replaced("`--max-threads-for-post-actions`"),
        value("refresh-table-list-interval", "N").replaced("nothing: tables are known at once"),
    ],
};

pub(super) const STREAM_AND_VERIFICATION: Group = Group {
    heading: "Stream and verification",
    intro: "",
    rows: &[
        optional("stream", "MODE", "TRADITIONAL")
            .help(
                "[Stream](streaming.md) from stdin: `TRADITIONAL`, `NO_DELETE`, `NO_STREAM`, `NO_STREAM_AND_NO_DELETE`, \
                 or `UNPACK`.",
            )
            .differs("bit 1 has no effect"),
        flag("mysqldump")
            .help("Restores a [dump of mysqldump or mariadb-dump](mysqldump.md): `--directory=FILE`, or stdin with `--stream`.")
            .differs("reads every such dump, `--directory` too"),
        value("stream-max-waiting", "BYTES")
            .default("2G")
            .help("Rows that may wait on disk. When files are deleted, at most half of the free space.")
            .added(),
        optional("verify", "ROWS|HASH", "HASH")
            .help("[Compares](verification.md) tables after the restore.")
            .added(),
        flag("verify-only").help("Changes nothing, compares existing tables with the dump.").added(),
        value("checksum", "FAIL|WARN|SKIP")
            .absent("[by case](verification.md#checksums)")
            .help("What a differing checksum means.")
            .differs("more exact default"),
        flag("no-delete").replaced("`--stream=NO_DELETE`"),
    ],
};
