//! Several bots in a process, and a process that has metrics of its own.

use std::sync::Arc;

use stepkeep::metrics::{Collector, Metrics};
use stepkeep::observation::UpdateCame;
use stepkeep::telegram::Origin;

const CAME: UpdateCame = UpdateCame {
    update_id: 1,
    origin: Origin::Polling,
    kind: "text",
    attempt: 1,
};

#[test]
fn each_bot_counts_for_itself_and_the_first_that_asks_has_the_process() {
    let [one, other] = [Metrics::new(), Metrics::new()];
    assert!(one.install());
    assert!(!other.install(), "the first stays");
    one.observer().update_came(&CAME);
    other.observer().update_came(&CAME);
    other.observer().update_came(&CAME);
    let series = r#"stepkeep_updates_received_total{origin="polling",kind="text"}"#;
    assert!(
        one.render().contains(&format!("{series} 1\n")),
        "{}",
        one.render()
    );
    assert!(
        other.render().contains(&format!("{series} 2\n")),
        "two observers of one registry count together"
    );
    metrics::counter!("of_a_library").increment(1);
    assert!(one.render().contains("of_a_library 1"));
    assert!(!other.render().contains("of_a_library"));
}

#[derive(Debug)]
struct Shelf;

impl Collector for Shelf {
    fn collect(&self) {
        metrics::gauge!("books").set(3);
        metrics::counter!("borrowed_total").absolute(5);
    }
}

#[test]
fn a_source_is_asked_when_somebody_looks() {
    let metrics = Metrics::new();
    metrics.register(Arc::new(Shelf));
    for _ in 0..2 {
        let text = metrics.render();
        assert!(
            text.contains("books 3") && text.contains("borrowed_total 5"),
            "{text}"
        );
    }
}
