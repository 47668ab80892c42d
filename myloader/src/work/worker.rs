//! A worker: one thread, one connection, one job at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use common::observe::wording::{bytes, count, seconds};
use common::process::stop::StopOnPanic;
use crossbeam_channel::{Receiver, Sender};

use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::jobs::outcome::Outcome;
use crate::jobs::replay::Replay;
use crate::journal::Record;
use crate::work::dispatch::{Caches, dispatch};

pub struct Worker {
    pub context: Context,
    pub caches: Arc<Caches>,
}

impl Worker {
    /// Does jobs until there are no more.
    pub fn run(mut self, jobs: &Receiver<Job>, outcomes: &Sender<(Job, Result<Outcome, Error>)>) {
        let stop = self.context.shared.stop.clone();
        let _guard = StopOnPanic(stop.clone());
        let first = self.context.session.connection_id();
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("worker");
        while let Ok(Some(job)) = stop.receive(jobs) {
            self.context.activity.begin(job.object());
            self.context.counters.take_bytes();
            let started = Instant::now();
            let outcome = self.do_whole_job(&job).or_else(|error| self.skip_whole_job(&job, error));
            let outcome = outcome.map(|outcome| self.with_skipped(outcome));
            self.context.activity.idle();
            if let Some(report) = outcome.as_ref().ok().and_then(|outcome| self.report(&job, outcome)) {
                tracing::info!("{name}: {report} in {}", seconds(started.elapsed()));
            }
            if stop.send(outcomes, (job, outcome)).is_err() {
                return;
            }
        }
        let session = &mut self.context.session;
        if session.connection_id() == first && session.unchanged().execute("DO 0").is_ok() {
            self.context.shared.session_survived.store(true, Ordering::Relaxed);
        }
    }

    /// What was done, as a sentence; of what was not, other messages tell.
    fn report(&self, job: &Job, outcome: &Outcome) -> Option<String> {
        match (job, outcome) {
            (Job::Rows(..), Outcome::RowsLoaded(rows) | Outcome::RowsSkipped { loaded: rows, .. }) => {
                let bytes = bytes(self.context.counters.take_bytes());
                Some(format!("{}, {}, {bytes}", job.report(), count(*rows, "row")))
            }
            (Job::CreateTable(..), Outcome::TableReady { target, kept: true, .. }) => {
                Some(format!("found table {}, which stays,", target.name))
            }
            (_, Outcome::TableSkipped | Outcome::DatabaseSkipped | Outcome::Rejected(_) | Outcome::Postponed(_)) => {
                None
            }
            _ => Some(job.report()),
        }
    }

    /// Does a job, and replays it after a lost connection. Loading rows has a retry of its own.
    fn do_whole_job(&mut self, job: &Job) -> Result<Outcome, Error> {
        let context = &mut self.context;
        let name = job.journal_name();
        if name.as_ref().is_some_and(|name| context.shared.journal.is_done(name)) {
            tracing::info!("{job}: done by an earlier run");
            return Ok(Outcome::Done);
        }
        context.replay = if context.shared.journal.resumes() { Replay::of_earlier_run() } else { Replay::default() };
        let mut attempts = 0;
        loop {
            let before = context.replay.done();
            let error = match dispatch(context, &self.caches, job) {
                Err(error) if error.is_lost_connection() && !matches!(job, Job::Rows(..)) => error,
                Ok(Outcome::Done) if context.skipped.is_empty() => {
                    name.map_or(Ok(()), |job| context.shared.journal.write(Record::Done { job }))?;
                    return Ok(Outcome::Done);
                }
                result => return result,
            };
            if context.replay.done() > before {
                attempts = 0;
            }
            attempts += 1;
            if attempts > context.shared.restore.retry_count {
                return Err(error);
            }
            context.reconnect(error)?;
            context.replay.restart();
        }
    }

    fn skip_whole_job(&mut self, job: &Job, error: Error) -> Result<Outcome, Error> {
        self.context.skip(job.object(), error)?;
        Ok(Outcome::Done)
    }

    /// The outcome of a job, with the objects of its file that were skipped.
    fn with_skipped(&mut self, outcome: Outcome) -> Outcome {
        let skipped = std::mem::take(&mut self.context.skipped);
        match outcome {
            Outcome::Done if !skipped.is_empty() => Outcome::Rejected(skipped),
            outcome => outcome,
        }
    }
}
