//! Ranges of a key, in a form that optimizers turn into one range scan: leading columns that are equal to a value, and
//! bounds on the one after them.

use common::sql::quote_identifier;
use serde::{Deserialize, Serialize};

use super::key::{Key, Value};

/// A half-open range: rows whose leading columns have the values of `prefix`, and whose next column is within the
/// bounds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyRange {
    /// Values of the leading columns.
    pub prefix: Vec<Value>,
    /// Where the next column begins; `None` is no bound.
    pub from: Option<Lower>,
    /// The first value that is not in the range; `None` is no bound.
    pub to: Option<Value>,
}

/// A lower bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lower {
    /// This value and all after it.
    At(Value),
    /// All after this value.
    After(Value),
}

impl KeyRange {
    /// The part below a value.
    pub fn until(&self, value: &Value) -> KeyRange {
        KeyRange { to: Some(value.clone()), ..self.clone() }
    }

    /// The part from a value on.
    pub fn starting_at(&self, value: &Value) -> KeyRange {
        KeyRange { from: Some(Lower::At(value.clone())), ..self.clone() }
    }

    /// The part after a value.
    pub fn after(&self, value: &Value) -> KeyRange {
        KeyRange { from: Some(Lower::After(value.clone())), ..self.clone() }
    }

    /// The part with this value.
    pub fn group(&self, value: &Value) -> KeyRange {
        let mut prefix = self.prefix.clone();
        prefix.push(value.clone());
        KeyRange { prefix, from: None, to: None }
    }

    /// The condition on the key's columns, as SQL; `None` when every row meets it.
    pub fn predicate(&self, key: &Key) -> Option<String> {
        let mut conditions: Vec<String> =
            key.columns.iter().zip(&self.prefix).map(|(column, value)| column.compared("=", value)).collect();
        if let Some(column) = key.columns.get(self.prefix.len()) {
            conditions.extend(self.from.as_ref().map(|from| match from {
                Lower::At(value) => column.compared(">=", value),
                Lower::After(value) => column.compared(">", value),
            }));
            conditions.extend(self.to.as_ref().map(|to| column.compared("<", to)));
        }
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }

    /// The column that the bounds are on, quoted.
    pub fn column(&self, key: &Key) -> Option<String> {
        key.columns.get(self.prefix.len()).map(|column| quote_identifier(&column.name))
    }
}
