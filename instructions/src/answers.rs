//! A dialogue of one endless question, for turns that are all alike.

use stepkeep_core::{
    Event, FieldName, FieldValue, Flow, FlowError, FlowName, Home, Lost, Message, Reply, StepName, Turn,
    TurnContext,
};

/// Keeps every answer, and asks again.
#[derive(Debug)]
pub(crate) struct Answers;

impl Flow for Answers {
    fn name(&self) -> FlowName {
        FlowName::constant("answers")
    }

    fn version(&self) -> u32 {
        1
    }

    fn enter(&self, _: &TurnContext<'_>) -> Result<Turn, FlowError> {
        Ok(Turn::go(StepName::constant("question")).and_say(question()))
    }

    fn turn(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let Event::Text(text) = &context.event else {
            return Ok(Turn::default());
        };
        Ok(Turn::go(StepName::constant("question"))
            .and_set(FieldName::constant("field_7"), FieldValue::text(text))
            .and_say(question()))
    }

    fn resume(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        self.enter(context)
    }
}

impl Home for Answers {
    fn interrupt(&self, _: &TurnContext<'_>) -> Result<Option<Turn>, FlowError> {
        Ok(None)
    }

    fn lost(&self, _: &TurnContext<'_>, _: Lost) -> Turn {
        Turn::enter(self.name())
    }

    fn failed(&self, _: &TurnContext<'_>, _: &FlowError) -> Turn {
        Turn::say(Reply::text("That went wrong."))
    }

    fn outdated_tap(&self, _: &TurnContext<'_>) -> String {
        "This menu is out of date.".to_owned()
    }

    fn foreign_tap(&self, _: &TurnContext<'_>) -> String {
        "This menu is somebody else's.".to_owned()
    }
}

fn question() -> Reply {
    Reply::Message(
        Message::text("What is the sender's street?").row([("Back", "back"), ("Cancel", "cancel")]),
    )
}
