//! Which checksums are written or compared: the options that both programs share.

use clap::Args;

use crate::backup::mydumper_checksum::Kinds;

/// Which checksums metadata is to have, or which of them are compared.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of options describes each field")]
pub struct ChecksumOptions {
    #[arg(long)]
    pub checksum_all: bool,
    #[arg(long)]
    pub data_checksums: bool,
    #[arg(long, overrides_with = "no_schema_checksums")]
    pub schema_checksums: bool,
    #[arg(long)]
    pub routine_checksums: bool,
    #[arg(long, overrides_with = "schema_checksums")]
    pub no_schema_checksums: bool,
    #[arg(long)]
    pub skip_database_checksums: bool,
    #[arg(long)]
    pub skip_data_checksums: bool,
    #[arg(long)]
    pub skip_table_checksums: bool,
    #[arg(long)]
    pub skip_index_checksums: bool,
    #[arg(long)]
    pub skip_view_checksums: bool,
    #[arg(long)]
    pub skip_trigger_checksums: bool,
    #[arg(long)]
    pub skip_routine_checksums: bool,
    #[arg(long)]
    pub skip_event_checksums: bool,
}

impl ChecksumOptions {
    /// What a dump writes.
    pub fn written(&self) -> Kinds {
        let (schema, routine) = (!self.no_schema_checksums, self.checksum_all || self.routine_checksums);
        self.but_skipped(schema, routine, self.checksum_all || self.data_checksums)
    }

    /// What a restore compares, where metadata has it.
    pub fn compared(&self) -> Kinds {
        self.but_skipped(!self.no_schema_checksums, true, true)
    }

    fn but_skipped(&self, schema: bool, routine: bool, data: bool) -> Kinds {
        Kinds {
            databases: schema && !self.skip_database_checksums,
            tables: schema && !self.skip_table_checksums,
            indexes: schema && !self.skip_index_checksums,
            views: schema && !self.skip_view_checksums,
            triggers: routine && !self.skip_trigger_checksums,
            routines: routine && !self.skip_routine_checksums,
            events: routine && !self.skip_event_checksums,
            data: data && !self.skip_data_checksums,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_are_asked_for() {
        let schema = Kinds { databases: true, tables: true, indexes: true, views: true, ..Kinds::default() };
        let routine = Kinds { triggers: true, routines: true, events: true, ..Kinds::default() };
        let none = ChecksumOptions::default();
        assert_eq!(none.written(), schema);
        let all = ChecksumOptions { checksum_all: true, ..none };
        assert_eq!(all.written(), Kinds { triggers: true, routines: true, events: true, data: true, ..schema });
        assert_eq!(none.compared(), all.written());
        let data = ChecksumOptions { data_checksums: true, no_schema_checksums: true, ..none };
        assert_eq!(data.written(), Kinds { data: true, ..Kinds::default() });
        let routines = ChecksumOptions { routine_checksums: true, no_schema_checksums: true, ..none };
        assert_eq!(routines.written(), routine);
        let skipped = ChecksumOptions {
            checksum_all: true,
            skip_database_checksums: true,
            skip_data_checksums: true,
            skip_table_checksums: true,
            skip_index_checksums: true,
            skip_view_checksums: true,
            skip_trigger_checksums: true,
            skip_routine_checksums: true,
            skip_event_checksums: true,
            ..none
        };
        assert_eq!((skipped.written(), skipped.compared()), (Kinds::default(), Kinds::default()));
    }
}
