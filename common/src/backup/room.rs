//! Whether a disk has room for a dump, as far as estimates tell.

use crate::observe::wording::bytes;

/// About how much shorter compressed rows are.
const COMPRESSED: u64 = 4;

/// A warning, if a place has less room than the rows will take that are so many bytes on the server.
pub fn warning(place: &str, free: Option<u64>, on_server: u64, is_compressed: bool) -> Option<String> {
    let (free, needed) = (free?, if is_compressed { on_server / COMPRESSED } else { on_server });
    (free < needed).then(|| {
        let compressed = if is_compressed { " compressed" } else { "" };
        format!(
            "{place} has {} free, and the rows will take about {}{compressed}: the disk may become full",
            bytes(free),
            bytes(needed)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_too_little_room_is_told() {
        assert_eq!(warning("d", None, 1 << 40, false), None);
        assert_eq!(warning("d", Some(100), 100, false), None);
        assert_eq!(warning("d", Some(100), 403, true), None);
        let told = |compressed| warning("d", Some(1 << 20), 1 << 30, compressed).unwrap();
        assert_eq!(told(false), "d has 1.0 MiB free, and the rows will take about 1.0 GiB: the disk may become full");
        assert!(told(true).contains("about 256.0 MiB compressed"), "{}", told(true));
    }
}
