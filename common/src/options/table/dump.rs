//! What mydumper dumps, and how it locks.

use super::row::{Group, flag, optional, value};

pub(super) const OBJECTS: Group = Group {
    heading: "What to dump",
    intro: "",
    rows: &[
        value("database", "LIST")
            .letter('B')
            .absent("all but system databases")
            .help("Databases to dump: exact names, comma-separated.")
            .differs("an unknown name is an error"),
        value("ignore-engines", "LIST").letter('i').help("Leaves out tables of these engines."),
        value("where", "CONDITION").help(
            "Dumps only rows that meet the condition, which is put in parentheses. `ORDER BY` and `LIMIT` may follow it: so \
             many rows of each table, which is one chunk then.",
        ),
        value("partition-regex", "REGEX").help(
            "Dumps only matching partitions; means `--split-partitions`. Tables without partitions are dumped whole.",
        ),
        flag("no-data").letter('d').help("Dumps no rows."),
        flag("no-schemas").letter('m').help(
            "Dumps no databases, tables, views, sequences; `-G`, `-R` and `-E` still apply. Restore with `myloader \
             --no-schemas`, [never `-o`](restoring.md#tables-that-exist).",
        ),
        flag("triggers").letter('G').help("Dumps triggers, one file a table."),
        flag("events").letter('E').help("Dumps events."),
        flag("routines").letter('R').help("Dumps routines, MariaDB packages, MySQL libraries."),
        flag("no-views")
            .letter('W')
            .help("Dumps no views. Leaving out what `-T` names, here or by `-i`, is a warning."),
        flag("all-tablespaces")
            .letter('Y')
            .help("Dumps general and undo tablespaces of MySQL, except the server's own; a warning on MariaDB."),
        flag("users")
            .help("Dumps [accounts](restoring.md#accounts), roles and privileges; the file holds password hashes.")
            .added(),
        value("ignore-errors", "CODES")
            .help("Leaves out tables, views, programs that are [broken](exit-codes.md#broken-objects) with these server errors.")
            .differs("exit code 4, all listed; rows that cannot be read end the dump"),
        flag("keep-going").help("Leaves out all that are broken.").added(),
        flag("ignore-missing-privileges")
            .help(
                "Dumps what the user can read, with warnings. Otherwise [missing privileges](consistency.md#privileges) are an \
                 error before anything is dumped.",
            )
            .added(),
        flag("skip-constraints")
            .help("Leaves foreign keys and CHECKs out of definitions; CHECKs of a single column stay.")
            .differs("no ALTER TABLE in the file"),
        flag("skip-indexes")
            .help("Leaves secondary indexes out of definitions, but for what a table or a foreign key needs. No index checksums.")
            .differs("more exact: keys that are needed stay; no ALTER TABLE in the file"),
        flag("views-as-tables")
            .help("Dumps [views as tables](#views-as-tables), with the rows that they show.")
            .differs("InnoDB, with NULL, NOT NULL, character set"),
        value("table-engine-for-view-dependency", "ENGINE")
            .absent("`MEMORY`; InnoDB with `--views-as-tables`")
            .help("Engine of the tables of `--views-as-tables`, and of stand-ins, which `myloader` does not create.")
            .differs("must be a name"),
        value("updated-since", "DAYS")
            .letter('U')
            .help("Leaves out tables that the server [knows to be unchanged](#updated-since) for so many days; 0 for none. No effect with `-T`.")
            .differs("metadata lists them, too"),
        flag("check-row-count")
            .help("Counts each table's rows in its snapshot, and fails if others were written. Not with a LIMIT in `--where`.")
            .differs("same conditions and partitions; exit code 6"),
        value("optimize-keys-engines", "LIST").no_effect("which engines have snapshots is known; `myloader` has its own"),
        flag("exit-if-broken-table-found").no_effect("broken tables are an error, unless `--keep-going` or `--ignore-errors` leave them out"),
        flag("no-check-generated-fields").no_effect("generated columns are always left out of rows"),
        flag("bulk-metadata-prefetch").no_effect("the catalog is always read in bulk"),
        flag("skip-metadata-sorting").no_effect("sorting takes no time worth saving"),
        flag("success-on-1146").replaced("`--tables-list` or `--omit-from-file` to leave out tables that come and go"),
    ],
};

pub(super) const LOCKS: Group = Group {
    heading: "Locks and long queries",
    intro: "Modes, locks and privileges: [consistency.md](consistency.md).",
    rows: &[
        value("sync-thread-lock-mode", "MODE")
            .default("AUTO")
            .help("How all threads get the same snapshot: `AUTO`, `FTWRL`, `LOCK_ALL`, `GTID`, `SAFE_NO_LOCK`, `NO_LOCK`.")
            .differs("more exact: states what the dump guarantees"),
        optional("trx-tables", "0|1", "1")
            .default("0")
            .help("Promises that all tables are transactional: others are not locked.")
            .differs("off by default: engines are looked up"),
        flag("no-trx-tables").absent("").help("Takes back an earlier `--trx-tables`."),
        flag("use-savepoints")
            .absent("on")
            .help("Releases metadata locks after each chunk.")
            .differs("always on; MariaDB needs BINLOG ADMIN"),
        flag("no-backup-locks")
            .help("Takes FLUSH TABLES WITH READ LOCK instead of BACKUP STAGE on MariaDB.")
            .differs("Percona's LOCK TABLES FOR BACKUP is never used"),
        flag("skip-ddl-locks").help("Takes no LOCK INSTANCE FOR BACKUP."),
        value("ftwrl-max-wait-time", "SECONDS").default("60").help("Longest wait for each lock; 0 counts as 1."),
        value("ftwrl-timeout-retries", "N").default("0").help("Retries after a wait for a lock has timed out."),
        value("long-query-guard", "SECONDS")
            .letter('l')
            .default("60")
            .help("Takes no lock while a query runs longer; 0 disables.")
            .differs("reads count only for FLUSH TABLES WITH READ LOCK"),
        value("long-query-retries", "N").default("0").help("How often to look again for long queries."),
        value("long-query-retry-interval", "SECONDS").default("60").help("Pause between looks."),
        flag("kill-long-queries")
            .letter('K')
            .help("Kills long queries after the retries.")
            .differs("KILL QUERY, the connection stays"),
        value("tidb-snapshot", "TSO")
            .letter('z')
            .help("Reads TiDB at this snapshot; any other server is refused.")
            .differs("not tested on TiDB; other servers are an error"),
        value("no-locks", "0|1").letter('k').replaced("`--sync-thread-lock-mode=NO_LOCK`"),
        value("less-locking", "0|1").replaced("`--trx-tables`, or nothing: locks are always brief"),
        value("trx-consistency-only", "0|1").replaced("`--trx-tables`"),
        value("lock-all-tables", "0|1").replaced("`--sync-thread-lock-mode=LOCK_ALL`"),
    ],
};
