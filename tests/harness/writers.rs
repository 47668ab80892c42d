//! Threads that write to a server until they are stopped, and that a test can count on having written.
//!
//! A test never hopes that they did something meanwhile: it waits until each has committed so and so often.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// Far longer than any commit takes on a slow machine: what blocks writers for so long is a failure.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// One unit of work, committed when the call returns.
pub type Work = Box<dyn FnMut() + Send>;

/// Writers at work. Dropping them stops them.
pub struct Writers {
    watch: Watch,
    threads: Vec<JoinHandle<()>>,
}

/// What the writers have done so far, for whoever waits for them.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// How often each writer has committed.
    committed: Vec<u64>,
    /// How many have begun something that is not committed yet.
    busy: usize,
    paused: bool,
    stopping: bool,
    /// A writer panicked.
    failed: bool,
}

impl Writers {
    /// Starts a thread for each.
    pub fn start(works: Vec<Work>) -> Writers {
        let committed = vec![0; works.len()];
        let state = State { committed, busy: 0, paused: false, stopping: false, failed: false };
        let watch = Watch(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }));
        let start = |(index, work)| {
            let watch = watch.clone();
            std::thread::spawn(move || watch.run(index, work))
        };
        let threads = works.into_iter().enumerate().map(start).collect();
        Writers { watch, threads }
    }

    /// What others may know of them.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Lets each end what it has begun, and returns how often each has committed. Panics as a writer did.
    pub fn stop(mut self) -> Vec<u64> {
        self.watch.change(|state| state.stopping = true);
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        self.watch.committed()
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.watch.change(|state| state.stopping = true);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Watch {
    /// How often each writer has committed. One more commit of each can have happened that it has not counted yet.
    pub fn committed(&self) -> Vec<u64> {
        self.state().committed.clone()
    }

    /// Waits until every writer has committed `count` times more than now.
    #[track_caller]
    pub fn wait_for_more(&self, count: u64) {
        self.wait_for_more_of(usize::MAX, count);
    }

    /// The same of the first few writers.
    #[track_caller]
    pub fn wait_for_more_of(&self, writers: usize, count: u64) {
        let wanted: Vec<u64> = self.committed().iter().take(writers).map(|committed| committed + count).collect();
        let behind = |state: &mut State| {
            !state.failed && state.committed.iter().zip(&wanted).any(|(committed, wanted)| committed < wanted)
        };
        let (state, waited) = self.0.changed.wait_timeout_while(self.state(), TIME_LIMIT, behind).unwrap();
        let (failed, committed) = (state.failed, state.committed.clone());
        // Not locked any more, so that writers can end when this panics.
        drop(state);
        assert!(!failed, "a writer failed");
        assert!(!waited.timed_out(), "the writers are blocked: {committed:?} commits, wanted {wanted:?}");
    }

    /// Lets no writer begin anything until [`Watch::resume`], and waits for what they have begun.
    pub fn pause(&self) {
        self.change(|state| state.paused = true);
        drop(self.0.changed.wait_while(self.state(), |state| state.busy > 0 && !state.failed).unwrap());
    }

    /// Lets them go on.
    pub fn resume(&self) {
        self.change(|state| state.paused = false);
    }

    fn run(&self, index: usize, mut work: Work) {
        let _alarm = Alarm(self);
        loop {
            let mut state = self.0.changed.wait_while(self.state(), |state| state.paused && !state.stopping).unwrap();
            if state.stopping {
                return;
            }
            state.busy += 1;
            drop(state);
            work();
            self.change(|state| {
                state.committed[index] += 1;
                state.busy -= 1;
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.changed.notify_all();
    }
}

/// Wakes those who would wait in vain for a writer that panicked.
struct Alarm<'a>(&'a Watch);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.change(|state| state.failed = true);
        }
    }
}
