//! The one source of chance: a seed gives the same case on every machine and in every year.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Random numbers of one stream of a seed. Streams are independent, so that a draw more in one part of a case leaves
/// the others as they are.
///
/// The generator's bytes are fixed by its definition (ChaCha with 8 rounds); ranges and choices are made of them here,
/// and not by a library whose next version might make them in another way.
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream `stream` of the seed.
    pub fn new(seed: u64, stream: u64) -> Random {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Random(generator)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number from `first` to `last`, both included.
    pub fn range(&mut self, first: i128, last: i128) -> i128 {
        let values = (last - first + 1) as u128;
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        first + (wide % values) as i128
    }

    /// A number from `first` to `last`, both included.
    pub fn size(&mut self, first: u32, last: u32) -> u32 {
        self.range(first.into(), last.into()) as u32
    }

    /// True in so many of 100 cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// One of them, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, from: &[(usize, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in from {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        from[0].1
    }
}

#[test]
fn a_seed_gives_the_same_numbers_for_ever() {
    let mut random = Random::new(7, 1);
    let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
    assert_eq!(numbers, [17_236_010_905_523_606_670, 5_195_008_117_022_965_769, 17_764_640_449_397_211_813]);
}
