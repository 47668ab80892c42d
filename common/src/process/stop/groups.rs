//! How the stop reaches commands: each runs in a process group of its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::process::sync::lock;

/// How long a command may take to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// The groups that run.
#[derive(Default)]
pub(super) struct Groups(Mutex<BTreeSet<Pid>>);

impl Groups {
    pub(super) fn watch(groups: &Arc<Groups>, group: Pid) -> EndedOnTrigger {
        lock(&groups.0).insert(group);
        EndedOnTrigger { groups: Arc::clone(groups), group }
    }

    /// Asks all to end, and kills those that have not after a while.
    pub(super) fn end_all(groups: &Arc<Groups>) {
        if !groups.signal_all(Signal::SIGTERM) {
            return;
        }
        let groups = Arc::clone(groups);
        // Should this thread not start, the program's own grace is the bound.
        let _ = std::thread::Builder::new().name("commands' grace".into()).spawn(move || {
            std::thread::sleep(GRACE);
            groups.kill_all();
        });
    }

    pub(super) fn kill_all(&self) {
        self.signal_all(Signal::SIGKILL);
    }

    /// Whether there was any.
    fn signal_all(&self, signal: Signal) -> bool {
        let groups = lock(&self.0);
        for group in &*groups {
            // It fails for a group that has ended meanwhile.
            let _ = killpg(*group, signal);
        }
        !groups.is_empty()
    }
}

/// The watch over a command; dropping it ends the watch. That has to be before the command is waited for: afterwards its
/// number may be another's.
pub struct EndedOnTrigger {
    groups: Arc<Groups>,
    group: Pid,
}

impl EndedOnTrigger {
    /// Kills the command now.
    pub fn kill(&self) {
        let _ = killpg(self.group, Signal::SIGKILL);
    }
}

impl Drop for EndedOnTrigger {
    fn drop(&mut self) {
        lock(&self.groups.0).remove(&self.group);
    }
}
