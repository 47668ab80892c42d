//! The table of [`known`](super::known): data only.

use super::known::Fate::{NoEffect, NotYet, Replaced};
use super::known::{Fate, KnownOption};

/// An option with a value.
const fn value(long: &'static str, fate: Fate) -> KnownOption {
    KnownOption { long, short: None, takes_value: true, fate }
}

/// An option without one.
const fn flag(long: &'static str, fate: Fate) -> KnownOption {
    KnownOption { takes_value: false, ..value(long, fate) }
}

/// An option with a letter.
const fn short(letter: char, option: KnownOption) -> KnownOption {
    KnownOption { short: Some(letter), ..option }
}

const TLS: Fate = NotYet("the TLS library chooses among TLS 1.2 and 1.3 and their safe ciphers");
const PMM: Fate = NotYet("there are no PMM metrics, leave it out");
const EXEC: Fate = NotYet("no commands are run on the files; --compress compresses in the program");
const REPLICATION: Fate = NotYet("metadata holds the coordinates, set up the replication by hand with them");
const DAEMON: Fate = NotYet("run mydumper from cron or a systemd timer");

/// Options of both programs.
pub(super) const COMMON: &[KnownOption] = &[
    value("capath", NotYet("name one PEM file with --ca")),
    value("cipher", TLS),
    value("tls-version", TLS),
    value("pmm-path", PMM),
    value("pmm-resolution", PMM),
    value("exec-per-thread", EXEC),
    value("exec-per-thread-extension", EXEC),
    value("set-names", NotYet("connections use the character set that keeps every byte")),
    flag("debug", NotYet("-v 3 says the most")),
    flag("machine-log-json", NotYet("log lines are text")),
    value("source-data", REPLICATION),
    value("source-control-command", REPLICATION),
    flag("dry-run", NotYet("nothing can be tried without a server")),
    value("throttle", NotYet("lower --threads to put less load on the server")),
];

/// Options of mydumper.
pub(super) const MYDUMPER: &[KnownOption] = &[
    value("ignore-errors", NotYet("every error ends the dump")),
    short('U', value("updated-since", NotYet("name the tables with --tables-list"))),
    short('z', value("tidb-snapshot", NotYet("TiDB is not supported"))),
    value("exec-threads", EXEC),
    value("exec", EXEC),
    flag("split-string-pk", NoEffect("text keys are always used for chunks")),
    value("rows-hard", NotYet("set the rows of a chunk with --rows=MIN:START:MAX")),
    value("max-split-of-step-in-integer-chunk", NoEffect("chunks are cut at keys that are there, whatever their gaps")),
    value("max-char-size", NoEffect("chunks of text keys are cut at keys that are there")),
    value("max-items-per-string-chunk", NoEffect("chunks of text keys are cut at keys that are there")),
    flag("skip-constraints", NotYet("leave them out with myloader --skip-constraints")),
    flag("skip-indexes", NotYet("leave them out with myloader --skip-indexes")),
    flag("skip-metadata-sorting", NoEffect("sorting the metadata takes no time worth saving")),
    flag("views-as-tables", NotYet("views are dumped as views")),
    value("statement-terminated-by", NotYet("statements end with ; at the end of a line, as every loader expects")),
    value("default-character-set", NotYet("the files declare the character set that keeps every byte")),
    value("table-engine-for-view-dependency", NotYet("the stand-ins of views take an engine that holds all columns")),
    flag("exit-if-broken-table-found", NoEffect("a table that cannot be read always ends the dump")),
    flag("no-check-generated-fields", NoEffect("generated columns are always left out of the rows")),
    flag("bulk-metadata-prefetch", NoEffect("the catalog is always read in bulk")),
    flag("compact", NotYet("the files keep their header")),
    flag("use-defer", NoEffect("memory does not grow with the number of tables' chunks")),
    flag("check-row-count", NotYet("metadata holds the rows that were written, and myloader checks them")),
    short('D', flag("daemon", DAEMON)),
    short('I', value("snapshot-interval", DAEMON)),
    short('X', value("snapshot-count", DAEMON)),
    flag("merge", NotYet("dump into a directory of its own")),
    value("disk-limits", NotYet("make sure that there is space, a full disk ends the dump")),
    flag("masquerade-filename", NotYet("files are named after their tables")),
    value("replica-data", REPLICATION),
    value("optimize-keys-engines", NotYet("it is only of use with --skip-indexes and --skip-constraints")),
    // Of older versions.
    short('k', value("no-locks", Replaced("--sync-thread-lock-mode=NO_LOCK"))),
    value("less-locking", Replaced("--trx-tables, or nothing: locks are always held briefly")),
    value("trx-consistency-only", Replaced("--trx-tables")),
    value("lock-all-tables", Replaced("--sync-thread-lock-mode=LOCK_ALL")),
    flag("success-on-1146", Replaced("--tables-list or --omit-from-file to leave out tables that come and go")),
    flag("load-data", Replaced("--format=LOAD_DATA")),
    flag("csv", Replaced("--format=CSV")),
];

/// Options of myloader.
pub(super) const MYLOADER: &[KnownOption] = &[
    value("optimize-keys-batchsize", NotYet("all keys of a table are added by one ALTER TABLE")),
    flag("overwrite-unsafe", NotYet("use --drop-table=DROP")),
    value("metadata-refresh-interval", NoEffect("metadata is read once for each change")),
    flag("skip-table-sorting", NoEffect("sorting the tables takes no time worth saving")),
    flag("set-gtid-purged", NotYet("metadata holds the GTID set, set gtid_purged by hand")),
    value("num-sequences", NoEffect("the files say how many sequences there are")),
    value("max-threads-for-post-actions", NotYet("post actions run one after the other")),
    value("max-threads-for-schema-creation", NotYet("lower --threads to create fewer tables at a time")),
    short('r', value("rows", NotYet("statements are sent as they are in the dump"))),
    value("max-statement-size", NoEffect("statements of any size are read")),
    value("max-transaction-size", NotYet("bound transactions with --queries-per-transaction")),
    flag("append-if-not-exist", NotYet("use --drop-table=NONE to load into tables that exist")),
    value("ignore-set", NotYet("set variables in [myloader_session_variables] of a defaults file")),
    short('Q', value("quote-character", NoEffect("both quotes of names are understood"))),
    value("fifodir", NoEffect("compressed files are read without FIFOs")),
    value("load-data-tmp-dir", NoEffect("LOAD DATA files are read without FIFOs")),
    short('k', flag("kill-at-once", NoEffect("Ctrl-C always ends the restore within seconds"))),
    flag("mysqldump", NotYet("feed the file of mysqldump to the mysql client")),
    // Of older versions.
    flag("overwrite-tables", Replaced("-o or --drop-table=DROP")),
    value("purge-mode", Replaced("--drop-table=MODE")),
    value("innodb-optimize-keys", Replaced("--optimize-keys")),
    flag("no-schema", Replaced("--no-schemas")),
    flag("serialized-table-creation", Replaced("--threads=1")),
];
