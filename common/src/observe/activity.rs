//! The stall report (`--stall-report`): which thread is waiting for what, after a time without progress.
//!
//! Threads note on a [`Watch`] what they are doing and when it progresses; a thread of its own looks at the notes. After the
//! given time without any progress it logs a warning that names each thread, what it is doing and since when, and what the
//! server says about its session. It never ends anything, since building an index may take hours. The longer the stall, the
//! rarer the reports: the next one comes when the stall has lasted twice as long.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::observe::progress::Counters;
use crate::process::stop::Stop;
use crate::process::sync::lock;

/// The longest time between two looks at the notes.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// After how long in one thing a thread's session is looked at for locks, however fast the others proceed.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What the server says about sessions, by their numbers, or why it could not be asked.
pub type Sessions = Result<BTreeMap<u32, Session>, String>;

/// What the server says about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What it is doing, and whom it waits for.
    pub doing: String,
    /// Sessions that keep it waiting for a lock, each in words.
    pub blocked_by: Vec<String>,
}

/// The notes of all threads. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    board: Arc<Board>,
}

#[derive(Debug, Default)]
struct Board {
    moved: AtomicU64,
    /// In the order in which the threads came.
    activities: Mutex<Vec<Arc<Mutex<Notes>>>>,
    counters: OnceLock<Arc<Counters>>,
}

/// What one thread is doing. Dropping it takes the thread off the report.
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
    /// Adds a thread, under a name for the report.
    pub fn activity(&self, name: impl Into<String>) -> Activity {
        let notes = Notes { name: name.into(), doing: None, since: Instant::now(), connection: None };
        let notes = Arc::new(Mutex::new(notes));
        lock(&self.board.activities).push(Arc::clone(&notes));
        Activity { board: Arc::clone(&self.board), notes }
    }

    /// Takes these counters as progress, too. Only the first call has an effect.
    pub fn look_at(&self, counters: &Arc<Counters>) {
        let _ = self.board.counters.set(Arc::clone(counters));
    }

    /// Starts to watch, until all handles are dropped or the program stops. Without a time there are no reports.
    ///
    /// `sessions` asks the server about the sessions with these numbers.
    pub fn start(
        &self,
        after: Option<Duration>,
        sessions: impl Fn(&[u32], &Stop) -> Sessions + Send + 'static,
        stop: &Stop,
    ) {
        let Some(after) = after else { return };
        let (board, stop) = (Arc::downgrade(&self.board), stop.clone());
        let watch = move || watch(&board, after, sessions, &stop);
        // Nobody joins this thread, since it may be waiting for the server.
        if let Err(error) = std::thread::Builder::new().name("watchdog".into()).spawn(watch) {
            tracing::warn!("there will be no stall reports, since no thread could be started for them: {error}");
        }
    }
}

impl Activity {
    /// The thread begins to do this, which is progress.
    pub fn begin(&self, what: impl Into<String>) {
        self.describe(what);
        self.touch();
    }

    /// The thread waits for work, which is progress.
    pub fn idle(&self) {
        lock(&self.notes).doing = None;
        self.touch();
    }

    /// Describes what the thread is doing. This is no progress.
    pub fn describe(&self, what: impl Into<String>) {
        lock(&self.notes).doing = Some(what.into());
    }

    /// Notes progress.
    pub fn touch(&self) {
        lock(&self.notes).since = Instant::now();
        self.board.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the thread's session on the server.
    pub fn set_connection(&self, id: u32) {
        lock(&self.notes).connection = Some(id);
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        lock(&self.board.activities).retain(|notes| !Arc::ptr_eq(notes, &self.notes));
    }
}

fn watch(board: &Weak<Board>, after: Duration, sessions: impl Fn(&[u32], &Stop) -> Sessions, stop: &Stop) {
    let (mut seen, mut since, mut next) = (None, Instant::now(), after);
    let mut lock_waits = LockWaits::new(LOCK_PATIENCE.min(after / 2));
    while stop.pause(LOOK_INTERVAL.min(after / 4)).is_ok() {
        let Some(board) = board.upgrade() else { return };
        lock_waits.look(&board.notes(), &sessions, stop);
        let now = Some((board.moved.load(Ordering::Relaxed), board.counters.get().map(|counters| counters.totals())));
        if now != seen {
            (seen, since, next) = (now, Instant::now(), after);
        } else if since.elapsed() >= next {
            next = since.elapsed() * 2;
            let activities = board.notes();
            drop(board);
            let ids: Vec<u32> = activities.iter().filter_map(|activity| activity.connection).collect();
            let sessions = sessions(&ids, stop);
            if stop.is_triggered() {
                return;
            }
            tracing::warn!("{}", report(since.elapsed(), Instant::now(), &activities, &sessions));
        }
    }
}

impl Board {
    fn notes(&self) -> Vec<Notes> {
        lock(&self.activities).iter().map(|notes| lock(notes).clone()).collect()
    }
}

/// Reports threads that wait for another session's lock early: a stall report comes only when nothing else moves.
struct LockWaits {
    patience: Duration,
    /// By session: since when its thread has been doing the same, and after how long it is looked at again.
    next: BTreeMap<u32, (Instant, Duration)>,
}

impl LockWaits {
    fn new(patience: Duration) -> LockWaits {
        LockWaits { patience, next: BTreeMap::new() }
    }

    fn look(&mut self, activities: &[Notes], sessions: &impl Fn(&[u32], &Stop) -> Sessions, stop: &Stop) {
        let due = self.due(activities, Instant::now());
        if due.is_empty() {
            return;
        }
        let ids: Vec<u32> = due.iter().filter_map(|notes| notes.connection).collect();
        // Who may not ask has a stall report that says so.
        let Ok(sessions) = sessions(&ids, stop) else { return };
        for Notes { name, doing, since, connection } in due {
            let Some(session) = connection.and_then(|id| sessions.get(&id)) else { continue };
            if !session.blocked_by.is_empty() && !stop.is_triggered() {
                tracing::warn!(
                    "{name} has waited for a lock for up to {} s ({}): {}",
                    since.elapsed().as_secs(),
                    doing.as_deref().unwrap_or_default(),
                    session.blocked_by.join("; ")
                );
            }
        }
    }

    /// The threads whose sessions are to be looked at. The longer one does the same, the rarer it is.
    fn due<'a>(&mut self, activities: &'a [Notes], now: Instant) -> Vec<&'a Notes> {
        let is_due = |notes: &&Notes| {
            let (Some(id), Some(_)) = (notes.connection, &notes.doing) else { return false };
            let next = self.next.entry(id).or_insert((notes.since, self.patience));
            if next.0 != notes.since {
                *next = (notes.since, self.patience);
            }
            let waited = now.saturating_duration_since(notes.since);
            let due = waited >= next.1;
            if due {
                next.1 = waited * 2;
            }
            due
        };
        activities.iter().filter(is_due).collect()
    }
}

fn report(stalled: Duration, now: Instant, activities: &[Notes], sessions: &Sessions) -> String {
    let mut text =
        format!("no progress for {} s; the run continues, since a statement may take this long:", stalled.as_secs());
    for Notes { name, doing, since, connection } in activities {
        let seconds = now.saturating_duration_since(*since).as_secs();
        let Some(doing) = doing else {
            // What the session of an idle thread last did explains nothing.
            text.push_str(&format!("\n  {name}, for {seconds} s: idle"));
            continue;
        };
        text.push_str(&format!("\n  {name}, for {seconds} s: {doing}"));
        if let (Some(id), Ok(sessions)) = (connection, sessions) {
            let session = sessions.get(id).map_or("not on the server any more", |session| session.doing.as_str());
            text.push_str(&format!("\n    connection {id}: {session}"));
        }
    }
    if let Err(problem) = sessions {
        text.push_str(&format!("\n  the server could not be asked about its sessions: {problem}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_who_waits_for_what() {
        let watch = Watch::default();
        let (first, second) = (watch.activity("worker 0"), watch.activity("worker 1"));
        let scheduler = watch.activity("scheduler");
        first.set_connection(17);
        second.set_connection(18);
        first.begin("d.t.00000.sql");
        scheduler.describe("rows; 3 jobs wait");
        let doing = "Query, 61 s, Waiting for table metadata lock".to_owned();
        let sessions = Ok([(17, Session { doing, blocked_by: Vec::new() })].into());
        let (start, activities) = (watch.board.notes()[0].since, watch.board.notes());
        let activities: Vec<Notes> = activities.into_iter().map(|notes| Notes { since: start, ..notes }).collect();
        let now = start + Duration::from_secs(61);
        assert_eq!(
            report(Duration::from_secs(60), now, &activities, &sessions),
            "no progress for 60 s; the run continues, since a statement may take this long:\n  \
             worker 0, for 61 s: d.t.00000.sql\n    \
             connection 17: Query, 61 s, Waiting for table metadata lock\n  \
             worker 1, for 61 s: idle\n  \
             scheduler, for 61 s: rows; 3 jobs wait"
        );
        drop(second);
        let lost = Err("it is gone".to_owned());
        let text = report(Duration::from_secs(120), now, &watch.board.notes()[..1], &lost);
        let end = "d.t.00000.sql\n  the server could not be asked about its sessions: it is gone";
        assert!(text.ends_with(end), "{text}");
        assert_eq!(watch.board.notes().len(), 2);
    }

    #[test]
    fn the_longer_a_thread_does_the_same_the_rarer_its_session_is_looked_at() {
        let watch = Watch::default();
        let activity = watch.activity("worker 0");
        let without_session = watch.activity("stream");
        without_session.begin("sends");
        activity.set_connection(17);
        activity.begin("rows");
        let mut waits = LockWaits::new(Duration::from_secs(10));
        let mut due = |notes: &[Notes], seconds| {
            let now = notes[0].since + Duration::from_secs(seconds);
            !waits.due(notes, now).is_empty()
        };
        let notes = watch.board.notes();
        assert_eq!(
            [9, 10, 11, 19, 20, 39, 40].map(|at| due(&notes, at)),
            [false, true, false, false, true, false, true]
        );
        activity.begin("more rows");
        let notes = watch.board.notes();
        assert_eq!([9, 10].map(|at| due(&notes, at)), [false, true]);
        activity.idle();
        assert!(!due(&watch.board.notes(), 100));
    }

    #[test]
    fn a_description_is_no_progress() {
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
