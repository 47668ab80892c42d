//! Keeps one copy of each word that a catalog repeats, such as types, engines and names of columns.

use std::collections::HashSet;
use std::sync::Arc;

/// The words so far.
#[derive(Debug, Default)]
pub struct Words(HashSet<Arc<str>>);

impl Words {
    /// The one copy of a word.
    pub fn share(&mut self, word: &str) -> Arc<str> {
        match self.0.get(word) {
            Some(known) => Arc::clone(known),
            None => {
                let word: Arc<str> = word.into();
                self.0.insert(Arc::clone(&word));
                word
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_are_one() {
        let mut words = Words::default();
        let (a, b, c) = (words.share("int"), words.share("text"), words.share("int"));
        assert!(Arc::ptr_eq(&a, &c) && !Arc::ptr_eq(&a, &b));
        assert_eq!((&*a, &*b), ("int", "text"));
    }
}
