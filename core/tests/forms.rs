//! What a form makes of answers, Back, Skip and Edit.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use stepkeep_core::form::{Answer, BACK, CANCEL, Form, FormTurn, FormView, FormWords, Question, SKIP};
use stepkeep_core::{
    BotId, Event, FieldName, FieldValue, FlowName, Message, NewSession, Next, PartChange, Position, Reply,
    Session, SessionChange, SessionKey, StepName, Timestamp, Turn, TurnContext, UserId,
};

#[derive(Debug)]
struct Asks {
    name: &'static str,
    is_optional: bool,
}

impl Question for Asks {
    fn name(&self) -> FieldName {
        FieldName::constant(self.name)
    }

    fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// Shows what is known, so that the tests see which data the prompt is made from.
    fn prompt(&self, view: &FormView<'_>) -> Message {
        let known: Vec<_> = view.data.keys().map(FieldName::as_str).collect();
        Message::text(format!("{}? known: {}", self.name, known.join(" "))).row([("Home", "home")])
    }

    fn accept(&self, event: &Event, view: &FormView<'_>) -> Result<Answer, String> {
        let (Event::Text(text) | Event::Action(text)) = event else {
            panic!("a question sees nothing but texts and its choices: {event:?}");
        };
        match text.as_str() {
            "wrong" => Err(format!(
                "{} can't be that (in {})",
                self.name,
                view.language.unwrap_or("none")
            )),
            "odd" => Ok(Answer {
                value: FieldValue::text(text),
                remark: Some("That is odd.".to_owned()),
            }),
            _ => Ok(Answer {
                value: FieldValue::text(text),
                remark: None,
            }),
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
        "That is needed.".to_owned()
    }
}

/// name → phone (may be skipped) → city.
fn form() -> Form {
    let ask = |name, is_optional| Asks { name, is_optional };
    Form::new(Words)
        .ask(ask("name", false))
        .ask(ask("phone", true))
        .ask(ask("city", false))
}

fn at(step: &StepName) -> Position {
    Position {
        flow: FlowName::constant("order"),
        version: 1,
        step: step.clone(),
    }
}

/// A person in a flow whose only steps are the form's and `summary`.
struct Person {
    form: Form,
    session: Session,
}

impl Person {
    fn new() -> Self {
        let change = SessionChange::new(Timestamp::EPOCH);
        Self {
            form: form(),
            session: NewSession::new(SessionKey::private(BotId(7), UserId(42)), change).session(),
        }
    }

    /// A person at the first question, or after these answers.
    fn after(answers: &[&str]) -> Self {
        let mut person = Self::new();
        let begin = person.with_context(Event::Entered, |form, context| form.begin(context).unwrap());
        person.commit(&begin);
        for answer in answers {
            match person.event(text(answer)) {
                FormTurn::Goes(turn) => person.commit(&turn),
                FormTurn::Complete(turn) => person.complete(turn),
                other => panic!("not accepted: {other:?}"),
            }
        }
        person
    }

    fn with_context<T>(&self, event: Event, run: impl FnOnce(&Form, &TurnContext<'_>) -> T) -> T {
        let context = TurnContext {
            session: &self.session,
            event,
            now: Timestamp::EPOCH,
            language: Some("en"),
            tapped_message: None,
            token: "token",
        };
        run(&self.form, &context)
    }

    fn event(&self, event: Event) -> FormTurn {
        self.with_context(event, |form, context| form.turn(context).unwrap())
    }

    /// Commits a turn as the engine does.
    fn commit(&mut self, turn: &Turn) {
        let mut change = SessionChange::new(Timestamp::EPOCH);
        let mut state = self.session.turn().clone();
        change = match &turn.next {
            Next::Step(step) => change.go_to(at(step)),
            Next::Back(back) => back.apply_to(change),
            _ => change,
        };
        change = turn
            .unset
            .iter()
            .fold(change, |change, name| change.unset(name.clone()));
        change = turn.set.iter().fold(change, |change, (name, value)| {
            change.set(name.clone(), value.clone())
        });
        match (&turn.next, change.position()) {
            (Next::Back(_), _) => state.forget_last_step(),
            (_, PartChange::Set(_)) if self.session.position().is_some() => {
                state.remember_step(&self.session, &change);
            }
            _ => {}
        }
        self.session = change.turn(state).apply(&self.session);
    }

    /// Commits the turn that completes the form, as a flow does: with where to go.
    fn complete(&mut self, turn: Turn) {
        self.commit(&Turn {
            next: Next::Step(StepName::constant("summary")),
            ..turn
        });
    }

    fn step(&self) -> &str {
        self.session.step().unwrap().as_str()
    }

    fn answer(&self, field: &str) -> Option<String> {
        self.session.field(field).map(|value| value.get().unwrap())
    }
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

fn action(action: &str) -> Event {
    Event::Action(action.to_owned())
}

fn goes(turn: FormTurn) -> Turn {
    match turn {
        FormTurn::Goes(turn) => turn,
        other => panic!("the form does not go on: {other:?}"),
    }
}

fn texts(turn: &Turn) -> Vec<&str> {
    let messages = turn.replies.iter().filter_map(Reply::message);
    messages.map(|message| message.text.as_str()).collect()
}

fn actions(turn: &Turn) -> Vec<&str> {
    let messages = turn.replies.iter().filter_map(Reply::message);
    let buttons = messages.flat_map(|message| message.buttons.iter().flatten());
    buttons.map(|button| button.action.as_str()).collect()
}

#[test]
fn it_begins_with_the_first_question() {
    let person = Person::new();
    let begin = person.with_context(Event::Entered, |form, context| form.begin(context).unwrap());
    assert_eq!(begin.next, Next::Step(StepName::constant("name")));
    assert_eq!(texts(&begin), ["name? known: "]);
    assert_eq!(actions(&begin), ["home", BACK, CANCEL]);
    let nothing_to_ask = person.with_context(Event::Entered, |_, context| Form::new(Words).begin(context));
    assert_eq!(nothing_to_ask, None);
}

#[test]
fn an_accepted_answer_leads_to_the_next_question() {
    let person = Person::after(&[]);
    let turn = goes(person.event(text("Ann")));
    assert_eq!(turn.next, Next::Step(StepName::constant("phone")));
    assert_eq!(turn.set.get("name"), Some(&FieldValue::text("Ann")));
    assert_eq!(texts(&turn), ["phone? known: name"], "the prompt sees the answer");
    assert_eq!(actions(&turn), ["home", SKIP, BACK, CANCEL]);
}

#[test]
fn a_choice_is_an_answer_too() {
    let turn = goes(Person::after(&[]).event(action("home")));
    assert_eq!(turn.set.get("name"), Some(&FieldValue::text("home")));
}

#[test]
fn a_rejected_answer_is_told_and_changes_nothing() {
    let turn = goes(Person::after(&["Ann"]).event(text("wrong")));
    assert_eq!(turn, Turn::say(Reply::text("phone can't be that (in en)")));
}

#[test]
fn a_remark_about_an_accepted_answer_comes_before_the_next_question() {
    let turn = goes(Person::after(&[]).event(text("odd")));
    assert_eq!(texts(&turn), ["That is odd.", "phone? known: name"]);
    assert_eq!(turn.next, Next::Step(StepName::constant("phone")));
}

#[test]
fn an_optional_question_can_be_skipped_and_another_can_not() {
    let mut person = Person::after(&["Ann"]);
    let turn = goes(person.event(action(SKIP)));
    assert_eq!(turn.next, Next::Step(StepName::constant("city")));
    person.commit(&turn);
    assert_eq!(person.answer("phone"), None);
    let turn = goes(person.event(action(SKIP)));
    assert_eq!(turn, Turn::say(Reply::text("That is needed.")));
}

#[test]
fn skipping_takes_an_earlier_answer_away() {
    let mut person = Person::after(&["Ann", "1", "Austin"]);
    let edit = person.with_context(action("edit"), |form, context| {
        form.edit(context, "phone").unwrap()
    });
    person.commit(&edit);
    let FormTurn::Complete(turn) = person.event(action(SKIP)) else {
        panic!("the form is complete again");
    };
    person.complete(turn);
    assert_eq!(person.answer("phone"), None);
    assert_eq!(person.step(), "summary");
}

#[test]
fn the_last_answer_completes_it() {
    let person = Person::after(&["Ann", "1"]);
    let FormTurn::Complete(turn) = person.event(text("Austin")) else {
        panic!("it was the last question");
    };
    assert_eq!(turn.next, Next::Stay, "where to go is for the flow to say");
    assert_eq!(turn.set.get("city"), Some(&FieldValue::text("Austin")));
    assert!(turn.replies.is_empty());
}

#[test]
fn back_asks_the_question_before_again_with_the_data_that_it_had() {
    let mut person = Person::after(&["Ann", "1"]);
    let turn = goes(person.event(action(BACK)));
    assert_eq!(
        texts(&turn),
        ["phone? known: name"],
        "its own answer is open again"
    );
    person.commit(&turn);
    assert_eq!((person.step(), person.answer("phone")), ("phone", None));
    let turn = goes(person.event(action(BACK)));
    person.commit(&turn);
    assert_eq!((person.step(), person.answer("name")), ("name", None));
    assert!(matches!(person.event(action(BACK)), FormTurn::BackFromStart));
}

#[test]
fn back_from_the_end_returns_to_the_last_question() {
    let mut person = Person::after(&["Ann", "1", "Austin"]);
    assert_eq!(person.step(), "summary");
    let back = person.with_context(action(BACK), |form, context| {
        form.return_to(context, &context.step_back().unwrap()).unwrap()
    });
    assert_eq!(texts(&back), ["city? known: name phone"]);
    person.commit(&back);
    assert_eq!((person.step(), person.answer("city")), ("city", None));
}

#[test]
fn an_edited_answer_comes_straight_back_to_the_end() {
    let mut person = Person::after(&["Ann", "1", "Austin"]);
    let edit = person.with_context(action("edit"), |form, context| {
        form.edit(context, "name").unwrap()
    });
    assert_eq!(edit.next, Next::Step(StepName::constant("name")));
    person.commit(&edit);
    let rejected = goes(person.event(text("wrong")));
    assert_eq!(rejected, Turn::say(Reply::text("name can't be that (in en)")));

    let FormTurn::Complete(turn) = person.event(text("Bea")) else {
        panic!("the next question is not asked again");
    };
    person.complete(turn);
    let answers = ["name", "phone", "city"].map(|field| person.answer(field).unwrap());
    assert_eq!(answers, ["Bea", "1", "Austin"]);
    let fields: Vec<_> = person.session.data().keys().map(FieldName::as_str).collect();
    assert_eq!(fields, ["city", "name", "phone"], "no mark of the edit is left");
}

#[test]
fn back_from_an_edit_leaves_the_answer_as_it_was() {
    let mut person = Person::after(&["Ann", "1", "Austin"]);
    let edit = person.with_context(action("edit"), |form, context| {
        form.edit(context, "name").unwrap()
    });
    person.commit(&edit);
    let FormTurn::Complete(turn) = person.event(action(BACK)) else {
        panic!("not back at the end");
    };
    person.complete(turn);
    assert_eq!(
        (person.step(), person.answer("name")),
        ("summary", Some("Ann".to_owned()))
    );
    let fields: Vec<_> = person.session.data().keys().map(FieldName::as_str).collect();
    assert_eq!(fields, ["city", "name", "phone"], "no mark of the edit is left");
}

#[test]
fn what_is_no_text_is_asked_for_as_a_text() {
    let person = Person::after(&[]);
    let turn = goes(person.event(Event::Other("sticker".to_owned())));
    assert_eq!(turn, Turn::say(Reply::text("A text, please.")));
}

#[test]
fn what_is_not_for_a_question_is_left_to_the_flow() {
    let person = Person::after(&[]);
    let events = [
        action(CANCEL),
        Event::Command {
            name: "start".to_owned(),
            arguments: String::new(),
        },
        Event::TimerFired {
            name: "reminder".to_owned(),
        },
        Event::Entered,
    ];
    for event in events {
        let turn = person.with_context(event.clone(), Form::turn);
        assert!(turn.is_none(), "{event:?}");
    }
    let elsewhere = Person::after(&["Ann", "1", "Austin"]);
    let turn = elsewhere.with_context(text("hello"), Form::turn);
    assert!(turn.is_none(), "the summary is no question");
    assert!(elsewhere.with_context(text(""), |form, context| form.edit(context, "unknown").is_none()));
}

#[test]
fn a_question_asked_again_goes_on_in_order() {
    let mut person = Person::after(&["Ann", "1", "Austin"]);
    let again = person.with_context(text(""), |form, context| {
        form.ask_again(context, "phone").unwrap()
    });
    person.commit(&again);
    assert_eq!(person.step(), "phone");
    let turn = goes(person.event(text("2")));
    assert_eq!(turn.next, Next::Step(StepName::constant("city")));
}
