//! The suite that proves a store right.
//!
//! It has a case for every promise of [`SessionStore`](crate::SessionStore), and runs on any store: it asks for an empty
//! namespace, opens handles on it, and looks at nothing but what the six methods answer. A target of about twenty lines is
//! all that whoever writes a store gives to it:
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use stepkeep_core::conformance::{ConformanceTarget, Namespace, RawRecord, Support, TargetError};
//! use stepkeep_core::{MemoryStorage, SessionStore};
//!
//! /// Names the store, and knows where new namespaces come from: a temporary folder, a server's address.
//! struct Memory;
//!
//! #[async_trait]
//! impl ConformanceTarget for Memory {
//!     async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
//!         Ok(Box::new(MemoryNamespace(MemoryStorage::new())))
//!     }
//! }
//!
//! /// The sessions of one case. A file or a database goes when this is dropped.
//! struct MemoryNamespace(MemoryStorage);
//!
//! #[async_trait]
//! impl Namespace for MemoryNamespace {
//!     async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
//!         Ok(Arc::new(self.0.clone()))
//!     }
//!
//!     // The sessions go with the last handle, so this store doesn't claim to be durable. Others leave this method out.
//!     async fn close(&self, _: Arc<dyn SessionStore>) -> Result<Support, TargetError> {
//!         Ok(Support::NotClaimed)
//!     }
//!
//!     async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
//!         self.0.insert_encoded(&record.key, record.stored_form.clone().into_bytes());
//!         Ok(Support::Claimed)
//!     }
//! }
//!
//! // In a file of tests: one test for each case.
//! mod memory {
//!     stepkeep_core::conformance_tests!(super::Memory);
//! }
//!
//! // Or all at once, with a table of what passed, what failed, and what the target doesn't claim.
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let report = stepkeep_core::conformance::run_all(&Memory).await;
//! assert!(report.passed(), "{report}");
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A failed case names the promise, what was expected and what was seen. The cases that draw their operations at random say
//! with which seed; [`SEED_VARIABLE`] makes that one the first of the next run.
//!
//! Every case has failed before: the suite is run against stores with one defect each, and a case that catches none
//! of them is not accepted.

mod case;
mod cases;
mod check;
mod linearizability;
mod processes;
mod race;
mod report;
mod samples;
mod seed;
mod target;

pub use case::{Case, Verdict};
use processes::Invocation;
pub use report::Report;
pub use seed::SEED_VARIABLE;
pub use target::{
    Capability, ConformanceTarget, Loss, Namespace, RawRecord, Support, TargetError, WRONG_PASSWORD,
};

/// Hands every case to a macro: what was given in brackets after its name, then `promise module::name;` for each.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_conformance_case {
    ([$($callback:tt)*] $($argument:tt)*) => {
        $($callback)* ! { [$($argument)*]
            "any-1" outage::an_outage_is_an_error_and_never_an_absence;
            "any-2" data::odd_keys_come_back_as_they_went_in;
            "any-2" data::every_json_value_comes_back;
            "any-2" data::data_from_nothing_to_the_limit_comes_back;
            "any-2" data::the_turn_state_comes_back_whole;
            "any-2" data::times_are_the_callers_to_the_millisecond;
            "any-2" foreign::members_of_a_newer_version_survive_an_update;
            "any-3" handles::two_handles_on_the_same_data_agree;
            "any-3" processes::two_processes_that_count_in_one_session_lose_no_count;
            "any-3" processes::of_creates_by_two_processes_one_wins;
            "any-4" handles::what_was_acknowledged_is_there_after_a_reopen;
            "any-5" histories::the_history_of_every_session_is_linearisable;
            "any-5" model::every_answer_is_the_one_that_a_map_would_give;
            "any-5" cancellation::a_dropped_update_happens_whole_or_not_at_all;
            "any-5" cancellation::a_dropped_create_or_clear_happens_whole_or_not_at_all;
            "any-6" lost::a_create_that_is_lost_on_its_way_is_never_answered_wrongly;
            "any-6" lost::an_update_that_is_lost_on_its_way_is_never_answered_wrongly;
            "any-6" lost::a_clear_that_is_lost_on_its_way_is_never_answered_wrongly;
            "any-7" outage::writers_go_on_by_themselves_after_an_outage;
            "any-7" outage::a_store_that_is_away_at_first_is_found_later;
            "any-8" passwords::a_wrong_password_is_refused_and_never_shown;
            "create-1" create::a_session_is_stored_as_it_is;
            "create-2" create::a_second_create_changes_nothing_and_gets_the_stored_session;
            "create-3" create::the_same_create_again_answers_the_stored_session;
            "create-4" create::of_many_creates_at_once_one_wins;
            "create-5" create::a_session_after_a_clear_has_a_revision_that_the_key_never_had;
            "create-6" create::a_session_over_the_limit_is_not_created;
            "create-7" foreign::a_create_leaves_what_it_can_not_read;
            "get-1" get::a_get_answers_none_only_when_there_is_none;
            "get-2" get::a_get_sees_every_write_that_was_acknowledged;
            "get-3" get::keys_that_differ_in_one_part_are_different_sessions;
            "get-4" foreign::a_get_of_what_can_not_be_read_names_the_key;
            "update-1" update::an_update_stores_exactly_what_the_change_makes;
            "update-2" update::an_update_of_an_older_revision_changes_nothing_and_gets_the_stored_session;
            "update-3" update::the_same_update_again_answers_the_stored_session;
            "update-4" update::of_many_updates_of_one_revision_one_wins;
            "update-4" update::counting_by_many_at_once_loses_no_count;
            "update-5" update::an_update_never_creates_a_session;
            "update-6" update::an_update_never_takes_a_recreated_session_for_the_held_one;
            "update-7" update::an_update_over_the_limit_leaves_the_session;
            "update-8" foreign::an_update_leaves_what_it_can_not_read;
            "clear-1" clear::a_clear_removes_what_is_there;
            "clear-1" clear::of_many_clears_at_once_one_removes;
            "clear-1" foreign::a_clear_removes_what_can_not_be_read;
            "clear-2" clear::a_clear_at_the_stored_revision_removes;
            "clear-3" clear::a_clear_at_another_revision_changes_nothing_and_gets_the_stored_session;
            "clear-3" foreign::a_clear_at_a_revision_leaves_what_it_can_not_read;
            "clear-4" clear::a_clear_of_nothing_answers_false;
            "cleanup-1" cleanup::a_cleanup_removes_what_was_last_updated_before_the_cutoff;
            "cleanup-1" cleanup::each_scope_has_its_own_cutoff;
            "cleanup-1" foreign::a_cleanup_is_not_stopped_by_what_it_can_not_read;
            "cleanup-2" cleanup::a_kept_scope_stays_however_old;
            "cleanup-3" cleanup::a_session_with_a_wake_time_stays;
            "cleanup-4" cleanup::a_session_that_is_updated_while_a_cleanup_runs_stays;
            "cleanup-4" cleanup::updates_get_through_while_many_sessions_are_removed;
            "cleanup-5" cleanup::a_cleanup_counts_what_it_removed;
            "scan-1" scan::a_scan_visits_every_session_once;
            "scan-1" scan::a_cursor_goes_on_in_another_handle;
            "scan-1" scan::a_cursor_goes_on_after_a_reopen;
            "scan-2" scan::a_scan_visits_those_that_stand_still_while_others_change;
            "scan-2" scan::a_scan_visits_those_that_stand_still_while_tasks_write;
            "scan-3" scan::all_conditions_of_a_filter_hold;
            "scan-4" foreign::a_scan_reports_what_it_can_not_read_and_goes_on;
            "scan-5" scan::a_page_has_at_most_its_limit_and_the_last_has_no_cursor;
            "scan-6" scan::a_page_of_none_and_a_cursor_of_another_store_are_refused;
        }
    };
}

macro_rules! list_cases {
    ([] $($promise:literal $module:ident::$name:ident;)*) => {
        /// Every case, for runners of your own.
        pub const CASES: &[Case] = &[$(Case {
            promise: $promise,
            name: stringify!($name),
            body: |fixture| Box::pin(cases::$module::$name(fixture)),
        }),*];
    };
}

__for_each_conformance_case! { [list_cases] }

/// Makes a `#[test]` of each case, for a target given by an expression.
///
/// The tests bring a runtime of their own. In one file, put each target into a module of its own: the names of the
/// tests are those of the cases. See [`conformance`](crate::conformance) for an example.
#[macro_export]
macro_rules! conformance_tests {
    ($target:expr) => {
        $crate::__for_each_conformance_case! { [$crate::__conformance_test] $target }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_test {
    ([$target:expr] $($promise:literal $module:ident::$name:ident;)*) => {
        $(
            #[test]
            fn $name() {
                $crate::conformance::assert_passes_in(&$target, stringify!($name), module_path!());
            }
        )*
    };
}

/// Runs every case, one after another, each in a namespace of its own.
///
/// It needs a Tokio runtime; only one with several threads makes the races real.
pub async fn run_all(target: &dyn ConformanceTarget) -> Report {
    let mut results = Vec::with_capacity(CASES.len());
    for case in CASES {
        results.push((*case, case.run(target).await));
    }
    Report::new(results)
}

/// The body of a test that is one case: runs it in a runtime of its own.
///
/// # Panics
/// When the case fails, when no case has that name, and when there is no runtime to be had.
pub fn assert_passes(target: &dyn ConformanceTarget, name: &str) {
    assert_passes_by(target, name, Invocation::of_this_thread());
}

/// The same for a test that has the case's name and stands in this module.
///
/// # Panics
/// As [`assert_passes`].
#[doc(hidden)]
pub fn assert_passes_in(target: &dyn ConformanceTarget, name: &str, module: &str) {
    assert_passes_by(target, name, Invocation::of_test(module, name));
}

#[expect(clippy::panic, reason = "a test fails by a panic")]
fn assert_passes_by(target: &dyn ConformanceTarget, name: &str, invocation: Invocation) {
    let Some(case) = CASES.iter().find(|case| case.name() == name) else {
        panic!("the suite has no case {name:?}");
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    match runtime.block_on(case.run_in(target, invocation)) {
        Verdict::Passed => {}
        Verdict::Failed(problem) => panic!("[{}] {}: {problem}", case.promise(), case.name()),
        Verdict::NotClaimed(capability) => {
            println!(
                "[{}] {}: the target does not claim {capability}",
                case.promise(),
                case.name()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CASES, Case};

    /// The ids in the contract's text: a word, a hyphen and a number in brackets and back quotes.
    fn promises_of_the_contract() -> BTreeSet<&'static str> {
        include_str!("../store.rs")
            .lines()
            .filter(|line| line.trim_start().starts_with("///"))
            .flat_map(|line| line.split("`[").skip(1))
            .filter_map(|rest| rest.split_once("]`"))
            .map(|(id, _)| id)
            .filter(|id| {
                id.rsplit_once('-')
                    .is_some_and(|(_, number)| number.parse::<u32>().is_ok())
            })
            .collect()
    }

    #[test]
    fn every_promise_has_a_case_and_every_case_a_promise() {
        let checked: BTreeSet<_> = CASES.iter().map(Case::promise).collect();
        assert_eq!(checked, promises_of_the_contract());
        assert!(checked.len() > 30, "the contract's text was not found");
    }

    #[test]
    fn no_two_cases_have_the_same_name() {
        let names: BTreeSet<_> = CASES.iter().map(Case::name).collect();
        assert_eq!(names.len(), CASES.len());
    }
}
