//! Reading the fields of a record.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Record;
use crate::state::State;
use crate::state::ids::{Id, Timestamp};

impl Record {
    /// A text; null and absent are None.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("`{name}` must be a string")),
        }
    }

    /// Something with a form of its own.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let text = self.text(name)?;
        let parsed =
            text.map(|text| text.parse().map_err(|_| format!("`{name}` cannot be `{text}`")));
        parsed.transpose()
    }

    pub(super) fn required<T: FromStr>(&self, name: &str) -> Result<T, String> {
        self.parsed(name)?.ok_or_else(|| format!("`{name}` is missing"))
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.fields.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn number<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        self.fields.get(name).and_then(Value::as_i64).and_then(|number| T::try_from(number).ok())
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, String> {
        self.parsed(name).map(Option::unwrap_or_default)
    }

    pub(super) fn account_id(&self, state: &State, name: &str) -> Result<Id, String> {
        let known = self.parsed(name)?.filter(|id| state.accounts.contains_key(id));
        known.or(state.accounts.keys().next().copied()).ok_or_else(|| "no account".to_owned())
    }

    /// Another account than the owner, if it is known.
    pub(super) fn account_or(&self, state: &State, name: &str, owner: Id) -> Result<Id, String> {
        let known = self.parsed(name)?.filter(|id| state.accounts.contains_key(id));
        Ok(known.unwrap_or(owner))
    }

    /// One of a few words.
    pub(super) fn word<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let wrong = |_| format!("`{name}` cannot be `{text}`");
        serde_json::from_value(Value::from(text.as_str())).map(Some).map_err(wrong)
    }
}
