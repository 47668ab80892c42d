//! How many jobs are under way, and of which kinds there may be no more.

use super::SchedulerSettings;
use crate::jobs::job::Job;

/// Jobs under way.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub all: usize,
    /// Those that add keys.
    keys: usize,
    /// Those that create tables.
    tables: usize,
    /// Those that create views, routines, triggers and events.
    post: usize,
}

impl Running {
    /// Whether one more of this kind may run.
    pub fn has_room(&self, job: &Job, settings: &SchedulerSettings) -> bool {
        match job {
            Job::AddKeys(..) => self.keys < settings.max_threads_for_keys,
            Job::CreateTable(..) => self.tables < settings.max_threads_for_tables,
            Job::View(..) | Job::Routines(..) | Job::Triggers(..) | Job::Events(..) => {
                self.post < settings.max_threads_for_post
            }
            _ => true,
        }
    }

    pub fn begin(&mut self, job: &Job) {
        self.all += 1;
        if let Some(kind) = self.of_kind(job) {
            *kind += 1;
        }
    }

    pub fn end(&mut self, job: &Job) {
        self.all -= 1;
        if let Some(kind) = self.of_kind(job) {
            *kind -= 1;
        }
    }

    fn of_kind(&mut self, job: &Job) -> Option<&mut usize> {
        match job {
            Job::AddKeys(..) => Some(&mut self.keys),
            Job::CreateTable(..) => Some(&mut self.tables),
            Job::View(..) | Job::Routines(..) | Job::Triggers(..) | Job::Events(..) => Some(&mut self.post),
            _ => None,
        }
    }
}
