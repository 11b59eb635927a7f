//! The questions of the order: a name, a prompt and a parser each.

use std::sync::Arc;

use serde::Serialize;
use stepkeep_core::form::{Answer, Form, FormView, FormWords, Question};
use stepkeep_core::{Event, FieldName, FieldValue, Message};

use super::fields;
use crate::flows::speech::Speech;
use crate::localization::{Args, Localizer};
use crate::validation::{
    PhoneNumber, PostalCode, Rejection, State, check_state, parse_address_line, parse_city, parse_dimensions,
    parse_person_name, parse_phone_number, parse_postal_code, parse_state, parse_weight,
};

/// What kind of answer a question takes.
#[derive(Clone, Copy, Debug)]
enum Kind {
    PersonName,
    AddressLine,
    City,
    State,
    /// With the field that has the state that it should be in.
    PostalCode(&'static str),
    Phone,
    Weight,
    Dimensions,
}

/// The questions, in order: the field, what it takes, and whether it may be skipped.
const QUESTIONS: [(&str, Kind, bool); 14] = [
    (fields::SENDER_NAME, Kind::PersonName, false),
    (fields::SENDER_ADDRESS, Kind::AddressLine, false),
    (fields::SENDER_CITY, Kind::City, false),
    (fields::SENDER_STATE, Kind::State, false),
    (
        fields::SENDER_POSTAL_CODE,
        Kind::PostalCode(fields::SENDER_STATE),
        false,
    ),
    (fields::SENDER_PHONE, Kind::Phone, true),
    (fields::RECIPIENT_NAME, Kind::PersonName, false),
    (fields::RECIPIENT_ADDRESS, Kind::AddressLine, false),
    (fields::RECIPIENT_CITY, Kind::City, false),
    (fields::RECIPIENT_STATE, Kind::State, false),
    (
        fields::RECIPIENT_POSTAL_CODE,
        Kind::PostalCode(fields::RECIPIENT_STATE),
        false,
    ),
    (fields::RECIPIENT_PHONE, Kind::Phone, true),
    (fields::WEIGHT, Kind::Weight, false),
    (fields::DIMENSIONS, Kind::Dimensions, true),
];

/// The steps of the questions, in order.
pub(super) fn steps() -> impl Iterator<Item = &'static str> {
    QUESTIONS.iter().map(|(name, _, _)| *name)
}

/// The form of the order.
pub(super) fn form(localizer: &Arc<Localizer>) -> Form {
    let words = Words {
        localizer: Arc::clone(localizer),
    };
    QUESTIONS
        .iter()
        .enumerate()
        .fold(Form::new(words), |form, (index, &(name, kind, optional))| {
            form.ask(OrderQuestion {
                localizer: Arc::clone(localizer),
                name,
                kind,
                optional,
                number: index + 1,
            })
        })
}

#[derive(Debug)]
struct OrderQuestion {
    localizer: Arc<Localizer>,
    name: &'static str,
    kind: Kind,
    optional: bool,
    number: usize,
}

impl OrderQuestion {
    /// The answer so far, which is there when it is to be edited.
    fn current(&self, view: &FormView<'_>, speech: &Speech<'_>) -> Option<String> {
        let answer = view.data.get(self.name)?;
        let (localizer, language) = (speech.localizer, speech.language);
        match self.kind {
            Kind::PersonName | Kind::AddressLine | Kind::City | Kind::PostalCode(_) => answer.get().ok(),
            Kind::State => answer.get().ok().map(|state: State| state.code().to_owned()),
            Kind::Phone => answer.get().ok().map(|phone: PhoneNumber| phone.to_string()),
            Kind::Weight => answer
                .get()
                .ok()
                .map(|weight| localizer.weight(language, &weight)),
            Kind::Dimensions => answer
                .get()
                .ok()
                .map(|size| localizer.dimensions(language, &size)),
        }
    }
}

impl Question for OrderQuestion {
    fn name(&self) -> FieldName {
        FieldName::constant(self.name)
    }

    fn is_optional(&self) -> bool {
        self.optional
    }

    fn prompt(&self, view: &FormView<'_>) -> Message {
        let speech = Speech::in_form(&self.localizer, view);
        let progress = Args::new()
            .with("number", self.number)
            .with("total", QUESTIONS.len());
        let progress = speech.text("step-progress", &progress);
        let question = speech.plain(&format!("prompt-{}", self.name.replace('_', "-")));
        let text = format!("{progress}\n{question}");
        Message::text(match self.current(view, &speech) {
            Some(value) => {
                let current = speech.text("current-value", &Args::new().with("value", value));
                format!("{text}\n\n{current}")
            }
            None => text,
        })
    }

    fn accept(&self, event: &Event, view: &FormView<'_>) -> Result<Answer, String> {
        let speech = Speech::in_form(&self.localizer, view);
        let Event::Text(text) = event else {
            return Err(speech.plain("text-only"));
        };
        let wrong = |rejection: Rejection| speech.render(&rejection);
        let mut remark = None;
        let value = match self.kind {
            Kind::PersonName => stored(&parse_person_name(text).map_err(wrong)?),
            Kind::AddressLine => stored(&parse_address_line(text).map_err(wrong)?),
            Kind::City => stored(&parse_city(text).map_err(wrong)?),
            Kind::State => stored(&parse_state(text).map_err(wrong)?),
            Kind::Phone => stored(&parse_phone_number(text).map_err(wrong)?),
            Kind::Weight => stored(&parse_weight(text).map_err(wrong)?),
            Kind::Dimensions => stored(&parse_dimensions(text).map_err(wrong)?),
            Kind::PostalCode(state_field) => {
                let postal_code: PostalCode = parse_postal_code(text).map_err(wrong)?;
                let state = view
                    .data
                    .get(state_field)
                    .and_then(|state| state.get::<State>().ok());
                let warning = state.and_then(|state| check_state(&postal_code, state));
                remark = warning.map(|warning| speech.render(&warning));
                stored(&postal_code)
            }
        };
        let value = value.map_err(|_| speech.plain("something-went-wrong"))?;
        Ok(Answer { value, remark })
    }
}

fn stored<T: Serialize>(value: &T) -> Result<FieldValue, serde_json::Error> {
    FieldValue::new(value)
}

#[derive(Debug)]
struct Words {
    localizer: Arc<Localizer>,
}

impl Words {
    fn plain(&self, view: &FormView<'_>, id: &str) -> String {
        Speech::in_form(&self.localizer, view).plain(id)
    }
}

impl FormWords for Words {
    fn back(&self, view: &FormView<'_>) -> String {
        self.plain(view, "button-back")
    }

    fn skip(&self, view: &FormView<'_>) -> String {
        self.plain(view, "button-skip")
    }

    fn cancel(&self, view: &FormView<'_>) -> String {
        self.plain(view, "button-cancel")
    }

    fn text_only(&self, view: &FormView<'_>) -> String {
        self.plain(view, "text-only")
    }

    fn cannot_skip(&self, view: &FormView<'_>) -> String {
        self.plain(view, "cannot-skip")
    }
}
