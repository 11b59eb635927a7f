//! The rules of the protocol, each of which can be broken.

/// The rules. [`Rules::default`] is the protocol as the code has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule of its own, broken or not"
)]
pub struct Rules {
    /// An input whose mark the session has is not applied again.
    pub looks_for_marks: bool,
    /// A tap leaves a mark for the button too, not only for the update.
    pub marks_buttons: bool,
    /// The mark is written together with what the input changes, not by a second write after it.
    pub marks_in_the_same_write: bool,
    /// The store writes only over the revision that the writer held.
    pub compares_revisions: bool,
    /// What a writer does when the answer to a write is lost.
    pub lost_answer: LostAnswer,
    /// When an update is acknowledged.
    pub acknowledgement: Acknowledgement,
    /// The replies are stored with the turn.
    pub stores_replies: bool,
    /// Replies count as delivered after they were sent, not before.
    pub notes_delivery_after_sending: bool,
    /// Replies to what nobody redelivers are sent by another process when a time is over.
    pub recovers_replies: bool,
    /// A purchase is looked up before it is made.
    pub looks_up_purchases: bool,
    /// An outside call that didn't come back is taken up when its lease is over.
    pub recovers_calls: bool,
    /// A process doesn't begin a call whose lease ended while the turn that asks for it was being committed.
    pub begins_calls_within_lease: bool,
    /// A process gives its call up before the lease ends.
    pub calls_end_before_lease: bool,
    /// The lease is longer than a request can be on its way.
    pub lease_outlives_requests: bool,
    /// The outcome of a call is taken only as long as the session waits for it.
    pub settles_outcomes_once: bool,
}

/// What a writer does when the answer to its write is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostAnswer {
    /// Reads the session back, whose revision tells what became of the write.
    ReadsBack,
    /// Makes the same conditional write again, without reading back.
    WritesAgain,
    /// Reads the session, and puts its change on top of whatever it finds.
    ChangesAnew,
    /// Takes the write for done.
    TakesItForDone,
}

/// When an update is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// After the replies were sent.
    AfterSending,
    /// After the turn was committed, before the replies are sent.
    BeforeSending,
    /// When the update was taken.
    BeforeCommitting,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            looks_for_marks: true,
            marks_buttons: true,
            marks_in_the_same_write: true,
            compares_revisions: true,
            lost_answer: LostAnswer::ReadsBack,
            acknowledgement: Acknowledgement::AfterSending,
            stores_replies: true,
            notes_delivery_after_sending: true,
            recovers_replies: true,
            looks_up_purchases: true,
            recovers_calls: true,
            begins_calls_within_lease: true,
            calls_end_before_lease: true,
            lease_outlives_requests: true,
            settles_outcomes_once: true,
        }
    }
}
