//! Which tables take part, and who defines views and programs.

use super::row::{Group, flag, value};

pub(super) const FILTERS: Group = Group {
    heading: "Filters",
    intro: "How they combine: [below](#how-filters-combine).",
    rows: &[
        value("regex", "REGEX").letter('x').help(
            "Only what matches: Perl syntax with look-around, case-insensitive, matched anywhere in `DATABASE.TABLE`; also filters routines \
             and events.",
        ),
        value("tables-list", "LIST")
            .letter('T')
            .help(
                "Only these tables: `DATABASE.TABLE`, comma-separated; the first dot ends the database. Where no table has that \
                 name, `%` and `_` are [wildcards](#how-filters-combine). Includes their triggers, not routines or events.",
            )
            .differs("a name that is there means itself alone; an unknown name, or one without database, is an error"),
        value("omit-from-file", "FILE")
            .letter('O')
            .help("Leaves out the tables in this file, one exact `DATABASE.TABLE` a line."),
        flag("allow-empty")
            .help("Succeeds also if there is nothing to dump, restore or unpack; otherwise an error.")
            .added(),
    ],
};

pub(super) const DEFINERS: Group = Group {
    heading: "Definers",
    intro: "",
    rows: &[
        flag("skip-definer")
            .help("Removes the DEFINER clause of views, triggers, routines, packages, events; SQL SECURITY stays.")
            .differs("exact: only in the statement's head"),
        value("replace-definer", "USER@HOST")
            .help("Replaces that clause. ASCII, with or without quotes. Excludes `--skip-definer`."),
    ],
};
