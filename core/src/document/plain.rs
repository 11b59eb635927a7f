//! Reading a record as this program writes it: its members in their order, without spaces, and none that it doesn't know.
//!
//! Nearly all records are such ones. The fields share one copy of the record; whatever looks different is left to
//! [`Record`](super::record::Record).

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::field::{FieldValue, Fields, Unknown, plain_length};
use crate::key::SessionKey;
use crate::name::{FieldName, FlowName, StepName};
use crate::session::{Position, Session, SessionParts};
use crate::{Revision, Timestamp, TurnState};

/// The session, if the record is as this program writes it, and belongs to this key.
pub(super) fn decode(key: &SessionKey, bytes: &[u8]) -> Option<Session> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut rest = Rest {
        whole: &Arc::from(text),
        at: 0,
    };
    rest.expect("{\"schema\":1,\"key\":\"")?;
    rest.expect(&key.encode())?;
    rest.expect("\",\"revision\":\"")?;
    let revision: Revision = rest.take(Revision::TEXT_LENGTH)?.parse().ok()?;
    rest.expect("\",")?;
    let position = if rest.skip("\"flow\":\"") {
        let (start, end) = rest.string()?;
        let flow = FlowName::part(rest.whole, start, end)?;
        rest.expect(",\"flow_version\":")?;
        let version = u32::try_from(rest.integer()?).ok()?;
        rest.expect(",\"step\":\"")?;
        let (start, end) = rest.string()?;
        let step = StepName::part(rest.whole, start, end)?;
        rest.expect(",")?;
        Some(Position { flow, version, step })
    } else {
        None
    };
    rest.expect("\"created_at\":")?;
    let created_at = Timestamp::from_millis(rest.integer()?);
    rest.expect(",\"updated_at\":")?;
    let updated_at = Timestamp::from_millis(rest.integer()?);
    let wake_at = if rest.skip(",\"wake_at\":") {
        Some(Timestamp::from_millis(rest.integer()?))
    } else {
        None
    };
    rest.expect(",\"data\":{")?;
    let data = rest.fields()?;
    rest.expect(",\"turn\":")?;
    let turn = if rest.skip("{}") {
        TurnState::default()
    } else {
        rest.turn()?
    };
    if rest.left() != "}" {
        return None;
    }
    Some(Session(Arc::new(SessionParts {
        key: key.clone(),
        position,
        data,
        turn,
        revision,
        created_at,
        updated_at,
        wake_at,
        unknown: Unknown::default(),
    })))
}

/// What of a record is not read yet.
struct Rest<'a> {
    whole: &'a Arc<str>,
    at: usize,
}

impl<'a> Rest<'a> {
    fn left(&self) -> &'a str {
        self.whole.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.left().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.skip(text).then_some(())
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let taken = self.left().get(..length)?;
        self.at += length;
        Some(taken)
    }

    /// An integer, as this program writes it.
    fn integer(&mut self) -> Option<i64> {
        let left = self.left();
        let digits = left.strip_prefix('-').unwrap_or(left).bytes();
        let sign = usize::from(left.starts_with('-'));
        let length = sign + digits.take_while(u8::is_ascii_digit).count();
        let text = self.take(length)?;
        let is_odd = text == "-0" || (text.len() > sign + 1 && text.as_bytes().get(sign) == Some(&b'0'));
        if is_odd { None } else { text.parse().ok() }
    }

    /// The places of a string's content, behind its first quote; none where anything in it is escaped.
    fn string(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        let end = start + plain_length(self.left().as_bytes());
        if self.whole.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some((start, end))
    }

    /// The fields, behind the first brace.
    fn fields(&mut self) -> Option<Fields> {
        let mut fields: Vec<(FieldName, FieldValue)> = Vec::with_capacity(24);
        if self.skip("}") {
            return Some(Fields::new());
        }
        loop {
            self.expect("\"")?;
            let (start, end) = self.string()?;
            let name = FieldName::part(self.whole, start, end)?;
            // In order, so none is there twice.
            if fields.last().is_some_and(|(last, _)| *last >= name) {
                return None;
            }
            self.expect(":")?;
            fields.push((name, self.value()?));
            if !self.skip(",") {
                self.expect("}")?;
                return Some(fields.into_iter().collect());
            }
        }
    }

    fn value(&mut self) -> Option<FieldValue> {
        let start = self.at;
        if self.skip("\"") && self.string().is_some() {
            return Some(FieldValue::part(self.whole, start, self.at));
        }
        self.at = start;
        let mut values = serde_json::Deserializer::from_str(self.left()).into_iter::<&RawValue>();
        let value = values.next()?.ok()?.get();
        self.at += value.len();
        // Nothing but the value: no spaces before it.
        (values.byte_offset() == value.len()).then(|| FieldValue::part(self.whole, start, self.at))
    }

    fn turn(&mut self) -> Option<TurnState> {
        let mut values = serde_json::Deserializer::from_str(self.left()).into_iter::<TurnState>();
        let turn = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(turn)
    }
}
