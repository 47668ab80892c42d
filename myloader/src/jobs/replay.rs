//! How far a job is whose statements are run one after the other, each of which changes something for good.
//!
//! When the connection is lost the job begins again. What is done is passed over then, and one statement is in doubt: it
//! may have been done before its answer was lost.

#[derive(Debug, Default)]
pub struct Replay {
    /// Statements that the server has answered.
    done: usize,
    /// The place of the next statement.
    at: usize,
    /// The place of the statement in doubt.
    in_doubt: Option<usize>,
    /// Whether an earlier run may have done any of them.
    all_in_doubt: bool,
}

/// What is known of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Done,
    /// It may have been done.
    InDoubt,
    /// It was never run.
    New,
}

impl Replay {
    /// For a job that an earlier run may have begun.
    pub fn of_earlier_run() -> Replay {
        Replay { all_in_doubt: true, ..Replay::default() }
    }

    /// Takes the next statement that changes more than the session. Once the server has run it,
    /// [`Replay::step_done`] must follow.
    pub fn next_step(&mut self) -> Step {
        self.at += 1;
        match self.at - 1 {
            at if at < self.done => Step::Done,
            at if self.all_in_doubt || Some(at) == self.in_doubt => Step::InDoubt,
            _ => Step::New,
        }
    }

    /// The statement is done.
    pub fn step_done(&mut self) {
        self.done = self.done.max(self.at);
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Starts over at the first statement.
    pub fn restart(&mut self) {
        self.at = 0;
        self.in_doubt = Some(self.done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_is_in_doubt_when_a_job_begins_again() {
        let mut replay = Replay::default();
        for _ in 0..2 {
            assert_eq!(replay.next_step(), Step::New);
            replay.step_done();
        }
        assert_eq!(replay.next_step(), Step::New);
        replay.restart();
        assert_eq!(
            [replay.next_step(), replay.next_step(), replay.next_step()],
            [Step::Done, Step::Done, Step::InDoubt]
        );
        replay.step_done();
        assert_eq!((replay.next_step(), replay.done()), (Step::New, 3));
    }
}
