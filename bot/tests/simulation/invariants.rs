//! What has to hold when all is calm again.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepkeep::ledger::{ChargeState, HistoryEntry, Ledger};
use stepkeep::localization::Language;
use stepkeep::telegram::SessionShelf;
use stepkeep_core::{InputId, MemoryStorage, OutboxEntry, ScanFilter, Session, SessionStore, StepName};

use crate::person::{QUESTIONS, WORD_FOR_WORD, place_of};
use crate::process::{LOCALIZER, Surroundings, ledger};
use crate::store::{Commit, History};
use crate::telegram::{Deed, Sent, State};

/// The texts that answer what people say who are in no dialogue, in both languages.
fn answers_to_remarks() -> Vec<String> {
    let ids = ["unknown-text", "help"];
    let both = |id| Language::ALL.map(|language| LOCALIZER.plain(language, id));
    ids.into_iter().flat_map(both).collect()
}

/// Whether nothing is left to do.
pub(crate) fn is_done(around: &Surroundings) -> bool {
    let history = around.store.history();
    let latest = history.commits.values().filter_map(|commits| commits.last());
    around.telegram.state().queue.is_empty()
        && latest
            .into_iter()
            .all(|commit| undone(&commit.session).is_empty())
}

/// The updates that a poller put aside for later.
pub(crate) async fn shelf(around: &Surroundings) -> Vec<Session> {
    let filter = ScanFilter {
        scope: Some(SessionShelf::scope()),
        ..ScanFilter::default()
    };
    let page = around.store.inner.scan(&filter, None, 10_000).await;
    page.expect("a store that works").sessions
}

/// What a session still waits for.
fn undone(session: &Session) -> Vec<String> {
    let turn = session.turn();
    let calls = turn
        .effects
        .iter()
        .map(|call| format!("the call {} is pending", call.name));
    let unsent = turn.outbox.iter().filter(|entry| entry.recover_at.is_some());
    calls
        .chain(unsent.map(|_| "an outcome is not told".to_owned()))
        .collect()
}

/// All that is wrong.
pub(crate) async fn problems(around: &Surroundings) -> Vec<String> {
    let mut problems = Vec::new();
    {
        let history = around.store.history();
        let state = around.telegram.state();
        for id in state.queue.keys() {
            problems.push(format!("update {id} is still with Telegram"));
        }
        let mut applied = BTreeMap::<i64, usize>::new();
        let mut remarks = Vec::new();
        for (person, commits) in &history.commits {
            let mut problem = |what: String| problems.push(format!("person {person}: {what}"));
            for what in commits
                .last()
                .map(|commit| undone(&commit.session))
                .unwrap_or_default()
            {
                problem(what);
            }
            let mut before: Option<&Commit> = None;
            for (place, commit) in commits.iter().enumerate() {
                if commit.held != before.map(|before| before.session.revision()) {
                    problem(format!(
                        "commit {} is not built on the one before",
                        commit.session.revision().number()
                    ));
                }
                let inputs = inputs(before, commit);
                if inputs.len() > 1 {
                    problem(format!("one commit of several inputs: {inputs:?}"));
                }
                for input in inputs {
                    let sent = match input {
                        InputId::Update(id) => {
                            *applied.entry(id).or_default() += 1;
                            state.sent.get(&id)
                        }
                        _ => None,
                    };
                    if let (Some(before), Some(Deed::Text(text))) = (before, sent.map(|sent| &sent.deed)) {
                        problems_of_an_answer(&before.session, &commit.session, text)
                            .into_iter()
                            .for_each(&mut problem);
                    }
                    let is_answered = commit
                        .session
                        .turn()
                        .outbox
                        .iter()
                        .any(|entry| entry.input == input);
                    let is_text = matches!(sent.map(|sent| &sent.deed), Some(Deed::Text(_)));
                    if is_text && !is_answered {
                        problem(format!("{input} was committed without an answer"));
                    }
                    let told = state
                        .chats
                        .get(person)
                        .map(|chat| &chat.told[..])
                        .unwrap_or_default();
                    let untold = untold(commit, &commits[place + 1..], &input, told);
                    if !untold.is_empty() && around.telegram.serves_rivals && is_text {
                        // A slow process applied what a quick one had answered outside of any dialogue, as a remark.
                        remarks.push(*person);
                        continue;
                    }
                    for text in untold {
                        problem(format!("{input} was never answered by {text:?}"));
                    }
                }
                before = Some(commit);
            }
        }
        problems.extend(problems_of_updates(&history, &state, &applied, remarks));
        problems.extend(problems_of_labels(around, &state.chats));
    }
    problems.extend(problems_of_money(around).await);
    for session in shelf(around).await {
        problems.push(format!("{} is left over", session.key()));
    }
    problems
}

/// What became of each update: applied once, or answered without a trace. `traced` are the people to whom that happened,
/// though it is in the trace.
fn problems_of_updates(
    history: &History,
    state: &State,
    applied: &BTreeMap<i64, usize>,
    traced: Vec<i64>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut remarks = BTreeMap::<i64, usize>::new();
    for person in traced {
        *remarks.entry(person).or_default() += 1;
    }
    for (id, sent) in &state.sent {
        let times = applied.get(id).copied().unwrap_or(0);
        if times > 1 {
            problems.push(format!("update {id} was applied {times} times"));
        }
        let commits = history
            .commits
            .get(&sent.person)
            .map(|commits| &commits[..])
            .unwrap_or_default();
        if times == 0 && !may_leave_no_trace(sent, commits, &state.taps) {
            problems.push(format!("update {id} was never applied: {:?}", sent.deed));
        }
        if times == 0 && matches!(sent.deed, Deed::Text(_)) {
            *remarks.entry(sent.person).or_default() += 1;
        }
    }
    let answers_to_remarks = answers_to_remarks();
    for (person, remarks) in remarks {
        let told = state
            .chats
            .get(&person)
            .map(|chat| &chat.told[..])
            .unwrap_or_default();
        let answers = told
            .iter()
            .filter(|text| answers_to_remarks.contains(text))
            .count();
        if answers < remarks {
            problems.push(format!("person {person}: {answers} answers to {remarks} remarks"));
        }
    }
    problems
}

/// The inputs that a commit applied, a tap by its update.
fn inputs(before: Option<&Commit>, commit: &Commit) -> Vec<InputId> {
    let marks = |commit: &Commit| -> Vec<InputId> {
        // As they are stored: words, and between them the minutes. No button of these people has a space in it.
        let seen = serde_json::to_value(&commit.session.turn().seen).expect("marks");
        let words = seen.as_str().expect("a text").split(' ');
        let marks = words.filter(|word| !word.is_empty() && !word.starts_with('@'));
        marks.map(|word| word.parse().expect("an input")).collect()
    };
    // One that is there a second time was applied a second time.
    let mut earlier = before.map(marks).unwrap_or_default();
    let mut new = marks(commit);
    new.retain(|input| match earlier.iter().position(|other| other == input) {
        Some(place) => {
            earlier.swap_remove(place);
            false
        }
        None => !matches!(input, InputId::Tap { .. }),
    });
    new
}

/// An answer changes the field of its question and nothing else, and leads to the next question, or nowhere.
fn problems_of_an_answer(before: &Session, after: &Session, text: &str) -> Vec<String> {
    let Some((place, step)) = before.step().and_then(|step| Some((place_of(step)?, step))) else {
        return Vec::new();
    };
    if text.starts_with('/') {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let field = |session: &Session, name: &str| session.field(name).cloned();
    for (name, _) in before.data().iter().chain(after.data()) {
        let is_own = *name == *step.as_str() || *name == *"form_editing";
        if !is_own && field(before, name.as_str()) != field(after, name.as_str()) {
            problems.push(format!("the answer {text:?} at {step} changed {name}"));
        }
    }
    let is_edit = before.field("form_editing").is_some();
    let next = QUESTIONS.get(place + 1).map_or("summary", |(_, field, _)| *field);
    let expected = if is_edit { "summary" } else { next };
    let has_moved = after.step() != Some(step);
    if has_moved && after.step().map(StepName::as_str) != Some(expected) {
        problems.push(format!("the answer {text:?} at {step} led to {:?}", after.step()));
    }
    let stored = after
        .field(step.as_str())
        .and_then(|value| value.get::<String>().ok());
    if has_moved && WORD_FOR_WORD.contains(&step.as_str()) && stored.as_deref() != Some(text) {
        problems.push(format!("the answer {text:?} at {step} was stored as {stored:?}"));
    }
    problems
}

/// The texts of a turn's replies that the person was never shown, though they were not out of date: a later turn had asked
/// something else, or the call that they told of had come back.
fn untold(commit: &Commit, later: &[Commit], input: &InputId, told: &[String]) -> Vec<String> {
    let turn = commit.session.turn();
    let menu = |commit: &Commit| commit.session.turn().menu.as_ref().map(|menu| menu.token.clone());
    let own = menu(commit);
    let is_replaced = later.iter().any(|later| menu(later) != own);
    let has_come_back = |id: &String| {
        let is_pending = |later: &Commit| later.session.turn().effects.iter().any(|effect| effect.id == *id);
        !later.iter().all(is_pending)
    };
    let is_over = |entry: &&OutboxEntry| {
        let mut calls = turn
            .effects
            .iter()
            .filter(|effect| effect.requested_at == entry.at);
        calls.any(|effect| has_come_back(&effect.id)) && matches!(input, InputId::Update(_))
    };
    let messages = turn
        .outbox
        .iter()
        .filter(|entry| entry.input == *input && !is_over(entry))
        .flat_map(|entry| entry.replies.iter())
        .filter_map(|reply| reply.message());
    let is_told = |text: &String| told.iter().any(|shown| shown.starts_with(text.as_str()));
    messages
        .filter(|message| message.buttons.is_empty() || !is_replaced)
        .map(|message| message.text.clone())
        .filter(|text| !is_told(text))
        .collect()
}

/// A tap that another one stands for, or whose menu was out of date, is answered and leaves no trace; so is a remark of
/// somebody who is in no dialogue.
fn may_leave_no_trace(sent: &Sent, commits: &[Commit], taps: &BTreeMap<String, u64>) -> bool {
    match &sent.deed {
        Deed::Tap { query, .. } => taps.contains_key(query),
        Deed::Text(_) => {
            // The session as it was when the person wrote, and as it was at any time after.
            let later = commits.partition_point(|commit| commit.at <= sent.at);
            let is_outside = |commit: &Commit| commit.session.position().is_none();
            later == 0 || commits[later - 1..].iter().any(is_outside)
        }
    }
}

/// One label for a rate, and each is told of.
/// Every label that was sold is paid once, and nothing else is.
async fn problems_of_money(around: &Surroundings) -> Vec<String> {
    let filter = ScanFilter {
        scope: Some(Ledger::scope()),
        ..ScanFilter::default()
    };
    let accounts = around.store.inner.scan(&filter, None, 10_000).await;
    let accounts = accounts.expect("a store that works").sessions;
    let store = Arc::<MemoryStorage>::clone(&around.store.inner);
    let ledger = ledger(store, around.clock);
    let mut paid = Vec::new();
    for account in accounts {
        let mut page = 0;
        loop {
            let history = ledger.history(account.key().user(), page).await;
            let history = history.expect("an account that can be read");
            paid.extend(history.entries.into_iter().filter_map(|entry| match entry {
                HistoryEntry::Charge(charge) if charge.state == ChargeState::Captured => charge.outcome,
                _ => None,
            }));
            if !history.has_older {
                break;
            }
            page += 1;
        }
    }
    let sales = around.shipping.sales();
    let mut sold: Vec<_> = sales
        .labels
        .values()
        .flatten()
        .map(|label| label.label_id.to_string())
        .collect();
    paid.sort_unstable();
    sold.sort_unstable();
    if paid == sold {
        Vec::new()
    } else {
        vec![format!("sold were {sold:?}, and paid {paid:?}")]
    }
}

fn problems_of_labels(around: &Surroundings, chats: &BTreeMap<i64, crate::chat::Chat>) -> Vec<String> {
    let sales = around.shipping.sales();
    let mut problems = Vec::new();
    for (rate, labels) in &sales.labels {
        if labels.len() > 1 {
            problems.push(format!("{} labels were sold for {rate}", labels.len()));
        }
        for label in labels {
            let number = label.tracking_number.clone().unwrap_or_default();
            let is_told = chats.values().flat_map(|chat| &chat.told).any(|text| {
                text.split(|character: char| !character.is_alphanumeric())
                    .any(|word| word == number)
            });
            if !is_told {
                problems.push(format!("nobody was told of the label {number} for {rate}"));
            }
        }
    }
    problems
}
