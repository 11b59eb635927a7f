//! From a turn to the one change that commits it. Pure.

use std::sync::Arc;
use std::time::Duration;

use crate::change::{PartChange, SessionChange};
use crate::clock::Timestamp;
use crate::flow::Next;
use crate::flows::{Flows, RoutedTurn};
use crate::idle::IdleStage;
use crate::input::{Input, InputId, InputKind};
use crate::key::{SessionKey, UserId};
use crate::reply::{Button, Message, Reply};
use crate::session::Session;
use crate::turn_state::{Menu, OutboxEntry, PendingEffect, RecordedError, TurnState};

/// How many inputs' replies a session keeps at most while nobody knows whether they were sent.
pub(crate) const MAX_OUTBOX: usize = 4;

/// How long a process has to send the replies to what no person did (the outcome of an effect, a timer) before another
/// sends them. Replies to a person's input need no such time: the input is redelivered.
pub(crate) const SEND_LEASE: Duration = Duration::from_secs(20);

/// A turn, ready to be committed.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The change; `None` when there is nothing to store.
    pub(crate) change: Option<SessionChange>,
    /// The replies, their buttons as the messenger carries them.
    pub(crate) replies: Arc<[Reply]>,
    /// The short answer to a tap.
    pub(crate) tap_answer: Option<String>,
}

/// What a commit takes into account besides the turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    /// The session that the turn was computed from.
    pub(crate) session: &'a Session,
    /// Whether that session is stored, or the blank one of a person who has none.
    pub(crate) stored: bool,
    /// The input that the turn answers.
    pub(crate) input: &'a Input,
    /// A text that no other turn has.
    pub(crate) token: &'a str,
    /// The inputs whose replies this process knows to be sent.
    pub(crate) delivered: &'a [InputId],
}

pub(crate) fn plan(flows: &Flows, circumstances: Circumstances<'_>, routed: RoutedTurn) -> Plan {
    let Circumstances {
        session,
        stored,
        input,
        token,
        delivered,
    } = circumstances;
    let RoutedTurn {
        mut turn,
        position,
        effects,
        leaves,
    } = routed;
    let tap_answer = turn.tap_answer.take();

    // In a flow every input is remembered, so that a redelivered one isn't answered twice, and so is every tap.
    // Outside of one, a remark that changes nothing leaves no record, and neither does a chat that is gone.
    let by_a_person = matches!(input.id, InputId::Update(_));
    let is_tap = matches!(input.kind, InputKind::Tap(_));
    let has_mark_to_keep = stored && (!by_a_person || is_tap || session.position().is_some());
    let nothing = turn.changes_nothing() && position == PartChange::Keep && effects.is_empty();
    if nothing && !has_mark_to_keep {
        return Plan {
            change: None,
            replies: turn.replies.into(),
            tap_answer,
        };
    }

    let mut change = SessionChange::new(input.at);
    if leaves {
        for name in flows.fields_of_flow(session) {
            change = change.unset(name.clone());
        }
    }
    if let Next::Back(back) = &turn.next {
        change = back.apply_to(change);
    }
    change = match &position {
        PartChange::Keep => change,
        PartChange::Remove => change.leave_flow(),
        PartChange::Set(position) => change.go_to(position.clone()),
    };
    change = turn
        .unset
        .iter()
        .fold(change, |change, name| change.unset(name.clone()));
    change = turn.set.iter().fold(change, |change, (name, value)| {
        change.set(name.clone(), value.clone())
    });

    let mut state = session.turn().clone();
    state.seen.remember(input.marks(), input.at);
    if let Some(language) = &input.language {
        state.language = Some(language.clone());
    }
    settle_history(&mut state, session, &change, &turn.next, leaves);
    offer_menu(
        &mut state,
        &mut turn.replies,
        token,
        session.key(),
        position != PartChange::Keep,
    );
    forget_progress(&mut state, input);
    settle_effects(&mut state, input, token, leaves, effects);
    state.timer = match (&turn.timer, leaves, &input.kind) {
        (PartChange::Set(timer), ..) => Some(timer.clone()),
        (PartChange::Remove, ..)
        | (PartChange::Keep, true, _)
        | (PartChange::Keep, _, InputKind::TimerFired { .. }) => None,
        (PartChange::Keep, false, _) => state.timer,
    };
    let place = match &position {
        PartChange::Keep => session.position(),
        PartChange::Remove => None,
        PartChange::Set(position) => Some(position),
    };
    let policy = place.and_then(|place| flows.idle_policy(place));
    state.idle = policy
        .filter(|_| state.effects.is_empty())
        .map(|policy| match input.kind {
            InputKind::Idle(IdleStage::Remind) => policy.after_reminder(session.key(), input.at),
            _ => policy.begin(session.key(), input.at),
        });
    if let Some(error) = &turn.error {
        state.last_error = Some(RecordedError::of(session, error, input.at));
    }
    if input.kind == InputKind::ChatGone {
        // Nobody reads what is left to be sent, and sending it would fail again and again.
        state.outbox.clear();
    }
    let replies: Arc<[Reply]> = turn.replies.into();
    fill_outbox(&mut state, input, &replies, delivered);

    let wake_at = state.wake_at();
    Plan {
        change: Some(change.turn(state).wake_at(wake_at)),
        replies,
        tap_answer,
    }
}

fn settle_history(
    state: &mut TurnState,
    session: &Session,
    change: &SessionChange,
    next: &Next,
    leaves: bool,
) {
    if leaves {
        state.history = Arc::default();
    } else if matches!(next, Next::Back(_)) {
        state.forget_last_step();
    } else if session.position().is_some() {
        state.remember_step(session, change);
    }
}

/// Stores what the buttons do, and gives each the text that the messenger hands back at a tap: the menu's token, so
/// that the buttons of an older menu are told apart, the index of the action and, where others see the buttons too, whom
/// they are for.
fn offer_menu(state: &mut TurnState, replies: &mut [Reply], token: &str, key: &SessionKey, moved: bool) {
    let token: String = token.chars().take(8).collect();
    let mut actions = Vec::new();
    for button in replies
        .iter_mut()
        .filter_map(Reply::message_mut)
        .flat_map(|message| message.buttons.iter_mut().flatten())
    {
        let data = button_data(&token, actions.len(), key);
        actions.push(std::mem::replace(&mut button.action, data));
    }
    if !actions.is_empty() {
        state.menu = Some(Menu { token, actions });
    } else if moved {
        state.menu = None;
    }
}

fn button_data(token: &str, index: usize, key: &SessionKey) -> String {
    if key.is_private() {
        format!("{token}:{index}")
    } else {
        format!("{token}:{index}:{}", key.user().0)
    }
}

impl OutboxEntry {
    /// Whether the last message of the replies has the button that carries this: then all of them were sent, since they
    /// are sent in order.
    fn ends_with_button(&self, data: &str) -> bool {
        let last = self.replies.iter().rev().find_map(Reply::message);
        last.is_some_and(|message| {
            message
                .buttons
                .iter()
                .flatten()
                .any(|button| button.action == data)
        })
    }

    /// The replies without those whose buttons a later turn has replaced: that turn has said what is asked now, and an old
    /// question below the new one would be taken for it.
    pub(crate) fn without_old_questions(&self, state: &TurnState) -> Vec<Reply> {
        let is_current = |reply: &&Reply| !reply.message().is_some_and(|message| is_old(message, state));
        self.replies.iter().filter(is_current).cloned().collect()
    }

    /// The replies without the buttons that a later turn has replaced: what came of an outside call is told whatever
    /// followed, and the buttons that are there for the present question stay the only ones.
    pub(crate) fn without_old_buttons(&self, state: &TurnState) -> Vec<Reply> {
        let mut replies = self.replies.to_vec();
        for message in replies.iter_mut().filter_map(Reply::message_mut) {
            if is_old(message, state) {
                message.buttons.clear();
            }
        }
        replies
    }
}

/// Whether a message has buttons that are none of the present menu's.
fn is_old(message: &Message, state: &TurnState) -> bool {
    let is_current = |button: &Button| state.menu.as_ref().is_some_and(|menu| menu.has(&button.action));
    message
        .buttons
        .iter()
        .flatten()
        .next()
        .is_some_and(|button| !is_current(button))
}

impl Menu {
    /// Whether a button is one of this menu's, by what it carries.
    fn has(&self, data: &str) -> bool {
        data.split_once(':').is_some_and(|(token, _)| token == self.token)
    }

    /// The action that a tap in a session of this key stands for; `None` when it is of another menu, or of none.
    pub fn action(&self, key: &SessionKey, data: &str) -> Option<&str> {
        let (_, rest) = data.split_once(':')?;
        let index = rest.split_once(':').map_or(rest, |(index, _)| index);
        let index = index.parse().ok()?;
        let action = self.actions.get(index)?;
        (data == button_data(&self.token, index, key)).then_some(action)
    }

    /// What the button for an action carries in a session of this key; `None` when the menu doesn't offer it. For whoever shows
    /// a message with the menu's buttons once more.
    pub fn data(&self, key: &SessionKey, action: &str) -> Option<String> {
        let index = self.actions.iter().position(|offered| offered == action)?;
        Some(button_data(&self.token, index, key))
    }

    /// Whom a button is for, where others see it too. What a button carries is never to be trusted: this only decides
    /// what is said.
    pub(crate) fn owner(data: &str) -> Option<UserId> {
        let (_, rest) = data.split_once(':')?;
        let (_, owner) = rest.split_once(':')?;
        owner.parse().ok().map(UserId)
    }
}

/// What a person was told when a call began ("one moment, please") is over with the call, sent or not. It is known by the
/// instant of the turn that asked for the call; were there two of the same instant, both would stay.
fn forget_progress(state: &mut TurnState, input: &Input) {
    let InputKind::EffectFinished { id, .. } = &input.kind else {
        return;
    };
    let Some(effect) = state.effects.iter().find(|effect| effect.id == *id) else {
        return;
    };
    let begun = effect.requested_at;
    let is_of_the_call = |entry: &OutboxEntry| entry.at == begun && entry.recover_at.is_none();
    if state.outbox.iter().filter(|entry| is_of_the_call(entry)).count() == 1 {
        state.outbox.retain(|entry| !is_of_the_call(entry));
    }
}

fn settle_effects(
    state: &mut TurnState,
    input: &Input,
    token: &str,
    leaves: bool,
    requests: Vec<(crate::FlowName, crate::flow::EffectRequest)>,
) {
    if let InputKind::EffectFinished { id, .. } = &input.kind {
        state.effects.retain(|effect| effect.id != *id);
    }
    if leaves {
        state.effects.retain(|effect| effect.outlives_flow);
    }
    for (index, (flow, request)) in requests.into_iter().enumerate() {
        state.effects.push(PendingEffect {
            id: format!("{token}-{index}"),
            flow,
            name: request.name,
            payload: request.payload,
            outlives_flow: request.outlives_flow,
            recoveries: 0,
            lease_millis: u64::try_from(request.lease.as_millis()).unwrap_or(u64::MAX),
            requested_at: input.at,
            recover_at: input.at + request.lease,
        });
    }
}

/// Replies stay in the outbox until it is known that they were sent, so that a redelivered input finds them.
fn fill_outbox(state: &mut TurnState, input: &Input, replies: &Arc<[Reply]>, delivered: &[InputId]) {
    let now: Timestamp = input.at;
    // Whoever presses a button has seen the message that has it, whichever process sent that.
    let is_seen = |entry: &OutboxEntry| match &input.kind {
        InputKind::Tap(tap) => entry.ends_with_button(&tap.data),
        _ => false,
    };
    let is_needed = |entry: &OutboxEntry| {
        !delivered.contains(&entry.input) && !is_seen(entry) && now.since(entry.at) <= crate::Seen::AGE
    };
    state.outbox.retain(is_needed);
    if !replies.is_empty() {
        let recover_at = (!matches!(input.id, InputId::Update(_))).then(|| now + SEND_LEASE);
        state.outbox.push(OutboxEntry {
            input: input.id.clone(),
            at: now,
            replies: Arc::clone(replies),
            recover_at,
        });
    }
    let surplus = state.outbox.len().saturating_sub(MAX_OUTBOX);
    state.outbox.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_tells_that_everything_up_to_its_button_was_seen() {
        let asked = Message::text("Which one?").row([("This", "menu:0")]);
        let entry = |replies: Vec<Reply>| OutboxEntry {
            input: InputId::Effect("e".to_owned()),
            at: Timestamp::from_millis(1),
            replies: replies.into(),
            recover_at: None,
        };
        let last = entry(vec![Reply::text("Here you are."), Reply::Message(asked.clone())]);
        assert!(last.ends_with_button("menu:0"));
        assert!(!last.ends_with_button("menu:1"));
        let followed = entry(vec![Reply::Message(asked), Reply::text("There is more to it.")]);
        assert!(
            !followed.ends_with_button("menu:0"),
            "what follows may not have been sent"
        );
    }
}
