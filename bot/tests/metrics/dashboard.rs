//! The Grafana dashboard that comes with the bot.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::promtool::promtool;
use crate::{file, is_known, names_in};

fn dashboard() -> Value {
    let text = std::fs::read_to_string(file("deploy/grafana/stepkeep.json")).unwrap();
    serde_json::from_str(&text).expect("JSON")
}

/// The title and the expressions of each panel.
fn expressions(dashboard: &Value) -> Vec<(String, Vec<String>)> {
    let panels = dashboard["panels"].as_array().expect("panels");
    let panels = panels.iter().filter(|panel| panel["type"] != "row");
    panels
        .map(|panel| {
            let title = panel["title"].as_str().expect("a title").to_owned();
            let targets = panel["targets"].as_array().expect("targets");
            let expression = |target: &Value| target["expr"].as_str().expect("an expression").to_owned();
            (title, targets.iter().map(expression).collect())
        })
        .collect()
}

#[test]
fn it_is_a_dashboard_whose_panels_stand_beside_each_other() {
    let dashboard = dashboard();
    assert!(
        dashboard["schemaVersion"]
            .as_u64()
            .is_some_and(|version| version >= 36)
    );
    assert_eq!(dashboard["uid"], "stepkeep");
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "an id is there twice");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{} is too wide", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{} lies over another panel", panel["title"]);
            }
        }
    }
}

#[test]
fn every_expression_is_one_that_prometheus_takes() {
    let mut rules = "groups:\n  - name: panels\n    rules:\n".to_owned();
    for (number, (_, expressions)) in expressions(&dashboard()).iter().enumerate() {
        for (letter, expression) in expressions.iter().enumerate() {
            // What Grafana fills in.
            let expression = expression
                .replace("$__rate_interval", "1m")
                .replace("$__range", "6h")
                .replace("$job", "stepkeep")
                .replace("$instance", ".*");
            assert!(
                !expression.contains('$'),
                "a variable that there isn't: {expression}"
            );
            let expression = Value::from(expression);
            writeln!(
                rules,
                "      - {{record: panel_{number}_{letter}, expr: {expression}}}"
            )
            .unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("panels.yml"), rules).unwrap();
    promtool(folder.path(), &["check", "rules", "panels.yml"]);
}

#[test]
fn every_panel_shows_metrics_that_there_are_and_every_metric_is_shown() {
    let mut shown = BTreeSet::new();
    for (title, expressions) in expressions(&dashboard()) {
        assert!(!expressions.is_empty(), "{title} shows nothing");
        for expression in expressions {
            let names = names_in(&expression);
            assert!(!names.is_empty(), "{title} looks at no metric: {expression}");
            for series in names {
                assert!(is_known(series), "{title}: there is no metric {series}");
                shown.insert(series.trim_end_matches("_bucket").to_owned());
            }
        }
    }
    for metric in stepkeep::metrics::names::ALL {
        let is_detail = metric.name.starts_with("process_");
        assert!(
            is_detail || shown.contains(metric.name),
            "no panel shows {}",
            metric.name
        );
    }
}
