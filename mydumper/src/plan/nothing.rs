//! Whether there is anything to dump. A dump of nothing is hardly ever meant: a name is wrong, or a privilege is missing.

use common::backup::selection::Filter;
use common::observe::wording::count;
use common::process::exit::{Exit, Failure};
use common::server::Server;

use super::Plan;
use super::task::Task;
use crate::catalog::Catalog;
use crate::catalog::selection::Objects;

/// There is nothing to dump.
#[derive(Debug, thiserror::Error)]
#[error("nothing to dump: {0}; check the filters and the user's privileges, or allow it with --allow-empty")]
pub struct NothingToDump(String);

impl Failure for NothingToDump {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// How many databases a message names.
const NAMED: usize = 5;

/// Whether a plan dumps anything: of a database, or, if neither definitions nor rows are asked for, of the server. A
/// database without objects counts if it was named and no filter leaves out what it has.
pub fn check(
    plan: &Plan,
    catalog: &Catalog,
    (objects, filter): (Objects, &Filter),
    server: &Server,
) -> Result<(), NothingToDump> {
    let of_server_alone = !objects.schemas && !objects.data;
    let counts = |task: &Task| match task {
        Task::Accounts => of_server_alone,
        Task::Tablespaces => of_server_alone && !server.is_mariadb(),
        Task::Database(database) => filter.has_database(&database.name) && filter.tables.is_empty() && !database.is_cut,
        _ => true,
    };
    let mut tasks = plan.tablespaces.iter().chain(&plan.definitions_before_rows).chain(&plan.definitions_after_rows);
    if plan.tables_with_rows().next().is_some() || tasks.any(counts) {
        return Ok(());
    }
    Err(NothingToDump(why(catalog, filter)))
}

fn why(catalog: &Catalog, filter: &Filter) -> String {
    let names: Vec<String> =
        catalog.databases.iter().map(|database| database.name.escape_debug().to_string()).collect();
    match (names.len(), catalog.seen) {
        (0, 0) => "the user sees no databases but the server's own".to_owned(),
        (0, seen) => {
            let system = match filter.regex {
                Some(_) if filter.databases.is_empty() => {
                    "; of the server's own, like mysql, only what --database, --tables-list or the text of --regex names"
                }
                _ => "",
            };
            format!("the user sees {}, with nothing that passes the filters{system}", count(seen as u64, "database"))
        }
        (1..=NAMED, _) => format!("the user sees nothing that the options ask for in {}", names.join(", ")),
        (many, _) => {
            format!("the user sees nothing that the options ask for in {}", count(many as u64, "database"))
        }
    }
}
