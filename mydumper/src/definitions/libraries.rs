//! Libraries that a routine of MySQL uses.
//!
//! SHOW CREATE qualifies each with its database, even those in the routine's own. A copy restored under another name would
//! use the libraries of the original. Unqualified names refer to the routine's own database.

use std::borrow::Cow;

use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;

/// The definition, with the libraries of its own database unqualified.
pub fn unqualified<'a>(create: &'a [u8], database: &str) -> Cow<'a, [u8]> {
    let mut cursor = Cursor::new(create, SqlDialect::default());
    let mut kept = Vec::new();
    let mut copied = 0;
    if past_using(&mut cursor).is_none() {
        return Cow::Borrowed(create);
    }
    while let Some(token) = cursor.take() {
        let own = token.identifier().is_some_and(|name| name == database.as_bytes());
        if own && cursor.at_punctuation(b'.') {
            cursor.take();
            kept.extend_from_slice(&create[copied..token.start]);
            copied = cursor.end;
        }
        // Skip `AS alias`, up to the next library.
        while !cursor.eat_punctuation(b',') {
            if cursor.at_punctuation(b')') || cursor.take().is_none() {
                kept.extend_from_slice(&create[copied..]);
                return Cow::Owned(kept);
            }
        }
    }
    Cow::Borrowed(create)
}

/// Skips past `LANGUAGE … USING (`, which only routines in other languages than SQL have.
fn past_using(cursor: &mut Cursor<'_>) -> Option<()> {
    loop {
        while !cursor.eat("LANGUAGE") {
            cursor.take()?;
        }
        cursor.take()?;
        if cursor.eat("USING") && cursor.eat_punctuation(b'(') {
            return Some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_database_is_removed() {
        let routine = |list: &str| {
            format!(
                "CREATE DEFINER=`r`@`h` FUNCTION `f`(n int) RETURNS int\n    DETERMINISTIC\n    LANGUAGE JAVASCRIPT\n    \
                 USING ({list})\nAS $$ return m.f(`l`.`x`); $$"
            )
        };
        for (list, expected) in [
            ("`l`.`lib1` AS `m`, `l`.`lib3` AS `k`", "`lib1` AS `m`, `lib3` AS `k`"),
            ("`o`.`l` AS `l`, `l`.`l;.` AS `l`", "`o`.`l` AS `l`, `l;.` AS `l`"),
            ("`l`.`lib1`", "`lib1`"),
            ("`o`.`lib1`,`l`.`b`", "`o`.`lib1`,`b`"),
        ] {
            let found = unqualified(routine(list).as_bytes(), "l").into_owned();
            assert_eq!(String::from_utf8(found).unwrap(), routine(expected));
        }
        let other = "CREATE PROCEDURE p() SELECT 1 FROM a JOIN b USING (`l`) -- LANGUAGE x USING (`l`.`a`)";
        assert_eq!(unqualified(other.as_bytes(), "l"), other.as_bytes());
    }
}
