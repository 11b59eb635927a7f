//! What admins do about charges that nothing else can settle: `/unclear` lists them, `/settle` ends them.

pub mod calls;

use std::collections::BTreeSet;

use stepkeep_core::{FieldValue, FlowError, Progress, Reply, Turn, TurnContext, UserId};

use super::parts::outcome as outcome_of;
use super::speech::Speech;
use crate::generation::TaskId;
use crate::ledger::{Charge, ChargeKind, Finding};
use crate::localization::{Args, Language, Localizer};
use calls::{FETCH_UNCLEAR, SETTLE_CHARGE, SettleOutcome, SettleRequest, UnclearOutcome};

/// The turn for a command of admins about unclear charges; `None` if it is none, or the person is no admin.
pub(super) fn command(
    admins: &BTreeSet<UserId>,
    context: &TurnContext<'_>,
    speech: &Speech<'_>,
    name: &str,
    arguments: &str,
) -> Result<Option<Turn>, FlowError> {
    let by = context.session.key().user();
    if !admins.contains(&by) {
        return Ok(None);
    }
    Ok(match name {
        "unclear" => {
            let asked = Turn::default().and_ask(calls::request(FETCH_UNCLEAR, &())?);
            Some(asked.and_say(Reply::Progress(Progress::Typing)))
        }
        "settle" => Some(match settle_request(arguments, by) {
            Some(request) => Turn::default().and_ask(calls::request(SETTLE_CHARGE, &request)?),
            None => Turn::say(Reply::text(speech.plain("settle-usage"))),
        }),
        _ => None,
    })
}

/// `<user> <charge> free`, `… taken`, or `… task <id>`.
fn settle_request(arguments: &str, by: UserId) -> Option<SettleRequest> {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let (user, charge, finding) = match words.as_slice() {
        [user, charge, "free"] => (user, charge, Finding::NotOrdered),
        [user, charge, "taken"] => (user, charge, Finding::Ordered),
        [user, charge, "task", task] => {
            let task = TaskId::new(task).ok()?;
            (user, charge, Finding::Task(task.to_string()))
        }
        _ => return None,
    };
    let user = user.parse().ok().filter(|id| *id > 0).map(UserId)?;
    Some(SettleRequest {
        user,
        charge: (*charge).to_owned(),
        finding,
        by,
    })
}

/// The turn for what a call brought; `None` when the call isn't about unclear charges.
pub(super) fn finished(
    speech: &Speech<'_>,
    name: &str,
    payload: &FieldValue,
    outcome: &FieldValue,
) -> Result<Option<Turn>, FlowError> {
    let text = match name {
        FETCH_UNCLEAR => listed(speech, outcome_of(outcome)?),
        SETTLE_CHARGE => {
            let asked: SettleRequest = outcome_of(payload)?;
            let id = match outcome_of(outcome)? {
                SettleOutcome::Settled => match asked.finding {
                    Finding::NotOrdered => "settle-freed",
                    Finding::Ordered => "settle-taken",
                    Finding::Task(_) => "settle-watched",
                },
                SettleOutcome::Already => "settle-already",
                SettleOutcome::UnderWay => "settle-under-way",
                SettleOutcome::NotOfThisKind => "settle-not-of-this-kind",
                SettleOutcome::Unknown => "settle-unknown",
                SettleOutcome::Unavailable => "ledger-unavailable",
            };
            speech.text(id, &Args::new().with("charge", asked.charge))
        }
        _ => return Ok(None),
    };
    Ok(Some(Turn::say(Reply::text(text))))
}

fn listed(speech: &Speech<'_>, outcome: UnclearOutcome) -> String {
    match outcome {
        UnclearOutcome::Unavailable => speech.plain("ledger-unavailable"),
        UnclearOutcome::Found { charges, .. } if charges.is_empty() => speech.plain("unclear-none"),
        UnclearOutcome::Found { charges, more } => {
            let mut texts: Vec<String> = charges
                .iter()
                .map(|(user, charge)| notice(speech.localizer, speech.language, *user, charge))
                .collect();
            if more > 0 {
                texts.push(speech.text("unclear-more", &Args::new().with("count", more)));
            }
            texts.join("\n\n")
        }
    }
}

/// What an admin reads about an unclear charge, with the commands that settle it.
pub fn notice(localizer: &Localizer, language: Language, user: UserId, charge: &Charge) -> String {
    let id = match charge.kind {
        ChargeKind::Label => "unclear-label",
        ChargeKind::Generation => "unclear-generation",
    };
    let args = Args::new()
        .with("user", user.0.to_string())
        .with("charge", charge.id.clone())
        .with("subject", charge.subject.clone())
        .with("amount", localizer.money(language, charge.amount))
        .with("date", localizer.date(language, charge.at));
    localizer.text(language, id, &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_read_from_the_words_of_an_admin() {
        let read = |words| settle_request(words, UserId(9)).map(|request| request.finding);
        assert_eq!(read("7 c1 free"), Some(Finding::NotOrdered));
        assert_eq!(read("  7   c1\ntaken "), Some(Finding::Ordered));
        assert_eq!(read("7 c1 task t-1"), Some(Finding::Task("t-1".to_owned())));
        for wrong in [
            "",
            "7",
            "7 c1",
            "c1 7 free",
            "-7 c1 free",
            "7 c1 task",
            "7 c1 gone",
            "7 c1 free now",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
