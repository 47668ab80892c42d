//! Tells who waits for what, when nothing has moved for a while.
//!
//! Threads note on a [`Watch`] what they do and what moves; a thread of its own looks at it. When nothing has moved for the
//! time of `--stall-report`, a warning names each party, what it does and since when, and what the server says of its
//! connection. It ends nothing, since a stall need not be one: building an index may take hours. So it is told less and less
//! often: each time when the stall has become twice as long.

mod sessions;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::observe::progress::Counters;
use crate::process::stop::Stop;
use crate::server::Server;
use crate::server::connection::Settings;

use sessions::Session;

/// How often it is looked whether something has moved, at the most.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// What the parties note; cloning it gives another handle to the same notes.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    board: Arc<Board>,
}

#[derive(Debug, Default)]
struct Board {
    moved: AtomicU64,
    /// In the order in which they came.
    activities: Mutex<Vec<Arc<Mutex<Notes>>>>,
    counters: OnceLock<Arc<Counters>>,
}

/// Somebody who works, or waits. It is forgotten when this is dropped.
#[derive(Debug)]
pub struct Activity {
    board: Arc<Board>,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Debug, Clone)]
struct Notes {
    name: String,
    doing: Option<String>,
    since: Instant,
    connection: Option<u32>,
}

impl Watch {
    /// Somebody else to watch.
    pub fn activity(&self, name: impl Into<String>) -> Activity {
        let notes = Notes { name: name.into(), doing: None, since: Instant::now(), connection: None };
        let notes = Arc::new(Mutex::new(notes));
        lock(&self.board.activities).push(Arc::clone(&notes));
        Activity { board: Arc::clone(&self.board), notes }
    }

    /// What is counted here moves, too.
    pub fn look_at(&self, counters: &Arc<Counters>) {
        // Once is enough.
        let _ = self.board.counters.set(Arc::clone(counters));
    }

    /// Starts to watch, until all handles are dropped or the program stops. Without a time, nothing is ever told.
    pub fn start(&self, after: Option<Duration>, probe: SessionProbe, stop: &Stop) {
        let Some(after) = after else { return };
        let (board, stop) = (Arc::downgrade(&self.board), stop.clone());
        let watch = move || watch(&board, after, &probe, &stop);
        // Without a thread nothing is told, and the work goes on. It is not waited for: it may be waiting for the server.
        if let Err(error) = std::thread::Builder::new().name("watchdog".into()).spawn(watch) {
            tracing::warn!("--stall-report: no thread could be started: {error}");
        }
    }
}

impl Activity {
    /// Begins to do something.
    pub fn begin(&self, what: impl Into<String>) {
        self.describe(what);
        self.touch();
    }

    /// Waits for something to do.
    pub fn idle(&self) {
        lock(&self.notes).doing = None;
        self.touch();
    }

    /// Says the same or something else about what it does; nothing has moved for that.
    pub fn describe(&self, what: impl Into<String>) {
        lock(&self.notes).doing = Some(what.into());
    }

    /// What it does has gone on.
    pub fn touch(&self) {
        lock(&self.notes).since = Instant::now();
        self.board.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// Its session has this number.
    pub fn set_connection(&self, id: u32) {
        lock(&self.notes).connection = Some(id);
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        lock(&self.board.activities).retain(|notes| !Arc::ptr_eq(notes, &self.notes));
    }
}

/// Whom to ask about connections.
#[derive(Clone)]
pub struct SessionProbe {
    /// How to connect.
    pub settings: Settings,
    /// The server.
    pub server: Server,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(board: &Weak<Board>, after: Duration, probe: &SessionProbe, stop: &Stop) {
    let (mut seen, mut since, mut next) = (None, Instant::now(), after);
    while stop.pause(LOOK_INTERVAL.min(after / 4)).is_ok() {
        let Some(board) = board.upgrade() else { return };
        let now = Some((board.moved.load(Ordering::Relaxed), board.counters.get().map(|counters| counters.totals())));
        if now != seen {
            (seen, since, next) = (now, Instant::now(), after);
        } else if since.elapsed() >= next {
            next = since.elapsed() * 2;
            let activities: Vec<Notes> = lock(&board.activities).iter().map(|notes| lock(notes).clone()).collect();
            drop(board);
            let ids: Vec<u32> = activities.iter().filter_map(|activity| activity.connection).collect();
            let answer = sessions::ask(probe, &ids, stop);
            if stop.is_triggered() {
                return;
            }
            let (sessions, problem) = match answer {
                Ok(sessions) => (sessions, None),
                Err(error) => (BTreeMap::new(), Some(error.to_string())),
            };
            tracing::warn!("{}", report(since.elapsed(), Instant::now(), &activities, &sessions, problem.as_deref()));
        }
    }
}

fn report(
    stalled: Duration,
    now: Instant,
    activities: &[Notes],
    sessions: &BTreeMap<u32, Session>,
    problem: Option<&str>,
) -> String {
    let mut text =
        format!("nothing has moved for {} s; this ends nothing, and may be as it should:", stalled.as_secs());
    for Notes { name, doing, since, connection } in activities {
        let seconds = now.saturating_duration_since(*since).as_secs();
        match doing {
            Some(doing) => text.push_str(&format!("\n  {name}, for {seconds} s: {doing}")),
            None => text.push_str(&format!("\n  {name}, for {seconds} s: has nothing to do")),
        }
        // Of who has nothing to do, the session tells nothing.
        if let (Some(id), Some(_)) = (connection, doing) {
            match sessions.get(id) {
                Some(session) => text.push_str(&format!("\n    connection {id}: {session}")),
                None if problem.is_none() => {
                    text.push_str(&format!("\n    connection {id}: the server does not have it"))
                }
                None => {}
            }
        }
    }
    if let Some(problem) = problem {
        text.push_str(&format!("\n  the server cannot be asked: {problem}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(watch: &Watch) -> Vec<Notes> {
        lock(&watch.board.activities).iter().map(|notes| lock(notes).clone()).collect()
    }

    #[test]
    fn a_report_names_who_waits_for_what() {
        let watch = Watch::default();
        let (first, second) = (watch.activity("worker 0"), watch.activity("worker 1"));
        let scheduler = watch.activity("scheduler");
        first.set_connection(17);
        second.set_connection(18);
        first.begin("d.t.00000.sql");
        scheduler.describe("rows; 3 jobs wait");
        let session = Session {
            command: "Query".into(),
            seconds: 61,
            state: "Waiting for table metadata lock".into(),
            statement: "INSERT INTO t".into(),
            blocked_by: vec!["session 9 (root@localhost, Sleep, 70 s) has a lock on d.t".into()],
        };
        let (start, activities) = (notes(&watch)[0].since, notes(&watch));
        let activities: Vec<Notes> = activities.into_iter().map(|notes| Notes { since: start, ..notes }).collect();
        let now = start + Duration::from_secs(61);
        assert_eq!(
            report(Duration::from_secs(60), now, &activities, &[(17, session)].into(), None),
            "nothing has moved for 60 s; this ends nothing, and may be as it should:\n  \
             worker 0, for 61 s: d.t.00000.sql\n    \
             connection 17: Query, 61 s, Waiting for table metadata lock: INSERT INTO t; session 9 (root@localhost, Sleep, \
             70 s) has a lock on d.t\n  \
             worker 1, for 61 s: has nothing to do\n  \
             scheduler, for 61 s: rows; 3 jobs wait"
        );
        drop(second);
        let text = report(Duration::from_secs(120), now, &notes(&watch)[..1], &BTreeMap::new(), Some("it is gone"));
        assert!(text.ends_with("d.t.00000.sql\n  the server cannot be asked: it is gone"), "{text}");
        assert_eq!(notes(&watch).len(), 2);
    }

    #[test]
    fn what_is_told_does_not_move() {
        let watch = Watch::default();
        let activity = watch.activity("scheduler");
        let moved = || watch.board.moved.load(Ordering::Relaxed);
        let before = moved();
        activity.describe("rows");
        assert_eq!(moved(), before);
        activity.begin("rows");
        activity.touch();
        activity.idle();
        assert_eq!(moved(), before + 3);
    }
}
