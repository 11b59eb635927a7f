//! Reading a record as this program writes it: its members in their order, without spaces, and none that it doesn't know.
//!
//! Nearly all records are such ones. The fields share one copy of the record; whatever looks different is left to
//! [`Record`](super::record::Record).

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memchr2;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::field::FieldValue;
use crate::fields::Fields;
use crate::key::SessionKey;
use crate::name::{FieldName, FlowName, StepName};
use crate::seen::Seen;
use crate::session::{Position, Session, SessionParts};
use crate::turn_state::HistoryEntry;
use crate::unknown::Unknown;
use crate::{Revision, Timestamp, TurnState};

/// As many fields as there is room for at first.
const USUAL_FIELDS: usize = 16;

/// The session, if the record is as this program writes it, and belongs to this key.
pub(super) fn decode(key: &SessionKey, bytes: &[u8]) -> Option<Session> {
    // So a string ends at its next quote. Without a branch, so that many bytes are looked at together.
    if bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte)) < b' ' {
        return None;
    }
    let whole: Arc<str> = Arc::from(std::str::from_utf8(bytes).ok()?);
    let mut rest = Rest {
        whole: &whole,
        bytes: whole.as_bytes(),
        at: 0,
    };
    rest.expect("{\"schema\":1,\"key\":\"")?;
    rest.expect(&key.encode())?;
    rest.expect("\",\"revision\":\"")?;
    let revision: Revision = rest.take(Revision::TEXT_LENGTH)?.parse().ok()?;
    rest.expect("\",")?;
    let position = if rest.skip("\"flow\":\"") {
        let flow = rest.name(FlowName::leading)?;
        rest.expect("\",\"flow_version\":")?;
        let version = u32::try_from(rest.integer()?).ok()?;
        rest.expect(",\"step\":\"")?;
        let step = rest.name(StepName::leading)?;
        rest.expect("\",")?;
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
    if rest.left() != b"}" {
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
    /// The same.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn left(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.left().starts_with(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    fn skip_byte(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.skip(text).then_some(())
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let start = self.at;
        self.at = start + length;
        self.whole.get(start..self.at)
    }

    /// An integer, as this program writes it.
    fn integer(&mut self) -> Option<i64> {
        let left = self.left();
        let sign = usize::from(left.starts_with(b"-"));
        let digits = left.iter().skip(sign).take_while(|byte| byte.is_ascii_digit());
        let text = self.take(sign + digits.count())?;
        let is_odd = text == "-0" || (text.len() > sign + 1 && text.as_bytes().get(sign) == Some(&b'0'));
        if is_odd { None } else { text.parse().ok() }
    }

    /// The same as [`left`](Self::left), as text.
    fn text(&self) -> Option<&'a str> {
        self.whole.get(self.at..)
    }

    /// A name, up to the quote behind it.
    fn name<N: AsRef<str>>(&mut self, leading: impl FnOnce(&str) -> Option<N>) -> Option<N> {
        let name = leading(self.text()?)?;
        self.at += name.as_ref().len();
        Some(name)
    }

    /// Goes behind a string whose first quote is read already, if nothing in it is escaped.
    fn skip_string(&mut self) -> bool {
        match memchr2(b'"', b'\\', self.left()) {
            Some(length) => {
                self.at += length;
                self.skip_byte(b'"')
            }
            None => false,
        }
    }

    /// The fields, behind the first brace.
    fn fields(&mut self) -> Option<Fields> {
        if self.skip_byte(b'}') {
            return Some(Fields::new());
        }
        let mut fields: Vec<(FieldName, FieldValue)> = Vec::with_capacity(USUAL_FIELDS);
        while self.skip_byte(b'"') {
            let name = self.name(FieldName::leading)?;
            self.expect("\":")?;
            fields.push((name, self.value()?));
            if !self.skip_byte(b',') {
                return if self.skip_byte(b'}') {
                    Fields::in_order(fields)
                } else {
                    None
                };
            }
        }
        None
    }

    fn value(&mut self) -> Option<FieldValue> {
        let start = self.at;
        if self.skip_byte(b'"') && self.skip_string() {
            return Some(FieldValue::part(self.whole, start, self.at));
        }
        self.at = start;
        let mut values =
            serde_json::Deserializer::from_str(self.whole.get(start..)?).into_iter::<&RawValue>();
        let value = values.next()?.ok()?.get();
        self.at += value.len();
        // Nothing but the value: no spaces before it.
        (values.byte_offset() == value.len()).then(|| FieldValue::part(self.whole, start, self.at))
    }

    /// A position, as it stands in the way back.
    fn position(&mut self) -> Option<Position> {
        self.expect("{\"flow\":\"")?;
        let flow = self.name(FlowName::leading)?;
        self.expect("\",\"version\":")?;
        let version = u32::try_from(self.integer()?).ok()?;
        self.expect(",\"step\":\"")?;
        let step = self.name(StepName::leading)?;
        self.expect("\"}")?;
        Some(Position { flow, version, step })
    }

    /// What a turn state has of any other type.
    fn typed<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_str(self.text()?).into_iter::<T>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value)
    }

    fn turn(&mut self) -> Option<TurnState> {
        let mut turn = TurnState::default();
        self.expect("{")?;
        loop {
            if self.skip("\"seen\":\"") {
                let start = self.at;
                let end = if self.skip_string() {
                    self.at - 1
                } else {
                    return None;
                };
                turn.seen = Seen::of_text(self.whole.get(start..end)?)?;
            } else if self.skip("\"history\":[") {
                turn.history = Arc::new(self.history()?);
            } else if self.skip("\"outbox\":") {
                turn.outbox = self.typed()?;
            } else if self.skip("\"menu\":") {
                turn.menu = self.typed()?;
            } else if self.skip("\"effects\":") {
                turn.effects = self.typed()?;
            } else if self.skip("\"timer\":") {
                turn.timer = self.typed()?;
            } else if self.skip("\"idle\":") {
                turn.idle = self.typed()?;
            } else if self.skip("\"last_error\":") {
                turn.last_error = self.typed()?;
            } else if self.skip("\"language\":") {
                turn.language = self.typed()?;
            } else if self.skip("\"moved_to\":") {
                turn.moved_to = self.typed()?;
            } else {
                return None;
            }
            if !self.skip_byte(b',') {
                return self.skip_byte(b'}').then_some(turn);
            }
        }
    }

    /// The way back, behind the first bracket.
    fn history(&mut self) -> Option<Vec<HistoryEntry>> {
        let mut history = Vec::with_capacity(USUAL_FIELDS);
        loop {
            self.expect("{\"position\":")?;
            let position = if self.skip("null") {
                None
            } else {
                Some(self.position()?)
            };
            let fields = if self.skip(",\"fields\":{") {
                self.earlier_fields()?
            } else {
                BTreeMap::new()
            };
            self.expect("}")?;
            history.push(HistoryEntry { position, fields });
            if !self.skip_byte(b',') {
                return self.skip_byte(b']').then_some(history);
            }
        }
    }

    /// Fields as they were, behind the first brace.
    fn earlier_fields(&mut self) -> Option<BTreeMap<FieldName, Option<FieldValue>>> {
        let mut fields = BTreeMap::new();
        loop {
            self.expect("\"")?;
            let name = self.name(FieldName::leading)?;
            self.expect("\":")?;
            let value = if self.skip("null") {
                None
            } else {
                Some(self.value()?)
            };
            fields.insert(name, value);
            if !self.skip_byte(b',') {
                return self.skip_byte(b'}').then_some(fields);
            }
        }
    }
}
