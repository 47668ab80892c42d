//! Libraries that a routine of MySQL uses.
//!
//! SHOW CREATE names each with its database, also those of the routine's own, which would bind a copy that is restored
//! under another name to the original. Without a database they are of the routine's own.

use std::borrow::Cow;

use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;

/// The definition with the libraries of its own database named without it.
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
        // `AS alias`, up to the next library.
        while !cursor.eat_punctuation(b',') {
            if cursor.at_punctuation(b')') || cursor.take().is_none() {
                kept.extend_from_slice(&create[copied..]);
                return Cow::Owned(kept);
            }
        }
    }
    Cow::Borrowed(create)
}

/// Goes past `LANGUAGE … USING (`. Only routines in other languages than SQL have it.
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
    fn only_the_own_database_goes() {
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
