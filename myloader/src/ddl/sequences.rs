//! Sequences of MariaDB in defaults and views, which the server shows with the name of their database always.

use std::borrow::Cow;

use common::sql::quote_identifier;
use common::sql::token::{SqlDialect, Token, Tokens};

/// The statement with the sequences of database `from` as those of `to`: the first argument of `nextval`, `lastval` and
/// `setval`.
pub fn renamed<'a>(sql: &'a [u8], from: &str, to: &str) -> Cow<'a, [u8]> {
    if from == to {
        return Cow::Borrowed(sql);
    }
    let tokens: Vec<Token<'_>> = Tokens::new(sql, SqlDialect::default()).collect();
    let places = tokens.windows(4).filter_map(|tokens| match tokens {
        [function, open, database, dot]
            if ["NEXTVAL", "LASTVAL", "SETVAL"].iter().any(|name| function.is_word(name))
                && open.is_punctuation(b'(')
                && dot.is_punctuation(b'.')
                && database.identifier().as_deref() == Some(from.as_bytes()) =>
        {
            Some(database.start..database.end())
        }
        _ => None,
    });
    let mut renamed = Vec::new();
    let mut at = 0;
    for place in places {
        renamed.extend_from_slice(sql.get(at..place.start).unwrap_or_default());
        renamed.extend_from_slice(quote_identifier(to).as_bytes());
        at = place.end;
    }
    if at == 0 {
        return Cow::Borrowed(sql);
    }
    renamed.extend_from_slice(sql.get(at..).unwrap_or_default());
    Cow::Owned(renamed)
}

/// The sequences that defaults are taken from, each with its database if the text names it.
pub fn used(sql: &[u8]) -> Vec<(Option<String>, String)> {
    let tokens: Vec<Token<'_>> = Tokens::new(sql, SqlDialect::default()).collect();
    let name = |token: &Token<'_>| token.identifier().map(|name| String::from_utf8_lossy(&name).into_owned());
    let calls = tokens.windows(5).filter_map(|tokens| match tokens {
        [function, open, first, next, last] if function.is_word("NEXTVAL") && open.is_punctuation(b'(') => {
            match next.is_punctuation(b'.') {
                true => Some((Some(name(first)?), name(last)?)),
                false => Some((None, name(first)?)),
            }
        }
        _ => None,
    });
    calls.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_that_defaults_come_from() {
        let sql = "CREATE TABLE t (a INT DEFAULT nextval(`d`.`s`), b INT DEFAULT (NEXTVAL(q) + 1), c TEXT DEFAULT 'nextval(`x`)')";
        let expected = [(Some("d".to_owned()), "s".to_owned()), (None, "q".to_owned())];
        assert_eq!(used(sql.as_bytes()), expected);
    }

    #[test]
    fn arguments_of_the_functions_and_nothing_else() {
        let sql = "DEFAULT nextval(`a`.`s`), 'nextval(`a`.`s`)', lastval(`b`.`s`), `a`.`s`, setval(`a`.`s`,1,0,0), nextval(`s`)";
        let expected = "DEFAULT nextval(`n``w`.`s`), 'nextval(`a`.`s`)', lastval(`b`.`s`), `a`.`s`, setval(`n``w`.`s`,1,0,0), nextval(`s`)";
        assert_eq!(String::from_utf8_lossy(&renamed(sql.as_bytes(), "a", "n`w")), expected);
        assert!(matches!(renamed(sql.as_bytes(), "c", "d"), Cow::Borrowed(_)));
        assert!(matches!(renamed(sql.as_bytes(), "a", "a"), Cow::Borrowed(_)));
    }
}
