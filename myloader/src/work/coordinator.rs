//! Between the input, the scheduler and the workers: what arrives becomes jobs, whose outcomes become further jobs.

use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile};
use common::backup::metadata::Metadata;
use common::layers::compression::Compression;
use common::observe::activity::{Activity, Watch};
use common::process::stop::Stopped;
use crossbeam_channel::{Receiver, Sender, bounded, never, select};

use crate::error::Error;
use crate::input::Input;
use crate::input::directory;
use crate::input::receiver::Event;
use crate::jobs;
use crate::jobs::context::Shared;
use crate::jobs::job::Job;
use crate::jobs::outcome::Outcome;
use crate::journal::{Record, dump_identity, table_name};
use crate::schedule::{Scheduler, Verified};
use crate::work::worker::Worker;

/// Gives jobs to workers until everything is restored, or the first error.
pub fn run(
    scheduler: Scheduler,
    input: &mut Input,
    workers: Vec<Worker>,
    watch: &Watch,
    shared: &Arc<Shared>,
) -> Result<Verified, Error> {
    let idle = workers.len();
    let (jobs, job_queue) = bounded(idle);
    let (outcomes, outcome_queue) = bounded(idle);
    let mut threads = Vec::new();
    for (number, worker) in workers.into_iter().enumerate() {
        let (jobs, outcomes) = (job_queue.clone(), outcomes.clone());
        let thread = std::thread::Builder::new().name(format!("worker {number}"));
        threads.push(thread.spawn(move || worker.run(&jobs, &outcomes)).map_err(Error::Thread)?);
    }
    drop((job_queue, outcomes));
    let activity = watch.activity("scheduler");
    let mut coordinator = Coordinator {
        scheduler,
        shared,
        jobs,
        outcomes: outcome_queue,
        idle,
        has_rows: false,
        is_compressed: false,
        activity,
    };
    let result = coordinator.run(input).map(|()| coordinator.scheduler.verified());
    coordinator.warn();
    if result.is_err() {
        shared.stop.trigger();
    }
    drop(coordinator);
    for thread in threads {
        // One that panicked has stopped everything already, and the program says so.
        let _ = thread.join();
    }
    result
}

struct Coordinator<'a> {
    scheduler: Scheduler,
    shared: &'a Shared,
    jobs: Sender<Job>,
    outcomes: Receiver<(Job, Result<Outcome, jobs::error::Error>)>,
    idle: usize,
    /// Whether the first rows were given out.
    has_rows: bool,
    /// Whether files have come that are compressed.
    is_compressed: bool,
    activity: Activity,
}

impl Coordinator<'_> {
    fn run(&mut self, input: &mut Input) -> Result<(), Error> {
        if let Input::Directory(_, dump) = input {
            // Given away: there may be very many.
            let directory::Dump { metadata, files, differences, .. } = &mut **dump;
            let metadata = std::mem::take(metadata);
            self.scheduler.incomplete(std::mem::take(differences));
            self.metadata(Metadata { config: metadata.config.clone(), ..Metadata::default() })?;
            for (file, bytes) in std::mem::take(files) {
                self.arrived(file, bytes)?;
            }
            self.scheduler.input_ended(metadata)?;
        }
        let (input, nothing) = (&*input, never());
        let (mut arrivals, max_waiting) = match input {
            Input::Directory(..) => (&nothing, u64::MAX),
            Input::Stream(source, max_waiting) => (source.events(), *max_waiting),
        };
        loop {
            self.scheduler.make_room(max_waiting)?;
            // There is room for a job of each idle worker, so this does not wait.
            while self.idle > 0
                && let Some(job) = self.scheduler.next_job()
            {
                if job.changes() {
                    self.shared.journal.begin()?;
                }
                if matches!(job, Job::Rows(..)) && !std::mem::replace(&mut self.has_rows, true) {
                    // Which tables are there is not to be found out again once there are rows in them.
                    self.shared.journal.wait()?;
                }
                self.shared.stop.send(&self.jobs, job)?;
                self.idle -= 1;
            }
            if self.scheduler.is_finished() {
                return Ok(());
            }
            // When too much waits, no more is taken from the stream, whose reader then stops reading.
            let wants_input = self.scheduler.wants_input(max_waiting);
            self.activity.begin(self.scheduler.status(wants_input));
            let wanted = if wants_input { arrivals } else { &nothing };
            select! {
                recv(wanted) -> event => match event.map_err(|_| Stopped)?? {
                    Event::Metadata(metadata) => self.metadata(metadata)?,
                    Event::Definitions(metadata) => {
                        if let Input::Stream(source, _) = input
                            && self.shared.restore.filter.is_empty()
                        {
                            source.warn_of_little_room(&metadata, self.is_compressed);
                        }
                        self.metadata(metadata)?;
                        self.scheduler.definitions_announced()?;
                    }
                    Event::File(file, bytes) => self.arrived(file, bytes)?,
                    Event::End(metadata, text) => {
                        arrivals = &nothing;
                        let (crc32c, length) = dump_identity(text.as_bytes());
                        self.shared.journal.write_and_wait(Record::Dump { crc32c, length })?;
                        if let Input::Stream(source, _) = input
                            && source.keeps_files()
                        {
                            source.write_metadata(&text)?;
                        }
                        self.scheduler.input_ended(metadata)?;
                    }
                },
                recv(self.outcomes) -> outcome => {
                    let (job, outcome) = outcome.map_err(|_| Stopped)?;
                    self.idle += 1;
                    self.done(&job, outcome?)?;
                }
                recv(self.shared.stop.closed()) -> _ => return Err(Stopped.into()),
            }
            self.warn();
            self.shared.counters.expect(self.scheduler.table_count() as u64, 0);
        }
    }

    /// Before any table is created, if the metadata is there.
    fn metadata(&mut self, metadata: Metadata) -> Result<(), Error> {
        if let Some(format) = metadata.config.format.as_ref().filter(|_| self.shared.restore.data) {
            return Err(Error::RowFormat(format.clone()));
        }
        Ok(self.scheduler.metadata(metadata)?)
    }

    fn warn(&mut self) {
        for warning in self.scheduler.take_warnings() {
            tracing::warn!("{warning}");
        }
        for rejection in self.scheduler.take_skipped() {
            tracing::error!("skipped: {rejection}");
        }
    }

    fn arrived(&mut self, file: DumpFile, bytes: u64) -> Result<(), Error> {
        self.is_compressed |= file.layers.compression != Compression::None;
        if file.content == Content::Accounts && !self.shared.restore.accounts {
            tracing::warn!("{file}: skipping the accounts of the dump (--users restores them)");
        }
        Ok(self.scheduler.arrived(file, bytes)?)
    }

    fn done(&mut self, job: &Job, outcome: Outcome) -> Result<(), Error> {
        if matches!(outcome, Outcome::TableReady { .. }) {
            self.shared.counters.add_table();
        }
        self.scheduler.done(job, outcome)?;
        for table in self.scheduler.take_complete_tables() {
            if !self.shared.journal.table(&table.name).is_some_and(|earlier| earlier.complete) {
                self.shared.journal.write(Record::Complete { table: table_name(&table.name) })?;
            }
        }
        Ok(())
    }
}
