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
            .help("Checksums of rows: CHECKSUM TABLE in the snapshot. Not with `--where` or `--partition-regex`.")
            .differs("not for MariaDB tables with generated columns; no effect in myloader"),
        flag("schema-checksums")
            .absent("on")
            .help("Checksums of databases, tables, indexes, views. Not with `--no-schemas`.")
            .differs(NO_EFFECT_IN_MYLOADER),
        flag("no-schema-checksums").help(
            "No checksums of databases, tables, indexes, views. The later of this and `--schema-checksums` wins.",
        ),
        flag("routine-checksums")
            .help("Checksums of routines, events and triggers that `-R`, `-E` and `-G` dump.")
            .differs(NO_EFFECT_IN_MYLOADER),
        flag("skip-database-checksums").help("No checksums of databases."),
        flag("skip-data-checksums").help("No checksums of rows."),
        flag("skip-table-checksums").help("No checksums of tables."),
        flag("skip-index-checksums").help("No checksums of indexes."),
        flag("skip-view-checksums").help("No checksums of views."),
        flag("skip-trigger-checksums").help("No checksums of triggers."),
        flag("skip-routine-checksums").help("No checksums of routines."),
        flag("skip-event-checksums").help("No checksums of events."),
    ],
};
