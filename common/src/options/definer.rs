//! Who defines views, triggers, routines and events: options that both programs share.

use clap::Args;

use crate::sql::definer::{Definer, DefinerRule};

/// Definers of views, triggers, routines and events.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of options describes each field")]
pub struct DefinerOptions {
    #[arg(long, conflicts_with = "replace_definer")]
    pub skip_definer: bool,
    #[arg(long)]
    pub replace_definer: Option<Definer>,
}

impl DefinerOptions {
    /// What becomes of definers.
    pub fn rule(self) -> DefinerRule {
        match (self.skip_definer, self.replace_definer) {
            (_, Some(definer)) => DefinerRule::Replace(definer),
            (true, None) => DefinerRule::Skip,
            (false, None) => DefinerRule::Keep,
        }
    }
}
