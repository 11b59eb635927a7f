//! The alerts that come with the bot.

use crate::promtool::promtool;
use crate::{file, is_known, names_in};

#[test]
fn prometheus_takes_the_alerts_and_they_fire_when_they_should() {
    let folder = file("deploy/prometheus");
    promtool(&folder, &["check", "rules", "alerts.yml"]);
    promtool(&folder, &["test", "rules", "alerts.test.yml"]);
}

#[test]
fn alerts_look_at_metrics_that_there_are() {
    for name in ["alerts.yml", "alerts.test.yml"] {
        let text = std::fs::read_to_string(file("deploy/prometheus").join(name)).unwrap();
        let names = names_in(&text);
        assert!(names.len() > 4, "{name} names no metrics");
        for series in names {
            assert!(is_known(series), "{name}: there is no metric {series}");
        }
    }
}
