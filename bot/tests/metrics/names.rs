//! What Prometheus is told: names, types, labels and help.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use stepkeep::dead_letters::Reason;
use stepkeep::metrics::names::{ALL, MetricKind};
use stepkeep::metrics::{BroadcastCollector, CacheCollector, Census, CensusConfig, Metrics};
use stepkeep::observation::{
    Api, Cause, EffectChanged, EffectState, LetterPutAside, Observer, OperationName, OutsideCallFinished,
    Place, Refusal, RunAgain, TimerFired, TimerKind, TurnFinished, UpdateCame, UpdateRefused,
};
use stepkeep::telegram::Origin;
use stepkeep_core::cache::CacheStatistics;
use stepkeep_core::{
    BotId, FlowName, Layers, MemoryStorage, SessionKey, SessionStore as _, Slowness, StepName, UserId,
};
use tokio_util::sync::CancellationToken;

use crate::census::{flows, session_in};

/// Metrics that have seen one of every kind of event.
pub(crate) async fn after_one_of_each() -> Metrics {
    let metrics = Metrics::new();
    metrics.register(Arc::new(CacheCollector::new(|| vec![CacheStatistics::default()])));
    metrics.register(Arc::new(BroadcastCollector::new(Arc::default())));
    let observer = metrics.observer();
    tell_everything(&*observer);
    let observers = stepkeep::observation::Observers::new([observer]);
    let store = Layers::new(MemoryStorage::new(), "memory")
        .with_observer(Slowness::default(), Arc::new(observers))
        .into_shared();
    store.create(session_in(1, Some("sender_city"))).await.unwrap();
    let census = Census::new(
        store,
        Arc::new(stepkeep_core::SystemClock),
        flows(),
        BotId(7),
        CensusConfig {
            first_after: Duration::ZERO,
            ..CensusConfig::default()
        },
    );
    let stop = CancellationToken::new();
    let mut counts = census.counts();
    tokio::select! {
        () = census.run(&metrics, &stop) => {}
        _ = counts.changed() => {}
    }
    metrics
}

fn tell_everything(observer: &dyn Observer) {
    let key = SessionKey::private(BotId(7), UserId(42));
    observer.update_came(&UpdateCame {
        update_id: 3,
        origin: Origin::Polling,
        kind: "text",
        attempt: 1,
    });
    observer.update_refused(&UpdateRefused {
        update_id: 3,
        key: &key,
        refusal: Refusal::Flood,
    });
    let place = Place::Step(FlowName::constant("shipping"), StepName::constant("sender_city"));
    observer.turn_finished(&TurnFinished {
        key: &key,
        cause: Cause::Update {
            id: 3,
            origin: Origin::Webhook,
        },
        place: Some(&place),
        outcome: "applied",
        duration: Duration::from_millis(20),
        latency: Some(Duration::from_millis(30)),
        failure: None,
    });
    observer.turn_ran_again(&key, RunAgain::Conflict);
    observer.effect_changed(&EffectChanged {
        key: &key,
        flow: "shipping",
        name: "fetch_rates",
        state: EffectState::Started,
        duration: Duration::ZERO,
    });
    observer.timer_fired(&TimerFired {
        key: &key,
        kind: TimerKind::Remind,
        late: Duration::from_millis(700),
    });
    observer.letter_put_aside(&LetterPutAside {
        id: 3,
        key: None,
        reason: Reason::Unreadable,
    });
    observer.outside_call_finished(&OutsideCallFinished {
        api: Api::Telegram,
        operation: &OperationName::new("SendMessage"),
        outcome: "ok",
        status: None,
        duration: Duration::from_millis(80),
        held_back: Duration::ZERO,
    });
    observer.told_to_wait(Duration::from_secs(3));
    observer.waited(Duration::from_secs(3));
}

/// A metric as it was rendered.
#[derive(Debug, Default)]
struct Rendered {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
}

fn read(text: &str) -> BTreeMap<String, Rendered> {
    let mut metrics: BTreeMap<String, Rendered> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            help.clone_into(&mut metrics.entry(name.to_owned()).or_default().help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            kind.clone_into(&mut metrics.entry(name.to_owned()).or_default().kind);
        } else {
            let (series, labels) = line
                .split_once('{')
                .map_or((line.split(' ').next().unwrap(), ""), |(series, rest)| {
                    (series, rest.rsplit_once('}').unwrap().0)
                });
            let name = ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|suffix| series.strip_suffix(suffix))
                .find(|name| {
                    metrics
                        .get(*name)
                        .is_some_and(|metric| metric.kind == "histogram")
                })
                .unwrap_or(series);
            let labels = labels
                .split(',')
                .filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
            let labels: Vec<_> = labels.filter(|label| label != "le").collect();
            metrics.entry(name.to_owned()).or_default().labels.extend(labels);
        }
    }
    metrics
}

#[tokio::test]
async fn names_types_labels_and_help_stay() {
    let rendered = read(&after_one_of_each().await.render());
    let mut text = String::new();
    for (name, metric) in &rendered {
        let labels: Vec<_> = metric.labels.iter().map(String::as_str).collect();
        writeln!(
            text,
            "{name} {} [{}]\n    {}",
            metric.kind,
            labels.join(", "),
            metric.help
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn what_is_rendered_is_what_is_declared() {
    let rendered = read(&after_one_of_each().await.render());
    for (name, metric) in &rendered {
        let declared = ALL.iter().find(|declared| declared.name == name);
        let declared = declared.unwrap_or_else(|| panic!("{name} is not declared"));
        let labels: BTreeSet<_> = declared.labels.iter().map(|label| (*label).to_owned()).collect();
        assert_eq!(metric.labels, labels, "{name}");
        assert_eq!(metric.kind, declared.kind.as_str(), "{name}");
        assert_eq!(metric.help, declared.help, "{name}");
    }
    // These are a runner's and a store's, which there are none of here.
    let of_others = [
        "stepkeep_store_size_bytes",
        "stepkeep_store_size_warning_bytes",
        "stepkeep_conversations_active",
        "stepkeep_inputs_waiting",
        "stepkeep_inputs_capacity",
    ];
    for metric in ALL {
        assert!(
            rendered.contains_key(metric.name) || of_others.contains(&metric.name),
            "{} is declared, and nobody counts it",
            metric.name
        );
    }
}

#[tokio::test]
async fn every_duration_has_the_bounds_of_the_latency_log_among_its_own() {
    for metric in ALL {
        if let MetricKind::Histogram(bounds) = metric.kind {
            for bound in [1.0, 2.0, 5.0] {
                assert!(bounds.contains(&bound), "{}: {bound}", metric.name);
            }
        }
    }
}
