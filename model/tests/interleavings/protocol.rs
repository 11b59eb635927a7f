//! The protocol as the code has it keeps every promise.

use stateright::{Checker, Expectation, Model, Path};
use stepkeep_model::{
    CONFLICT, LEASE_TAKEN, LOOKED_UP, LostAnswer, Protocol, REPEATED, Rules, Scenario, find_circle,
};

use super::scenarios;

/// Goes through every state. Besides the promises, the check has to get to the places that it is for.
#[track_caller]
fn holds(rules: Rules, scenario: Scenario, gets_to: &[&str]) {
    let protocol = Protocol { rules, scenario };
    let checker = protocol.clone().checker().threads(2).spawn_bfs().join();
    println!(
        "{:?}: {} states, {} steps between them",
        protocol.scenario,
        checker.unique_state_count(),
        checker.state_count(),
    );
    for property in protocol.properties() {
        let found = checker.discovery(property.name);
        if property.expectation == Expectation::Sometimes {
            let must_be_found = gets_to.contains(&property.name);
            assert!(found.is_some() || !must_be_found, "never: {}", property.name);
        } else {
            let run = found.map(Path::into_actions);
            assert!(run.is_none(), "not always: {}: {run:?}", property.name);
        }
    }
}

#[test]
fn answers_are_applied_once_and_answered() {
    holds(Rules::default(), scenarios::two_answers(), &[CONFLICT, REPEATED]);
}

#[test]
fn a_double_press_is_one_tap() {
    holds(
        Rules::default(),
        scenarios::a_double_press(),
        &[CONFLICT, REPEATED],
    );
}

#[test]
fn a_purchase_is_made_once_and_its_outcome_told() {
    holds(
        Rules::default(),
        scenarios::a_purchase(),
        &[CONFLICT, REPEATED, LEASE_TAKEN, LOOKED_UP],
    );
}

#[test]
fn a_purchase_that_is_pressed_twice_is_made_once() {
    holds(
        Rules::default(),
        scenarios::a_purchase_pressed_twice(),
        &[CONFLICT, LEASE_TAKEN, LOOKED_UP],
    );
}

#[test]
fn a_purchase_is_made_once_while_the_person_goes_on() {
    holds(
        Rules::default(),
        scenarios::a_purchase_and_an_answer(),
        &[CONFLICT, LEASE_TAKEN, LOOKED_UP],
    );
}

/// The marks catch what reading back would have: a write that is refused because of its own success is found applied.
/// (Reading back saves the wait for a lease, and is promised to those who use a store without the engine.)
#[test]
fn a_conflict_with_its_own_success_is_caught_by_the_marks() {
    let rules = Rules {
        lost_answer: LostAnswer::WritesAgain,
        ..Rules::default()
    };
    holds(rules, scenarios::two_answers(), &[CONFLICT]);
    holds(rules, scenarios::a_purchase(), &[CONFLICT]);
}

/// Promises about the end of a run mean something only if runs end.
#[test]
fn every_run_comes_to_an_end() {
    for scenario in [
        scenarios::two_answers(),
        scenarios::a_double_press(),
        scenarios::a_purchase_pressed_twice(),
        scenarios::a_purchase_and_an_answer(),
    ] {
        let protocol = Protocol {
            rules: Rules::default(),
            scenario,
        };
        match find_circle(&protocol) {
            Ok(states) => println!("no circle in {states} states"),
            Err(circle) => panic!("a run goes round in circles: {circle:#?}"),
        }
    }
}
