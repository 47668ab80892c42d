//! Reading a file that has to be as it was stored.

use std::io::{self, Read};

use super::{OpenFile, Stored};

/// A file is not as it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Changed {
    /// Its length differs.
    #[error("it has {found} bytes, but {stored} were dumped")]
    Length {
        /// Bytes that it has.
        found: u64,
        /// Bytes that were stored.
        stored: u64,
    },
    /// Its bytes differ.
    #[error("its bytes have changed since it was dumped")]
    Bytes,
}

impl Changed {
    /// What an error of reading says of a change, if that is what it says.
    pub fn of(error: &io::Error) -> Option<Changed> {
        error.get_ref().and_then(|inner| inner.downcast_ref::<Changed>()).copied()
    }
}

impl From<Changed> for io::Error {
    fn from(changed: Changed) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, changed)
    }
}

/// What becomes of a change: an error, or nothing if the file is wanted as it is.
pub type OnChange = Box<dyn FnMut(Changed) -> io::Result<()> + Send>;

/// Gives out a file's bytes. If one of all has changed, that is an error before the last block of them is given out: so
/// nobody who reads to the end takes a changed file for a whole one.
pub struct VerifiedReader {
    file: OpenFile,
    stored: Stored,
    seen: Stored,
    /// `None` once it was called.
    on_change: Option<OnChange>,
}

impl VerifiedReader {
    /// Reads a file from its beginning.
    ///
    /// # Errors
    /// What `on_change` makes of a length that has changed.
    pub fn new(file: OpenFile, stored: Stored, on_change: OnChange) -> io::Result<VerifiedReader> {
        let found = file.bytes;
        let mut reader = VerifiedReader { file, stored, seen: Stored::default(), on_change: Some(on_change) };
        if found != stored.bytes {
            reader.changed(Changed::Length { found, stored: stored.bytes })?;
        }
        Ok(reader)
    }

    fn changed(&mut self, changed: Changed) -> io::Result<()> {
        self.on_change.take().map_or(Ok(()), |mut on_change| on_change(changed))
    }
}

impl Read for VerifiedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.file.read(buffer)?;
        self.seen.add(&buffer[..read]);
        let is_at_end = read == 0 || self.seen.bytes >= self.stored.bytes;
        if is_at_end && self.seen != self.stored {
            let (found, stored) = (self.seen.bytes, self.stored.bytes);
            self.changed(if found == stored { Changed::Bytes } else { Changed::Length { found, stored } })?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8], opened: u64, stored: &[u8]) -> Result<Vec<u8>, (usize, io::Error)> {
        let mut expected = Stored::default();
        expected.add(stored);
        let file = OpenFile { bytes: opened, content: Box::new(io::Cursor::new(content.to_vec())) };
        let on_change: OnChange = Box::new(|changed| Err(changed.into()));
        let mut reader = VerifiedReader::new(file, expected, on_change).map_err(|error| (0, error))?;
        let (mut all, mut block) = (Vec::new(), [0; 8]);
        loop {
            match reader.read(&mut block) {
                Ok(0) => return Ok(all),
                Ok(read) => all.extend_from_slice(&block[..read]),
                Err(error) => return Err((all.len(), error)),
            }
        }
    }

    #[test]
    fn the_last_block_of_a_changed_file_is_not_given_out() {
        let content: Vec<u8> = (0..=99).collect();
        for length in [0, 1, 7, 8, 9, 16, 100] {
            let content = &content[..length];
            assert_eq!(read(content, length as u64, content).unwrap(), content);
            for place in 0..length {
                let mut changed = content.to_vec();
                changed[place] ^= 0x40;
                let (given_out, error) = read(&changed, length as u64, content).unwrap_err();
                assert!(given_out < length, "{length} {place}");
                assert_eq!(Changed::of(&error), Some(Changed::Bytes), "{length} {place}");
            }
        }
    }

    #[test]
    fn a_length_that_differs_is_seen_at_once_or_at_the_end() {
        let content: Vec<u8> = (0..=99).collect();
        let changed = |found| Some(Changed::Length { found, stored: 100 });
        let (given_out, error) = read(&content[..99], 99, &content).unwrap_err();
        assert_eq!((given_out, Changed::of(&error)), (0, changed(99)));
        // Somebody cuts it while it is read, or appends to it.
        let (_, error) = read(&content[..50], 100, &content).unwrap_err();
        assert_eq!(Changed::of(&error), changed(50));
        let longer = [&content[..], b"more"].concat();
        let (_, error) = read(&longer, 100, &content).unwrap_err();
        assert_eq!(Changed::of(&error), changed(104));
        assert_eq!(Changed::of(&io::Error::other("else")), None);
    }

    #[test]
    fn a_file_that_is_wanted_as_it_is_is_given_out_and_told_once() {
        for (content, told) in [(&b"changed"[..], Changed::Bytes), (b"cut", Changed::Length { found: 3, stored: 7 })] {
            let (sender, changes) = std::sync::mpsc::channel();
            let mut stored = Stored::default();
            stored.add(b"written");
            let file = OpenFile { bytes: content.len() as u64, content: Box::new(content) };
            let on_change: OnChange = Box::new(move |changed| {
                sender.send(changed).unwrap();
                Ok(())
            });
            let mut read = Vec::new();
            VerifiedReader::new(file, stored, on_change).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!((read.as_slice(), changes.iter().collect::<Vec<_>>()), (content, vec![told]));
        }
    }
}
