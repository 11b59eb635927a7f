//! A form of open questions, for this program and for the benchmark `pure`.

use stepkeep_core::form::{Answer, Form, FormView, FormWords, Question};
use stepkeep_core::{Event, FieldName, FieldValue, Message};

/// Three questions.
pub(crate) fn form() -> Form {
    ["field_0", "field_1", "field_2"]
        .into_iter()
        .fold(Form::new(Words), |form, name| form.ask(Open(name)))
}

/// A question that takes every text.
#[derive(Debug)]
struct Open(&'static str);

impl Question for Open {
    fn name(&self) -> FieldName {
        FieldName::constant(self.0)
    }

    fn is_optional(&self) -> bool {
        true
    }

    fn prompt(&self, _: &FormView<'_>) -> Message {
        Message::text(self.0)
    }

    fn accept(&self, event: &Event, _: &FormView<'_>) -> Result<Answer, String> {
        match event {
            Event::Text(text) => Ok(Answer {
                value: FieldValue::text(text),
                remark: None,
            }),
            _ => Err("A text, please.".to_owned()),
        }
    }
}

#[derive(Debug)]
struct Words;

impl FormWords for Words {
    fn back(&self, _: &FormView<'_>) -> String {
        "Back".to_owned()
    }

    fn skip(&self, _: &FormView<'_>) -> String {
        "Skip".to_owned()
    }

    fn cancel(&self, _: &FormView<'_>) -> String {
        "Cancel".to_owned()
    }

    fn text_only(&self, _: &FormView<'_>) -> String {
        "A text, please.".to_owned()
    }

    fn cannot_skip(&self, _: &FormView<'_>) -> String {
        "This one is needed.".to_owned()
    }
}
