//! Which job is next.

use std::sync::Arc;

use super::Scheduler;
use super::stage::Stage;
use super::table_state::TableStage;
use crate::jobs::job::Job;

impl Scheduler {
    /// The next job, if there is one that can be done now.
    pub fn next_job(&mut self) -> Option<Job> {
        let job = self.take_job()?;
        self.running.begin(&job);
        Some(job)
    }

    /// Where the next job is, if there is one that can be done now.
    pub(super) fn next_place(&self) -> Option<Place> {
        // Adding a foreign key locks the parent table's definition too: two at a time may deadlock (seen on MySQL 9.7).
        if self.stage == Stage::Constraints && self.running.all > 0 {
            return None;
        }
        // One that has to wait for others of its kind keeps those behind it waiting: these are of its kind, too.
        if self.ready.front().is_some_and(|job| self.running.has_room(job, &self.settings)) {
            return Some(Place::Ready);
        }
        if self.stage == Stage::Verification {
            return (!self.verification.is_idle()).then_some(Place::Verification);
        }
        if self.stage < Stage::Rows {
            return None;
        }
        // Keys before rows: building them takes the server long, and overlaps with loading other tables.
        if self.keys.front().is_some_and(|job| self.running.has_room(job, &self.settings)) {
            return Some(Place::Keys);
        }
        let limit = self.settings.max_threads_per_table;
        let may_load = |table| self.tables.get(table).is_some_and(|state| state.may_load(limit, self.input_ended));
        self.loading.iter().position(may_load).map(Place::Rows)
    }

    fn take_job(&mut self) -> Option<Job> {
        match self.next_place()? {
            Place::Ready => self.ready.pop_front(),
            Place::Keys => self.keys.pop_front(),
            Place::Verification => self.verification.next(),
            Place::Rows(place) => {
                let table = self.loading.get(place)?.clone();
                let state = self.tables.get_mut(&table)?;
                let TableStage::Loading(target) = &state.stage else { return None };
                let target = Arc::clone(target);
                let (rows, file, bytes) = state.take_rows(&table)?;
                self.waiting_bytes -= bytes;
                if !state.has_rows_waiting() {
                    state.offered = false;
                    self.loading.remove(place);
                }
                Some(Job::Rows(target, rows, file))
            }
        }
    }
}

/// Where a job is taken from.
pub(super) enum Place {
    /// What anyone may take.
    Ready,
    Keys,
    Verification,
    /// The table at this place of those that have files to load.
    Rows(usize),
}
