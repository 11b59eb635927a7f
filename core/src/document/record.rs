//! Reading a record in one pass: the way of nearly all of them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::SCHEMA_VERSION;
use crate::field::{FieldValue, MemberName};
use crate::fields::Fields;
use crate::key::SessionKey;
use crate::name::{FlowName, StepName};
use crate::session::{Position, Session, SessionParts};
use crate::{Revision, Timestamp, TurnState};

/// The members of a record. Of one that is there twice, the last counts.
#[derive(Default)]
pub(super) struct Record<'a> {
    schema: Option<u64>,
    key: Option<SessionKey>,
    revision: Option<Revision>,
    flow: Option<FlowName>,
    flow_version: Option<u32>,
    step: Option<StepName>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    wake_at: Option<Timestamp>,
    data: Option<Fields>,
    turn: Option<TurnState>,
    unknown: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl Record<'_> {
    /// The session, unless anything about it is out of the ordinary.
    pub(super) fn into_session(self, key: &SessionKey) -> Option<Session> {
        let position = match (self.flow, self.step) {
            (Some(flow), Some(step)) => Some(Position {
                flow,
                version: self.flow_version.unwrap_or(0),
                step,
            }),
            (None, None) => None,
            _ => return None,
        };
        if self.schema? > u64::from(SCHEMA_VERSION) || self.key.as_ref()? != key {
            return None;
        }
        let unknown = self.unknown.into_iter();
        Some(Session(Arc::new(SessionParts {
            key: self.key?,
            position,
            revision: self.revision?,
            created_at: self.created_at?,
            updated_at: self.updated_at?,
            wake_at: self.wake_at,
            data: self.data?,
            turn: self.turn.unwrap_or_default(),
            unknown: unknown
                .map(|(name, value)| (name.into_owned(), FieldValue::of_raw(value)))
                .collect(),
        })))
    }
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = Record::default();
        while let Some(MemberName(name)) = map.next_key()? {
            match &*name {
                "schema" => record.schema = Some(map.next_value()?),
                "key" => record.key = Some(map.next_value()?),
                "revision" => record.revision = Some(map.next_value()?),
                "flow" => record.flow = map.next_value()?,
                "flow_version" => record.flow_version = map.next_value()?,
                "step" => record.step = map.next_value()?,
                "created_at" => record.created_at = Some(map.next_value()?),
                "updated_at" => record.updated_at = Some(map.next_value()?),
                "wake_at" => record.wake_at = map.next_value()?,
                "data" => record.data = Some(map.next_value()?),
                "turn" => record.turn = Some(map.next_value()?),
                _ => record.unknown.push((name, map.next_value()?)),
            }
        }
        Ok(record)
    }
}
