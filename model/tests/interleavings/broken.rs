//! Each rule is needed: without it, the check finds a run that breaks a promise.

use stateright::{Checker, HasDiscoveries, Model, Path};
use stepkeep_model::{
    ACKNOWLEDGED_LAST, ALL_ANSWERED, APPLIED_ONCE, Acknowledgement, BOUGHT_ONCE, COMMITTED_STAYS, LostAnswer,
    Protocol, Rules, Scenario,
};

use super::scenarios;

/// Looks for a run that breaks this promise.
#[track_caller]
fn breaks(promise: &'static str, rules: Rules, scenario: Scenario) {
    let protocol = Protocol { rules, scenario };
    let checker = protocol
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyOf([promise].into()))
        .spawn_bfs()
        .join();
    let run = checker.discovery(promise).map(Path::into_actions);
    assert!(run.is_some(), "nothing breaks \"{promise}\" by {rules:?}");
    println!(
        "\"{promise}\" is broken, as {} states show, by {run:?}",
        checker.unique_state_count()
    );
}

#[test]
fn without_marks_a_redelivered_answer_counts_twice() {
    let rules = Rules {
        looks_for_marks: false,
        ..Rules::default()
    };
    breaks(APPLIED_ONCE, rules, scenarios::two_answers());
}

#[test]
fn without_marks_of_buttons_a_double_press_counts_twice() {
    let rules = Rules {
        marks_buttons: false,
        ..Rules::default()
    };
    breaks(APPLIED_ONCE, rules, scenarios::a_double_press());
}

#[test]
fn with_marks_in_a_second_write_an_answer_counts_twice() {
    let rules = Rules {
        marks_in_the_same_write: false,
        ..Rules::default()
    };
    breaks(APPLIED_ONCE, rules, scenarios::two_answers());
}

#[test]
fn without_comparing_revisions_an_answer_is_written_over() {
    let rules = Rules {
        compares_revisions: false,
        ..Rules::default()
    };
    breaks(COMMITTED_STAYS, rules, scenarios::two_answers());
}

#[test]
fn a_change_that_is_made_anew_after_a_lost_answer_counts_twice() {
    let rules = Rules {
        lost_answer: LostAnswer::ChangesAnew,
        ..Rules::default()
    };
    breaks(APPLIED_ONCE, rules, scenarios::two_answers());
}

#[test]
fn a_write_that_is_taken_for_done_after_a_lost_answer_loses_an_answer() {
    let rules = Rules {
        lost_answer: LostAnswer::TakesItForDone,
        ..Rules::default()
    };
    breaks(ACKNOWLEDGED_LAST, rules, scenarios::two_answers());
    breaks(ALL_ANSWERED, rules, scenarios::two_answers());
}

#[test]
fn an_update_that_is_acknowledged_before_it_is_committed_is_lost() {
    let rules = Rules {
        acknowledgement: Acknowledgement::BeforeCommitting,
        ..Rules::default()
    };
    breaks(ACKNOWLEDGED_LAST, rules, scenarios::two_answers());
    breaks(ALL_ANSWERED, rules, scenarios::two_answers());
}

#[test]
fn an_update_that_is_acknowledged_before_its_replies_are_sent_is_never_answered() {
    let rules = Rules {
        acknowledgement: Acknowledgement::BeforeSending,
        ..Rules::default()
    };
    breaks(ACKNOWLEDGED_LAST, rules, scenarios::two_answers());
    breaks(ALL_ANSWERED, rules, scenarios::two_answers());
}

#[test]
fn replies_that_are_not_stored_are_never_sent_after_a_crash() {
    let rules = Rules {
        stores_replies: false,
        ..Rules::default()
    };
    breaks(ALL_ANSWERED, rules, scenarios::two_answers());
    breaks(ALL_ANSWERED, rules, scenarios::a_purchase());
}

#[test]
fn replies_that_count_as_delivered_before_they_are_sent_are_never_sent() {
    let rules = Rules {
        notes_delivery_after_sending: false,
        ..Rules::default()
    };
    breaks(ALL_ANSWERED, rules, scenarios::two_answers());
}

#[test]
fn an_outcome_whose_replies_nobody_takes_up_is_never_told() {
    let rules = Rules {
        recovers_replies: false,
        ..Rules::default()
    };
    breaks(ALL_ANSWERED, rules, scenarios::a_purchase());
}

#[test]
fn a_purchase_that_is_not_looked_up_is_made_twice() {
    let rules = Rules {
        looks_up_purchases: false,
        ..Rules::default()
    };
    breaks(BOUGHT_ONCE, rules, scenarios::a_purchase());
}

#[test]
fn a_purchase_that_nobody_takes_up_is_forgotten() {
    let rules = Rules {
        recovers_calls: false,
        ..Rules::default()
    };
    breaks(ALL_ANSWERED, rules, scenarios::a_purchase());
}

#[test]
fn a_purchase_that_begins_after_its_lease_is_made_twice() {
    let rules = Rules {
        begins_calls_within_lease: false,
        ..Rules::default()
    };
    breaks(BOUGHT_ONCE, rules, scenarios::a_purchase());
}

#[test]
fn a_purchase_that_goes_on_past_its_lease_is_made_twice() {
    let rules = Rules {
        calls_end_before_lease: false,
        ..Rules::default()
    };
    breaks(BOUGHT_ONCE, rules, scenarios::a_purchase());
}

#[test]
fn a_lease_that_is_shorter_than_a_request_buys_twice() {
    let rules = Rules {
        lease_outlives_requests: false,
        ..Rules::default()
    };
    breaks(BOUGHT_ONCE, rules, scenarios::a_purchase());
}

#[test]
fn an_outcome_that_is_taken_whenever_it_comes_counts_twice() {
    let rules = Rules {
        settles_outcomes_once: false,
        ..Rules::default()
    };
    breaks(APPLIED_ONCE, rules, scenarios::a_purchase());
}
