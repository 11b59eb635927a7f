//! From what everybody tells to the report. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::phases::Phase;
use super::{Delivery, Settings};
use crate::audit::{
    BoughtLabel, Rule, Violation, check_labels, is_excused, is_trouble_excused, is_unacknowledged, millis,
};
use crate::household::Told;
use crate::latency::{Latencies, Percentiles};
use crate::report::{Isolation, Ran, Report};
use crate::storm::StormLog;
use crate::world::World;

/// Puts together what everybody tells.
pub(super) fn judge(
    settings: &Settings,
    world: &World,
    log: &StormLog,
    phases: Vec<(Phase, Vec<Told>)>,
    labels: &[BoughtLabel],
    seconds: f64,
    mut violations: Vec<Violation>,
) -> Report {
    let disturbances = log.disturbances();
    let (mut latencies, mut orders) = (Latencies::default(), Vec::new());
    let (mut answers, mut messages_repeated, mut troubles_told) = (0, 0, 0);
    let mut of_others = [Vec::new(), Vec::new()];
    for (phase, households) in phases {
        for told in households {
            for checker in told.checkers {
                let chat = checker.chat();
                latencies.add(chat, &checker.samples, &disturbances);
                answers += checker.answered;
                if !told.is_slow {
                    let times = checker.samples.iter().map(|sample| sample.took);
                    of_others[usize::from(phase.has_slow_person)].extend(times);
                }
                for repeat in &checker.repeats {
                    let is_excused = if repeat.is_outdated {
                        settings.delivery == Delivery::Webhook
                            && is_unacknowledged(&disturbances, chat, repeat.first)
                    } else {
                        is_excused(&disturbances, chat, repeat.first, repeat.again)
                    };
                    if is_excused {
                        messages_repeated += 1;
                    } else {
                        violations.push(repeat.as_violation());
                    }
                }
                for at in &checker.troubles {
                    troubles_told += 1;
                    if !is_trouble_excused(&disturbances, *at) {
                        let what = "the bot has trouble although its store was not disturbed".to_owned();
                        violations.push(Violation {
                            chat: Some(chat),
                            person: Some(checker.person),
                            ..violation(Rule::Unexpected, what, *at)
                        });
                    }
                }
                violations.extend(checker.violations);
            }
            orders.extend(told.orders);
        }
    }
    let crashes = log.crashes().into_iter();
    violations.extend(crashes.map(|(at, what)| violation(Rule::Crash, what, at)));
    violations.extend(check_labels(&orders, labels));
    let mut audit: BTreeMap<Rule, usize> = Rule::ALL.into_iter().map(|rule| (rule, 0)).collect();
    for violation in &violations {
        *audit.entry(violation.rule).or_default() += 1;
    }
    let [without, with] = of_others.map(Percentiles::of);
    Report {
        ran: Ran {
            people: settings.people,
            store: settings.store.to_string(),
            processes: settings.processes,
            delivery: settings.delivery.name().to_owned(),
            faults: settings.faults.to_string(),
            seed: settings.seed,
        },
        conversations: world.quota.count(),
        orders: orders.len(),
        purchases: orders.iter().filter(|order| order.is_confirmed).count(),
        labels: labels.len(),
        answers,
        seconds,
        answers_per_second: f64::from(u32::try_from(answers).unwrap_or(u32::MAX)) / seconds.max(0.001),
        telegram_calls: world.town.telegram_calls(),
        latency: latencies.report(),
        isolation: settings.slow_person.then_some(Isolation { without, with }),
        faults: log.counts(),
        audit,
        messages_repeated,
        troubles_told,
        violations,
        logs: None,
    }
}

/// A broken promise that no one person saw.
pub(super) fn violation(rule: Rule, what: String, at: Duration) -> Violation {
    Violation {
        rule,
        chat: None,
        person: None,
        order: None,
        at_ms: millis(at),
        what,
        before: Vec::new(),
    }
}
