//! What can be wrong with a store, and which cases have to notice.

/// Lists the defects once: each with what it is, and the cases that catch it.
macro_rules! defects {
    ($($(#[doc = $what:literal])+ $defect:ident: $($case:literal)+;)*) => {
        /// One thing that is wrong with a store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Defect { $($(#[doc = $what])+ $defect,)* }

        /// Every defect, with the cases that must fail because of it.
        pub(crate) const DEFECTS: &[(Defect, &[&str])] = &[$((Defect::$defect, &[$($case),+])),*];
    };
}

defects! {
    /// A read that fails answers that there is nothing.
    UnreachableIsAbsent: "an_outage_is_an_error_and_never_an_absence";
    /// A clear that fails answers that there was nothing.
    UnreachableIsCleared: "an_outage_is_an_error_and_never_an_absence";
    /// A scan that fails answers an empty page.
    UnreachableIsEmpty: "an_outage_is_an_error_and_never_an_absence";

    /// Keys are cut after 100 bytes.
    CutsLongKeys: "odd_keys_come_back_as_they_went_in";
    /// Every number is a float.
    FloatsOnly: "every_json_value_comes_back";
    /// A field's dots and dollar signs are replaced, inside its value too.
    EscapesMembers: "every_json_value_comes_back";
    /// Fields of more than 64 KiB are cut.
    CutsLongFields: "data_from_nothing_to_the_limit_comes_back";
    /// A field whose text is empty is not stored.
    DropsEmptyTexts: "data_from_nothing_to_the_limit_comes_back";
    /// An update resets the turn state.
    LosesTurnState: "the_turn_state_comes_back_whole" "an_update_stores_exactly_what_the_change_makes";
    /// Times are kept in seconds.
    WholeSeconds: "times_are_the_callers_to_the_millisecond";
    /// The time of the last update is the store's, not the caller's.
    ClockOfItsOwn: "times_are_the_callers_to_the_millisecond" "an_update_stores_exactly_what_the_change_makes"
        "every_answer_is_the_one_that_a_map_would_give";
    /// An update keeps the members that this version knows.
    ForgetsUnknownMembers: "members_of_a_newer_version_survive_an_update";
    /// A handle remembers what it read.
    StaleCache: "two_handles_on_the_same_data_agree" "a_get_sees_every_write_that_was_acknowledged";
    /// Everything is gone after a reopen.
    Forgetful: "what_was_acknowledged_is_there_after_a_reopen";

    /// A handle that has been through an outage never works again.
    DeadAfterAnOutage: "writers_go_on_by_themselves_after_an_outage";
    /// An outage takes every session's last count with it.
    LosesWritesInAnOutage: "writers_go_on_by_themselves_after_an_outage";
    /// A server that is away when it is connected to counts as an empty one.
    AwayIsEmpty: "a_store_that_is_away_at_first_is_found_later";
    /// A write whose answer is lost did not happen, it says.
    LostAnswerIsUnavailable: "a_create_that_is_lost_on_its_way_is_never_answered_wrongly"
        "an_update_that_is_lost_on_its_way_is_never_answered_wrongly"
        "a_clear_that_is_lost_on_its_way_is_never_answered_wrongly";
    /// A write whose request is lost did happen, it says.
    LostRequestIsDone: "a_create_that_is_lost_on_its_way_is_never_answered_wrongly"
        "an_update_that_is_lost_on_its_way_is_never_answered_wrongly"
        "a_clear_that_is_lost_on_its_way_is_never_answered_wrongly";
    /// What was lost is made again, and refused because it happened.
    RefusesItsOwnRepeat: "a_create_that_is_lost_on_its_way_is_never_answered_wrongly"
        "an_update_that_is_lost_on_its_way_is_never_answered_wrongly";
    /// Any password will do.
    TakesAnyPassword: "a_wrong_password_is_refused_and_never_shown";
    /// The refusal says which password it was.
    ShowsThePassword: "a_wrong_password_is_refused_and_never_shown";
    /// A wrong password is a server that can't be reached.
    WrongPasswordIsUnavailable: "a_wrong_password_is_refused_and_never_shown";
    /// Its lock holds within one process only.
    LocksOneProcessOnly: "two_processes_that_count_in_one_session_lose_no_count"
        "of_creates_by_two_processes_one_wins";

    /// The data is written first, the rest a little later.
    WritesInTwoParts: "a_dropped_update_happens_whole_or_not_at_all"
        "a_dropped_create_or_clear_happens_whole_or_not_at_all";

    /// Looks whether there is a session, then creates it.
    CreatesInTwoSteps: "of_many_creates_at_once_one_wins";
    /// Creates over what is there.
    CreateOverwrites: "a_second_create_changes_nothing_and_gets_the_stored_session"
        "every_answer_is_the_one_that_a_map_would_give";
    /// Creates sessions without their wake time.
    CreateDropsWakeTime: "a_session_is_stored_as_it_is";
    /// The same create again is refused.
    OwnCreateIsRefused: "the_same_create_again_answers_the_stored_session";
    /// The revisions of a key begin anew after a clear.
    RevisionRestarts: "a_session_after_a_clear_has_a_revision_that_the_key_never_had"
        "an_update_never_takes_a_recreated_session_for_the_held_one";
    /// There is no limit.
    TakesAnySize: "a_session_over_the_limit_is_not_created" "an_update_over_the_limit_leaves_the_session";
    /// Creates over what it can't read.
    CreateOverwritesUnreadable: "a_create_leaves_what_it_can_not_read";

    /// A session can be read after it was cleared.
    ReadsTheCleared: "a_get_answers_none_only_when_there_is_none" "a_clear_removes_what_is_there";
    /// The thread is no part of the key when reading.
    GetIgnoresThread: "keys_that_differ_in_one_part_are_different_sessions";
    /// The business connection is no part of the key when reading.
    GetIgnoresBusiness: "keys_that_differ_in_one_part_are_different_sessions";
    /// Scopes are the same in upper and lower case.
    GetIgnoresCase: "keys_that_differ_in_one_part_are_different_sessions";
    /// What can't be read is not there.
    UnreadableIsAbsent: "a_get_of_what_can_not_be_read_names_the_key";
    /// The error of what can't be read doesn't say what it is about.
    UnreadableHasNoKey: "a_get_of_what_can_not_be_read_names_the_key";

    /// Fields that an update unsets stay.
    KeepsUnsetFields: "an_update_stores_exactly_what_the_change_makes"
        "every_answer_is_the_one_that_a_map_would_give";
    /// The time of the last update goes back with the caller's clock.
    TimeGoesBack: "an_update_stores_exactly_what_the_change_makes";
    /// Every update draws the same, so that two writers' revisions are one.
    DrawsTheSame: "an_update_stores_exactly_what_the_change_makes";
    /// Updates whatever is there.
    IgnoresTheRevision: "an_update_of_an_older_revision_changes_nothing_and_gets_the_stored_session"
        "of_many_updates_of_one_revision_one_wins" "counting_by_many_at_once_loses_no_count"
        "an_update_never_takes_a_recreated_session_for_the_held_one"
        "the_history_of_every_session_is_linearisable";
    /// Compares the revision, then writes.
    UpdatesInTwoSteps: "of_many_updates_of_one_revision_one_wins"
        "the_history_of_every_session_is_linearisable";
    /// A conflict has the session that the caller held already.
    ConflictIsStale: "an_update_of_an_older_revision_changes_nothing_and_gets_the_stored_session";
    /// The same update again is a conflict.
    OwnUpdateIsAConflict: "the_same_update_again_answers_the_stored_session";
    /// An update of what is not there creates it.
    UpdateCreates: "an_update_never_creates_a_session";
    /// Of a revision only the number counts.
    ComparesNumbers: "an_update_never_takes_a_recreated_session_for_the_held_one";
    /// An update over the limit is refused after it was written.
    MeasuresTooLate: "an_update_over_the_limit_leaves_the_session";
    /// Updates over what it can't read.
    UpdateOverwritesUnreadable: "an_update_leaves_what_it_can_not_read";

    /// A clear answers well and removes nothing.
    ClearsNothing: "a_clear_removes_what_is_there" "a_clear_at_the_stored_revision_removes";
    /// Looks whether there is a session, then clears it.
    ClearsInTwoSteps: "of_many_clears_at_once_one_removes";
    /// A clear refuses what it can't read.
    ClearRefusesUnreadable: "a_clear_removes_what_can_not_be_read";
    /// A clear compares with the first revision of the session.
    ClearComparesTheFirst: "a_clear_at_the_stored_revision_removes";
    /// A clear removes the session at whatever revision.
    ClearIgnoresExpected: "a_clear_at_another_revision_changes_nothing_and_gets_the_stored_session"
        "every_answer_is_the_one_that_a_map_would_give";
    /// A clear at a revision removes what it can't read.
    ClearTakesUnreadable: "a_clear_at_a_revision_leaves_what_it_can_not_read";
    /// A clear of nothing says that there was something.
    ClearOfNothingIsTrue: "a_clear_of_nothing_answers_false";
    /// A clear removes a person's sessions of every scope.
    ClearTakesSiblings: "a_clear_of_nothing_answers_false" "keys_that_differ_in_one_part_are_different_sessions";

    /// A session that was updated at the cutoff goes.
    CleanupOffByOne: "a_cleanup_removes_what_was_last_updated_before_the_cutoff";
    /// Counts from when a session was created.
    CleanupByCreation: "a_cleanup_removes_what_was_last_updated_before_the_cutoff";
    /// A session goes when its last update is long ago by the store's own clock.
    CleanupByItsOwnClock: "a_cleanup_removes_what_was_last_updated_before_the_cutoff";
    /// One cutoff for all.
    CleanupIgnoresScopes: "each_scope_has_its_own_cutoff" "a_kept_scope_stays_however_old";
    /// A scope that shall be kept is like any other.
    CleanupIgnoresKept: "a_kept_scope_stays_however_old";
    /// A session that waits for its wake time goes.
    CleanupIgnoresWakeTime: "a_session_with_a_wake_time_stays";
    /// Ends at the first record that it can't read.
    CleanupStopsAtUnreadable: "a_cleanup_is_not_stopped_by_what_it_can_not_read";
    /// Finds out what is idle, then removes it.
    CleanupInTwoSteps: "a_session_that_is_updated_while_a_cleanup_runs_stays";
    /// Nothing can be updated while it runs.
    CleanupLocksOut: "updates_get_through_while_many_sessions_are_removed";
    /// Counts what it looked at.
    CleanupCountsAll: "a_cleanup_counts_what_it_removed";

    /// The first session of every page but the first is left out.
    ScanSkips: "a_scan_visits_every_session_once" "a_page_has_at_most_its_limit_and_the_last_has_no_cursor";
    /// The last session of a page is the first of the next.
    ScanRepeats: "a_scan_visits_every_session_once";
    /// The cursor counts sessions.
    ScanCounts: "a_scan_visits_those_that_stand_still_while_others_change"
        "a_scan_visits_those_that_stand_still_while_tasks_write";
    /// A cursor is good for the handle that made it.
    CursorOfOneHandle: "a_cursor_goes_on_in_another_handle" "a_cursor_goes_on_after_a_reopen";
    /// A scan is about all scopes.
    ScanIgnoresScope: "all_conditions_of_a_filter_hold" "odd_keys_come_back_as_they_went_in";
    /// A scan is about sessions of any age.
    ScanIgnoresAge: "all_conditions_of_a_filter_hold";
    /// A scan of what is due answers what wakes later too.
    ScanIgnoresDue: "all_conditions_of_a_filter_hold";
    /// Ends at the first record that it can't read.
    ScanStopsAtUnreadable: "a_scan_reports_what_it_can_not_read_and_goes_on";
    /// Says nothing about records that it can't read.
    ScanHidesUnreadable: "a_scan_reports_what_it_can_not_read_and_goes_on";
    /// A page has one session more.
    PagesTooLong: "a_page_has_at_most_its_limit_and_the_last_has_no_cursor";
    /// A limit that no database takes is an error.
    RefusesLongPages: "a_page_has_at_most_its_limit_and_the_last_has_no_cursor";
    /// Begins anew when it doesn't know the cursor.
    TakesAnyCursor: "a_page_of_none_and_a_cursor_of_another_store_are_refused";
    /// A page of zero sessions is a page.
    TakesPagesOfNone: "a_page_of_none_and_a_cursor_of_another_store_are_refused";
}
