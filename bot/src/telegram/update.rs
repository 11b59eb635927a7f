use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use teloxide_core::types::{Update, UpdateKind};

use super::leading::number_behind;

/// The kinds of updates that are answered (Bot API, "Update").
pub(super) const ANSWERED_KINDS: [&str; 7] = [
    "message",
    "edited_message",
    "business_message",
    "edited_business_message",
    "callback_query",
    "pre_checkout_query",
    "my_chat_member",
];

/// An update as Telegram sent it: the id, which is all that delivery needs, and the text, still unparsed.
///
/// Telegram adds kinds of updates over time. Because an update is parsed by itself ([`RawUpdate::parse`]), one that we
/// don't understand never costs its neighbours.
#[derive(Debug, Clone)]
pub struct RawUpdate {
    /// `update_id`: grows from update to update, but starts anywhere after a week without any.
    pub id: i64,
    /// The whole update, JSON.
    pub raw: Arc<RawValue>,
}

/// An update that isn't what the Bot API promises. Says where, never what it contained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("update {id} can't be read (line {line} column {column})")]
pub struct UnreadableUpdate {
    /// The update's id; 0 when even that is missing.
    pub id: i64,
    line: usize,
    column: usize,
}

impl RawUpdate {
    /// Takes the text of one update, and reads no more of it than its id.
    ///
    /// # Errors
    /// [`UnreadableUpdate`] when it is no JSON object with an integer `update_id`.
    pub fn new(raw: Box<RawValue>) -> Result<Self, UnreadableUpdate> {
        #[derive(Deserialize)]
        struct Id {
            update_id: i64,
        }

        let id = if let Some(id) = number_behind(raw.get().as_bytes(), br#"{"update_id":"#) {
            id
        } else {
            let id = serde_json::from_str::<Id>(raw.get());
            id.map_err(|error| UnreadableUpdate::at(0, &error))?.update_id
        };
        Ok(Self { id, raw: raw.into() })
    }

    /// Reads the whole update. A kind that is not answered and that `teloxide_core` doesn't know becomes
    /// [`UpdateKind::Error`], which is no error here.
    ///
    /// # Errors
    /// [`UnreadableUpdate`] when it is not an update, or not as the Bot API promises that it is.
    pub fn parse(&self) -> Result<Update, UnreadableUpdate> {
        let text = self.raw.get();
        let update: Update =
            serde_json::from_str(text).map_err(|error| UnreadableUpdate::at(self.id, &error))?;
        if matches!(update.kind, UpdateKind::Error(_)) {
            let parts: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).unwrap_or_default();
            if let Some(kind) = ANSWERED_KINDS.iter().find(|kind| parts.contains_key(**kind)) {
                return Err(UnreadableUpdate {
                    id: self.id,
                    line: 1,
                    column: text.find(kind).unwrap_or_default(),
                });
            }
        }
        Ok(update)
    }
}

impl UnreadableUpdate {
    fn at(id: i64, error: &serde_json::Error) -> Self {
        Self {
            id,
            line: error.line(),
            column: error.column(),
        }
    }
}

/// The updates among `values`, in order. What has no id can't be confirmed by itself nor handled; it is dropped with a
/// warning, and gone from Telegram's queue once a later update is confirmed.
pub(super) fn readable(values: Vec<Box<RawValue>>) -> Vec<RawUpdate> {
    let mut updates = Vec::with_capacity(values.len());
    for value in values {
        match RawUpdate::new(value) {
            Ok(update) => updates.push(update),
            Err(error) => tracing::warn!(%error, "an update without an id is skipped"),
        }
    }
    updates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn one_unreadable_update_does_not_cost_the_others() {
        let values = vec![
            raw(r#"{"update_id":1,"message":{"nonsense":true}}"#),
            raw(r#"{"message":{}}"#),
            raw("[]"),
            raw(r#"{"update_id":5000000000,"brand_new_kind":{}}"#),
        ];
        let ids: Vec<_> = readable(values).iter().map(|update| update.id).collect();
        assert_eq!(ids, [1, 5_000_000_000]);
    }

    #[test]
    fn an_unknown_kind_is_read_as_an_unknown_kind() {
        let update = RawUpdate::new(raw(r#"{"update_id":3,"brand_new_kind":{"a":1}}"#)).unwrap();
        assert!(matches!(update.parse().unwrap().kind, UpdateKind::Error(_)));
    }

    #[test]
    fn a_known_kind_that_is_not_as_promised_can_not_be_read() {
        let update = RawUpdate::new(raw(r#"{"update_id":3,"message":{"message_id":"x"}}"#)).unwrap();
        assert_eq!(update.parse().unwrap_err().id, 3);
    }

    #[test]
    fn what_can_not_be_read_is_not_quoted() {
        let update =
            RawUpdate::new(raw(r#"{"update_id":-3,"message":{"text":"221B Baker Street"}}"#)).unwrap();
        let error = update.parse().unwrap_err();
        assert_eq!(error.id, -3);
        assert!(!error.to_string().contains("Baker"));
    }
}
