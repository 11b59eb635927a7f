//! The admins' commands: figures of the bot, and messages to everybody.

pub mod calls;
mod words;

use std::collections::BTreeSet;

use stepkeep_core::{
    FieldName, FieldValue, FlowError, Message, Next, Progress, Reply, Turn, TurnContext, UserId,
};

use super::parts::{outcome as outcome_of, read, stored};
use super::speech::Speech;
use crate::broadcast::{
    Audience, Board, BroadcastOrder, BroadcastView, LONGEST_TEXT, SHOW_ACTION, STOP_ACTION,
};
use crate::localization::Args;
use calls::{
    BroadcastDraft, BroadcastLook, BroadcastStart, DraftOutcome, FETCH_STATISTICS, LOOK_AT_BROADCAST,
    LookOutcome, PREPARE_BROADCAST, START_BROADCAST, StartOutcome, StatisticsOutcome, StatisticsRequest,
};

const REFRESH_STATISTICS: &str = "stats:refresh";
const SEND: &str = "broadcast:send";
const DISCARD: &str = "broadcast:discard";
/// Goes on with what was shown before.
const CLOSE: &str = "admin:close";

/// What was shown and may be sent.
fn draft_field() -> FieldName {
    FieldName::constant("broadcast_draft")
}

/// A text that was shown, and to how many it goes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Draft {
    text: String,
    audience: Audience,
}

/// What has to be known to obey admins.
#[derive(Debug, Clone)]
pub(super) struct AdminDialogue {
    pub(super) admins: BTreeSet<UserId>,
}

impl AdminDialogue {
    /// The turn for an admin's command; `None` if it is none, or not for this person.
    pub(super) fn command(
        &self,
        context: &TurnContext<'_>,
        speech: &Speech<'_>,
        name: &str,
        arguments: &str,
    ) -> Result<Option<Turn>, FlowError> {
        let key = context.session.key();
        let is_known = matches!(name, "stats" | "broadcast");
        if !is_known || !self.admins.contains(&key.user()) {
            return Ok(None);
        }
        if !key.is_private() {
            return Ok(Some(Turn::say(Reply::text(speech.plain("admin-private-only")))));
        }
        Ok(Some(match name {
            "stats" => fetch_statistics(None)?,
            _ => broadcast(speech, arguments.trim())?,
        }))
    }

    /// The turn for a button of an admin's; `None` if it is none.
    pub(super) fn action(
        &self,
        context: &TurnContext<'_>,
        speech: &Speech<'_>,
        action: &str,
    ) -> Result<Option<Turn>, FlowError> {
        let target = context.tapped_message;
        let key = context.session.key();
        let user = key.user();
        let board = target.map(|message| Board {
            key: key.clone(),
            message,
        });
        if action == CLOSE {
            return Ok(Some(resume()));
        }
        // Somebody who was an admin when the button was shown may be none by now.
        if !self.admins.contains(&user) {
            return Ok(None);
        }
        Ok(match action {
            REFRESH_STATISTICS => Some(fetch_statistics(target)?),
            SEND => Some(send(context, speech, board)?),
            DISCARD => {
                let text = Message::text(speech.plain("broadcast-cancelled"));
                Some(resume().and_unset(draft_field()).and_say(at(target, text)))
            }
            STOP_ACTION => Some(look(true, board)?),
            SHOW_ACTION => Some(look(false, board)?),
            _ => None,
        })
    }
}

fn resume() -> Turn {
    Turn {
        next: Next::Resume,
        ..Turn::default()
    }
}

fn fetch_statistics(target: Option<i64>) -> Result<Turn, FlowError> {
    Ok(Turn::default()
        .and_ask(calls::request(FETCH_STATISTICS, &StatisticsRequest { target })?)
        .and_say(Reply::Progress(Progress::Typing)))
}

fn look(stops: bool, board: Option<Board>) -> Result<Turn, FlowError> {
    let look = BroadcastLook { stops, board };
    Ok(Turn::default().and_ask(calls::request(LOOK_AT_BROADCAST, &look)?))
}

/// Shows a text before it is sent; without one, how far the broadcast is.
fn broadcast(speech: &Speech<'_>, text: &str) -> Result<Turn, FlowError> {
    if text.is_empty() {
        return look(false, None);
    }
    let length = text.encode_utf16().count();
    if length > LONGEST_TEXT {
        let args = Args::new()
            .with("length", length.to_string())
            .with("limit", LONGEST_TEXT.to_string());
        return Ok(Turn::say(Reply::text(speech.text("broadcast-too-long", &args))));
    }
    let draft = BroadcastDraft {
        text: text.to_owned(),
    };
    Ok(Turn::default()
        .and_ask(calls::request(PREPARE_BROADCAST, &draft)?)
        .and_say(Reply::Progress(Progress::Typing)))
}

/// Sends what was shown.
fn send(context: &TurnContext<'_>, speech: &Speech<'_>, board: Option<Board>) -> Result<Turn, FlowError> {
    let target = context.tapped_message;
    let Some(draft) = read::<Draft>(context.session.data(), draft_field().as_str())? else {
        let text = Message::text(speech.plain("broadcast-draft-gone"));
        return Ok(Turn::say(at(target, text)));
    };
    let start = BroadcastStart {
        order: BroadcastOrder {
            id: context.token.to_owned(),
            text: draft.text,
            by: context.session.key().user(),
            language: speech.language,
            audience: draft.audience,
        },
        board,
    };
    let text = Message::text(speech.plain("broadcast-starting"));
    Ok(Turn::default()
        .and_unset(draft_field())
        .and_ask(calls::request(START_BROADCAST, &start)?)
        .and_say(at(target, text)))
}

/// The turn for what a call brought; `None` when no command of admins made it.
pub(super) fn finished(
    context: &TurnContext<'_>,
    speech: &Speech<'_>,
    name: &str,
    payload: &FieldValue,
    outcome: &FieldValue,
) -> Result<Option<Turn>, FlowError> {
    Ok(Some(match name {
        FETCH_STATISTICS => {
            let asked: StatisticsRequest = outcome_of(payload)?;
            let message = match outcome_of(outcome)? {
                StatisticsOutcome::Counted(overview) => Message::text(speech.overview(&overview)).row([
                    (speech.plain("button-refresh"), REFRESH_STATISTICS),
                    (speech.plain("button-back"), CLOSE),
                ]),
                StatisticsOutcome::Unavailable => Message::text(speech.plain("admin-unavailable")),
            };
            Turn::say(at(asked.target, message))
        }
        PREPARE_BROADCAST => prepared(context, speech, outcome_of(payload)?, &outcome_of(outcome)?)?,
        START_BROADCAST => {
            let asked: BroadcastStart = outcome_of(payload)?;
            let message = match outcome_of(outcome)? {
                StartOutcome::Started(view) => shown(context, speech, &view),
                StartOutcome::Busy(view) => busy(context, speech, &view),
                StartOutcome::Unavailable => Message::text(speech.plain("admin-unavailable")),
            };
            Turn::say(at(asked.board.map(|board| board.message), message))
        }
        LOOK_AT_BROADCAST => {
            let asked: BroadcastLook = outcome_of(payload)?;
            let usage = || speech.plain("broadcast-usage");
            let is_asked_for = asked.board.is_none();
            let message = match outcome_of(outcome)? {
                LookOutcome::Seen(view) if is_asked_for && !view.is_running() => {
                    Message::text(format!("{}\n\n{}", usage(), last(context, speech, &view)))
                }
                LookOutcome::Seen(view) => shown(context, speech, &view),
                LookOutcome::Nothing => Message::text(usage()),
                LookOutcome::Unavailable => Message::text(speech.plain("admin-unavailable")),
            };
            Turn::say(at(asked.board.map(|board| board.message), message))
        }
        _ => return Ok(None),
    }))
}

fn prepared(
    context: &TurnContext<'_>,
    speech: &Speech<'_>,
    asked: BroadcastDraft,
    outcome: &DraftOutcome,
) -> Result<Turn, FlowError> {
    Ok(match outcome {
        DraftOutcome::Ready(audience) if audience.people == 0 && audience.is_whole => {
            Turn::say(Reply::text(speech.plain("broadcast-nobody")))
        }
        DraftOutcome::Ready(audience) => {
            let audience = *audience;
            let people = speech.localizer.audience(speech.language, audience);
            let question = speech.text("broadcast-question", &Args::new().with("people", people));
            let question = Message::text(question).row([
                (speech.plain("button-send"), SEND),
                (speech.plain("button-cancel"), DISCARD),
            ]);
            let text = Reply::text(asked.text.clone());
            let draft = Draft {
                text: asked.text,
                audience,
            };
            Turn::default()
                .and_set(draft_field(), stored(&draft)?)
                .and_say(text)
                .and_say(Reply::Message(question))
        }
        DraftOutcome::Busy(view) => Turn::say(Reply::Message(busy(context, speech, view))),
        DraftOutcome::Unavailable => Turn::say(Reply::text(speech.plain("admin-unavailable"))),
    })
}

/// How far a broadcast is, with the buttons that go with it.
fn shown(context: &TurnContext<'_>, speech: &Speech<'_>, view: &BroadcastView) -> Message {
    let message = Message::text(last(context, speech, view));
    if view.is_running() {
        message.row([
            (speech.plain("button-stop"), STOP_ACTION),
            (speech.plain("button-refresh"), SHOW_ACTION),
        ])
    } else {
        message
    }
}

fn busy(context: &TurnContext<'_>, speech: &Speech<'_>, view: &BroadcastView) -> Message {
    let message = shown(context, speech, view);
    super::parts::preceded(message, &speech.plain("broadcast-busy"))
}

fn last(context: &TurnContext<'_>, speech: &Speech<'_>, view: &BroadcastView) -> String {
    speech.localizer.broadcast(speech.language, view, context.now)
}

/// In the place of a message, or as a new one.
fn at(target: Option<i64>, message: Message) -> Reply {
    match target {
        Some(target) => Reply::Edit { target, message },
        None => Reply::Message(message),
    }
}
