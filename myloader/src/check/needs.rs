//! What a definition needs of the user beside the right to create it.

use common::sql::token::SqlDialect;

use crate::ddl::create_table::CreateTable;
use crate::ddl::created_object::{created, text};
use crate::ddl::element::ElementKind;
use crate::ddl::sequences;
use crate::ddl::set::database_collation;
use crate::ddl::split::split;
use crate::ddl::statement_kind::{Dropped, StatementKind};
use crate::ddl::trigger::table_of_trigger;
use crate::jobs::context::Context;
use crate::jobs::job::KeyTiming;
use crate::jobs::outcome::Need;
use crate::options::DropTable;

/// Of a table: what is added to it after its rows.
pub fn of_table(context: &Context, create: &[u8]) -> Vec<Need> {
    let mut needs: Vec<Need> =
        sequences::used(create).into_iter().map(|(database, name)| Need::Sequence(database, name)).collect();
    let Ok(split) = split(create, &context.split_options(KeyTiming::Later)) else { return needs };
    if !split.keys.is_empty() {
        needs.push(Need::LaterKeys);
    }
    if split.constraints.is_some()
        && let Ok(table) = CreateTable::parse(create, SqlDialect::default())
    {
        needs.push(Need::ForeignKeys);
        for element in table.elements {
            if let ElementKind::ForeignKey(key) = element.kind {
                needs.push(Need::Parent(key.referenced_database.as_deref().map(text), text(&key.referenced_table)));
            }
        }
    }
    needs
}

/// Of a statement of a file of views, triggers, or routines and events.
pub fn of_statement(context: &Context, kind: StatementKind, sql: &[u8], dialect: SqlDialect) -> Option<Need> {
    let name = || created(sql, dialect).map(|(_, name)| name);
    match kind {
        StatementKind::CreateView => Some(Need::View(name()?)),
        // A view's file drops the table that stands in for it, too: the name is the same.
        StatementKind::Drop { what: Dropped::View } if drops_views(context) => Some(Need::DropView(name()?)),
        StatementKind::CreateTrigger => table_of_trigger(sql).ok().map(|table| Need::Trigger(text(&table))),
        StatementKind::CreateRoutine => Some(Need::Routine),
        StatementKind::Drop { what: Dropped::Routine } => Some(Need::DropRoutine(name()?)),
        StatementKind::CreateEvent => Some(Need::Event),
        StatementKind::Set => database_collation(sql).flatten().map(Need::Collation),
        _ => None,
    }
}

/// Both servers want the privilege to drop it also if there is no such view.
fn drops_views(context: &Context) -> bool {
    !context.shared.restore.keeps_existing() && context.shared.restore.drop_table != DropTable::Fail
}
