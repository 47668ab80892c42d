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
    parties: Mutex<Vec<Arc<Mutex<Notes>>>>,
    counters: OnceLock<Arc<Counters>>,
}

/// Somebody who works, or waits. It is forgotten when this is dropped.
#[derive(Debug)]
pub struct Party {
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
    pub fn party(&self, name: impl Into<String>) -> Party {
        let notes = Notes { name: name.into(), doing: None, since: Instant::now(), connection: None };
        let notes = Arc::new(Mutex::new(notes));
        lock(&self.board.parties).push(Arc::clone(&notes));
        Party { board: Arc::clone(&self.board), notes }
    }

    /// What is counted here moves, too.
    pub fn look_at(&self, counters: &Arc<Counters>) {
        // Once is enough.
        let _ = self.board.counters.set(Arc::clone(counters));
    }

    /// Starts to watch, until all handles are dropped or the program stops. Without a time, nothing is ever told.
    pub fn start(&self, after: Option<Duration>, asks: Asks, stop: &Stop) {
        let Some(after) = after else { return };
        let (board, stop) = (Arc::downgrade(&self.board), stop.clone());
        let watch = move || watch(&board, after, &asks, &stop);
        // Without a thread nothing is told, and the work goes on. It is not waited for: it may be waiting for the server.
        if let Err(error) = std::thread::Builder::new().name("watchdog".into()).spawn(watch) {
            tracing::warn!("--stall-report: no thread could be started: {error}");
        }
    }
}

impl Party {
    /// Begins to do something.
    pub fn does(&self, what: impl Into<String>) {
        self.tells(what);
        self.goes_on();
    }

    /// Waits for something to do.
    pub fn rests(&self) {
        lock(&self.notes).doing = None;
        self.goes_on();
    }

    /// Says the same or something else about what it does; nothing has moved for that.
    pub fn tells(&self, what: impl Into<String>) {
        lock(&self.notes).doing = Some(what.into());
    }

    /// What it does has gone on.
    pub fn goes_on(&self) {
        lock(&self.notes).since = Instant::now();
        self.board.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// Its session has this number.
    pub fn has_connection(&self, id: u32) {
        lock(&self.notes).connection = Some(id);
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        lock(&self.board.parties).retain(|notes| !Arc::ptr_eq(notes, &self.notes));
    }
}

/// Whom to ask about connections.
#[derive(Clone)]
pub struct Asks {
    /// How to connect.
    pub settings: Settings,
    /// The server.
    pub server: Server,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(board: &Weak<Board>, after: Duration, asks: &Asks, stop: &Stop) {
    let (mut seen, mut since, mut next) = (None, Instant::now(), after);
    while stop.pause(LOOK_INTERVAL.min(after / 4)).is_ok() {
        let Some(board) = board.upgrade() else { return };
        let now = Some((board.moved.load(Ordering::Relaxed), board.counters.get().map(|counters| counters.totals())));
        if now != seen {
            (seen, since, next) = (now, Instant::now(), after);
        } else if since.elapsed() >= next {
            next = since.elapsed() * 2;
            let parties: Vec<Notes> = lock(&board.parties).iter().map(|notes| lock(notes).clone()).collect();
            drop(board);
            let ids: Vec<u32> = parties.iter().filter_map(|party| party.connection).collect();
            let answer = sessions::ask(asks, &ids, stop);
            if stop.is_triggered() {
                return;
            }
            let (sessions, problem) = match answer {
                Ok(sessions) => (sessions, None),
                Err(error) => (BTreeMap::new(), Some(error.to_string())),
            };
            tracing::warn!("{}", report(since.elapsed(), Instant::now(), &parties, &sessions, problem.as_deref()));
        }
    }
}

fn report(
    stalled: Duration,
    now: Instant,
    parties: &[Notes],
    sessions: &BTreeMap<u32, Session>,
    problem: Option<&str>,
) -> String {
    let mut text =
        format!("nothing has moved for {} s; this ends nothing, and may be as it should:", stalled.as_secs());
    for Notes { name, doing, since, connection } in parties {
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
        lock(&watch.board.parties).iter().map(|notes| lock(notes).clone()).collect()
    }

    #[test]
    fn a_report_names_who_waits_for_what() {
        let watch = Watch::default();
        let (first, second) = (watch.party("worker 0"), watch.party("worker 1"));
        let scheduler = watch.party("scheduler");
        first.has_connection(17);
        second.has_connection(18);
        first.does("d.t.00000.sql");
        scheduler.tells("rows; 3 jobs wait");
        let session = Session {
            command: "Query".into(),
            seconds: 61,
            state: "Waiting for table metadata lock".into(),
            statement: "INSERT INTO t".into(),
            blocked_by: vec!["session 9 (root@localhost, Sleep, 70 s) has a lock on d.t".into()],
        };
        let (start, parties) = (notes(&watch)[0].since, notes(&watch));
        let parties: Vec<Notes> = parties.into_iter().map(|notes| Notes { since: start, ..notes }).collect();
        let now = start + Duration::from_secs(61);
        assert_eq!(
            report(Duration::from_secs(60), now, &parties, &[(17, session)].into(), None),
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
        let party = watch.party("scheduler");
        let moved = || watch.board.moved.load(Ordering::Relaxed);
        let before = moved();
        party.tells("rows");
        assert_eq!(moved(), before);
        party.does("rows");
        party.goes_on();
        party.rests();
        assert_eq!(moved(), before + 3);
    }
}
