//! A worker: one thread, one connection, one job at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

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
        while let Ok(Some(job)) = stop.receive(jobs) {
            self.context.activity.begin(job.object());
            let outcome = self.do_whole_job(&job).or_else(|error| self.skip_whole_job(&job, error));
            let outcome = outcome.map(|outcome| self.with_skipped(outcome));
            self.context.activity.idle();
            if stop.send(outcomes, (job, outcome)).is_err() {
                return;
            }
        }
        let session = &mut self.context.session;
        if session.connection_id() == first && session.unchanged().execute("DO 0").is_ok() {
            self.context.shared.session_survived.store(true, Ordering::Relaxed);
        }
    }

    /// Does a job, and goes on with it where the connection was lost. Rows see to that themselves.
    fn do_whole_job(&mut self, job: &Job) -> Result<Outcome, Error> {
        let context = &mut self.context;
        let name = job.journal_name();
        if name.as_ref().is_some_and(|name| context.shared.journal.is_done(name)) {
            tracing::info!("{job}: an earlier run has done it");
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

    /// What a job has come to, with the objects of its file that were left out.
    fn with_skipped(&mut self, outcome: Outcome) -> Outcome {
        let skipped = std::mem::take(&mut self.context.skipped);
        match outcome {
            Outcome::Done if !skipped.is_empty() => Outcome::Rejected(skipped),
            outcome => outcome,
        }
    }
}
