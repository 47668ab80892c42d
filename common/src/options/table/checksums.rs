//! Which checksums are written and compared.

use super::row::{Group, flag};

const NO_EFFECT_IN_MYLOADER: &str = "no effect in myloader";

pub(super) const GROUP: Group = Group {
    heading: "Checksums",
    intro: "`mydumper` writes them, `myloader` compares all that the dump has: \
            [verification.md](verification.md#checksums).",
    rows: &[
        flag("checksum-all")
            .letter('M')
            .help("All kinds of checksums that no other option excludes.")
            .differs(NO_EFFECT_IN_MYLOADER),
        flag("data-checksums")
            .help("CHECKSUM TABLE in the snapshot. Not with `--where` or `--partition-regex`.")
            .differs("not for MariaDB tables with generated columns; no effect in myloader"),
        flag("schema-checksums")
            .absent("on")
            .help("Databases, tables, indexes, views. Not with `--no-schemas`.")
            .differs(NO_EFFECT_IN_MYLOADER),
        flag("no-schema-checksums").help("None of `--schema-checksums`. The later of the two wins."),
        flag("routine-checksums")
            .help("Routines, events and triggers that `-R`, `-E` and `-G` dump.")
            .differs(NO_EFFECT_IN_MYLOADER),
        flag("skip-database-checksums").help("Skips databases."),
        flag("skip-data-checksums").help("Skips CHECKSUM TABLE."),
        flag("skip-table-checksums").help("Skips tables."),
        flag("skip-index-checksums").help("Skips indexes."),
        flag("skip-view-checksums").help("Skips views."),
        flag("skip-trigger-checksums").help("Skips triggers."),
        flag("skip-routine-checksums").help("Skips routines."),
        flag("skip-event-checksums").help("Skips events."),
    ],
};
