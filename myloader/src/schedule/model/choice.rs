//! Who decides what comes next: chance, or one after the other everything that may.

/// Chooses among what may come next.
pub enum Chooser {
    /// By numbers that a seed makes.
    Chance(u64),
    /// Each of all choices once, over the runs between which [`Chooser::next_run`] is called.
    Each {
        /// The choices of this run: which of how many.
        path: Vec<(usize, usize)>,
        /// How many of them were taken.
        taken: usize,
    },
}

impl Chooser {
    /// For a run of all.
    pub fn each() -> Chooser {
        Chooser::Each { path: Vec::new(), taken: 0 }
    }

    /// One of `among` numbers, from 0.
    pub fn choose(&mut self, among: usize) -> usize {
        if among < 2 {
            return 0;
        }
        match self {
            Chooser::Chance(state) => (next(state) % among as u64) as usize,
            Chooser::Each { path, taken } => {
                if *taken == path.len() {
                    path.push((0, among));
                }
                *taken += 1;
                path[*taken - 1].0
            }
        }
    }

    /// Whether to do what happens in so many of a hundred cases.
    pub fn happens(&mut self, percent: u64) -> bool {
        match self {
            Chooser::Chance(state) => next(state) % 100 < percent,
            Chooser::Each { .. } => self.choose(2) == 1,
        }
    }

    /// Brings into any order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.choose(last + 1);
            values.swap(last, other);
        }
    }

    /// Whether all that comes now was not seen in an earlier run.
    pub fn is_new(&self) -> bool {
        match self {
            Chooser::Chance(_) => false,
            Chooser::Each { path, taken } => *taken == path.len(),
        }
    }

    /// Makes another choice than in all runs so far. False if there is none.
    pub fn next_run(&mut self) -> bool {
        let Chooser::Each { path, taken } = self else { return true };
        *taken = 0;
        while let Some((chosen, among)) = path.pop() {
            if chosen + 1 < among {
                path.push((chosen + 1, among));
                return true;
            }
        }
        false
    }
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
