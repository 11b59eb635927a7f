//! Forms: questions asked one after another, each in a named step, with Back, Skip and Edit. Pure.
//!
//! A form is a part of a flow: the flow hands it the events of the steps that are questions, and goes on when it is
//! complete.

use std::fmt;

use crate::field::FieldValue;
use crate::fields::Fields;
use crate::flow::{Event, Turn, TurnContext};
use crate::history::StepBack;
use crate::name::{FieldName, StepName};
use crate::reply::{Message, Reply};

/// The action of the button that goes a step back.
pub const BACK: &str = "back";
/// The action of the button that leaves an optional question open.
pub const SKIP: &str = "skip";
/// The action of the button that ends the flow. The form offers it; the flow or the home takes it.
pub const CANCEL: &str = "cancel";

/// The field that says that the person came to a question to change one answer.
const EDITING: &str = "form_editing";

/// One question of a form. Its name is both the step that asks it and the field that keeps the answer.
pub trait Question: fmt::Debug + Send + Sync + 'static {
    /// The name: unique in the form, and stored, so never change it.
    fn name(&self) -> FieldName;

    /// Whether it may be left open.
    fn is_optional(&self) -> bool;

    /// What the person is asked, with the choices that the question has as buttons.
    fn prompt(&self, view: &FormView<'_>) -> Message;

    /// Takes an answer: a text, or the action of a choice.
    ///
    /// # Errors
    /// What is wrong with it, in the person's words, with an example.
    fn accept(&self, event: &Event, view: &FormView<'_>) -> Result<Answer, String>;
}

/// What a question sees: the other answers, and the person's language.
#[derive(Clone, Copy, Debug)]
pub struct FormView<'a> {
    /// The session's data.
    pub data: &'a Fields,
    /// The person's language as their client tells it.
    pub language: Option<&'a str>,
}

/// An accepted answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What is stored.
    pub value: FieldValue,
    /// What the person should know about it, although it is accepted.
    pub remark: Option<String>,
}

/// The words that every question of a form has.
pub trait FormWords: fmt::Debug + Send + Sync + 'static {
    /// The button that goes back.
    fn back(&self, view: &FormView<'_>) -> String;
    /// The button that leaves a question open.
    fn skip(&self, view: &FormView<'_>) -> String;
    /// The button that ends the flow.
    fn cancel(&self, view: &FormView<'_>) -> String;
    /// The answer to a picture, a file or the like where a text is expected.
    fn text_only(&self, view: &FormView<'_>) -> String;
    /// The answer to Skip at a question that needs an answer.
    fn cannot_skip(&self, view: &FormView<'_>) -> String;
}

/// Questions in their order.
#[derive(Debug)]
pub struct Form {
    words: Box<dyn FormWords>,
    questions: Vec<Box<dyn Question>>,
}

/// What a form makes of an event.
#[derive(Debug)]
pub enum FormTurn {
    /// The form goes on.
    Goes(Turn),
    /// The last answer is in, or one answer was edited or left as it was. The turn stores it; the flow adds where to go.
    Complete(Turn),
    /// The person goes back to a step that is not a question of the form.
    BackOut(StepBack),
    /// The person goes back from the first question.
    BackFromStart,
}

impl Form {
    /// A form without questions yet.
    pub fn new(words: impl FormWords) -> Self {
        Self {
            words: Box::new(words),
            questions: Vec::new(),
        }
    }

    /// The same with a question more.
    #[must_use]
    pub fn ask(mut self, question: impl Question) -> Self {
        self.questions.push(Box::new(question));
        self
    }

    /// The questions, in order.
    pub fn questions(&self) -> impl Iterator<Item = &dyn Question> {
        self.questions.iter().map(|question| &**question)
    }

    /// Whether a step is a question of this form.
    pub fn has_step(&self, step: &StepName) -> bool {
        self.index_of(step.as_str()).is_some()
    }

    /// The turn that asks the first question; `None` for a form without any.
    pub fn begin(&self, context: &TurnContext<'_>) -> Option<Turn> {
        let question = self.questions.first()?;
        let turn = Turn::go(step_of(&**question));
        let data = turn.data_after(context.session);
        Some(turn.and_say(Reply::Message(self.prompt(&**question, &data, context.language))))
    }

    /// The turn that goes to one question and asks it, in the order of the form; `None` when there is no such question.
    pub fn ask_again(&self, context: &TurnContext<'_>, field: &str) -> Option<Turn> {
        let question = &*self.questions[self.index_of(field)?];
        let prompt = self.prompt(question, context.session.data(), context.language);
        Some(Turn::go(step_of(question)).and_say(Reply::Message(prompt)))
    }

    /// The turn that asks one question again, to come straight back to where the form is complete, by an answer or by
    /// Back; `None` when there is no such question.
    pub fn edit(&self, context: &TurnContext<'_>, field: &str) -> Option<Turn> {
        let question = &self.questions[self.index_of(field)?];
        let turn =
            Turn::go(step_of(&**question)).and_set(editing(), FieldValue::from_json_value(&true.into()));
        let data = turn.data_after(context.session);
        Some(turn.and_say(Reply::Message(self.prompt(&**question, &data, context.language))))
    }

    /// Answers an event in a step that is a question; `None` when the step is none, or when the event is none that a
    /// question takes (a timer, an effect's outcome, Cancel).
    pub fn turn(&self, context: &TurnContext<'_>) -> Option<FormTurn> {
        let index = self.index_of(context.session.step()?.as_str())?;
        let question = &*self.questions[index];
        let view = FormView {
            data: context.session.data(),
            language: context.language,
        };
        let say = |text: String| Some(FormTurn::Goes(Turn::say(Reply::text(text))));
        match &context.event {
            Event::Action(action) if action == BACK => Some(self.back(context)),
            Event::Action(action) if action == CANCEL => None,
            Event::Action(action) if action == SKIP => {
                if question.is_optional() {
                    let turn = Turn::default().and_unset(question.name());
                    Some(self.go_on(context, index, turn, None))
                } else {
                    say(self.words.cannot_skip(&view))
                }
            }
            Event::Text(_) | Event::Action(_) => match question.accept(&context.event, &view) {
                Ok(Answer { value, remark }) => {
                    let turn = Turn::default().and_set(question.name(), value);
                    Some(self.go_on(context, index, turn, remark))
                }
                Err(rejection) => say(rejection),
            },
            Event::File(_) | Event::Other(_) => say(self.words.text_only(&view)),
            Event::Entered
            | Event::ChatGone
            | Event::Command { .. }
            | Event::Idle(_)
            | Event::TimerFired { .. }
            | Event::EffectFinished { .. }
            | Event::Happened { .. } => None,
        }
    }

    /// The question that a step back leads to, asked again. For flows whose later steps have a Back of their own;
    /// `None` when the step back leads to no question of this form.
    pub fn return_to(&self, context: &TurnContext<'_>, back: &StepBack) -> Option<Turn> {
        let step = &back.position.as_ref()?.step;
        let question = &*self.questions[self.index_of(step.as_str())?];
        let turn = Turn::back(back.clone());
        let data = turn.data_after(context.session);
        Some(turn.and_say(Reply::Message(self.prompt(question, &data, context.language))))
    }

    fn back(&self, context: &TurnContext<'_>) -> FormTurn {
        if is_edit(context) {
            // Straight back to where the form is complete, with the answer as it was: on the way that led here first,
            // the step before is another one.
            return FormTurn::Complete(Turn::default().and_unset(editing()));
        }
        match context.step_back() {
            None => FormTurn::BackFromStart,
            Some(back) => match self.return_to(context, &back) {
                Some(turn) => FormTurn::Goes(turn),
                None => FormTurn::BackOut(back),
            },
        }
    }

    fn go_on(&self, context: &TurnContext<'_>, index: usize, turn: Turn, remark: Option<String>) -> FormTurn {
        let turn = match remark {
            Some(remark) => turn.and_say(Reply::text(remark)),
            None => turn,
        };
        match self.questions.get(index + 1) {
            Some(next) if !is_edit(context) => {
                let mut turn = turn;
                turn.next = crate::flow::Next::Step(step_of(&**next));
                let data = turn.data_after(context.session);
                FormTurn::Goes(turn.and_say(Reply::Message(self.prompt(&**next, &data, context.language))))
            }
            _ => FormTurn::Complete(turn.and_unset(editing())),
        }
    }

    fn prompt(&self, question: &dyn Question, data: &Fields, language: Option<&str>) -> Message {
        let view = FormView { data, language };
        let mut row = Vec::new();
        if question.is_optional() {
            row.push((self.words.skip(&view), SKIP));
        }
        row.push((self.words.back(&view), BACK));
        row.push((self.words.cancel(&view), CANCEL));
        question.prompt(&view).row(row)
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.questions
            .iter()
            .position(|question| question.name() == *name)
    }
}

#[expect(
    clippy::expect_used,
    reason = "what is a field's name is a step's name: the rules for steps allow more"
)]
fn step_of(question: &dyn Question) -> StepName {
    StepName::new(question.name().as_str()).expect("a field's name is a step's name")
}

fn is_edit(context: &TurnContext<'_>) -> bool {
    context.session.field(EDITING).is_some()
}

fn editing() -> FieldName {
    FieldName::constant(EDITING)
}
