//! What may happen next, and what it leads to.

use stateright::{Model, Property};

use crate::promises;
use crate::rules::{Acknowledgement, LostAnswer, Rules};
use crate::scenario::{Scenario, Trouble};
use crate::session::{Id, Ids, Session};
use crate::turns::{Circumstances, send_and_then_acknowledge};
use crate::world::{Call, Job, Purpose, Stage, Task, Worker, World, Write};

/// The protocol by some rules, in a scenario.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The rules.
    pub rules: Rules,
    /// What comes in, and what may go wrong.
    pub scenario: Scenario,
}

/// One step. The number is the process that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Telegram hands an update out; the process reads the session and computes the turn.
    Take(usize, usize),
    /// The outcome of the purchase has its turn.
    TakeOutcome(usize),
    /// The process finds the session due, and takes up what was left undone.
    TakeUp(usize),
    /// The store makes the write, or refuses it, and says so.
    Write(usize),
    /// The store makes the write, and its answer is lost.
    LoseAnswer(usize),
    /// The write is given up, and is still on its way.
    Delay(usize),
    /// The process reads back what became of its write.
    ReadBack(usize),
    /// Telegram takes the replies.
    Send(usize),
    /// Telegram fails; the flag says whether it took the replies all the same.
    FailToSend(usize, bool),
    /// Telegram is told to forget the update.
    Acknowledge(usize),
    /// The shipping API is asked for the label.
    LookUp(usize),
    /// The purchase is sent off.
    Request(usize),
    /// The shipping API sells the label; the flag says whether its answer arrives.
    Sell(usize, bool),
    /// The purchase is lost on its way.
    LoseRequest(usize),
    /// The process gives its call up.
    GiveUpCall(usize),
    /// The process dies; another takes its place.
    Crash(usize),
    /// The process dies, and its write is still on its way.
    CrashWriting(usize),
    /// A write that was given up happens after all, or is refused.
    LateWrite,
    /// It is lost.
    LoseLateWrite,
    /// The shipping API sells by a request that nobody waits for any more.
    SellToNobody,
    /// Such a request is lost.
    LoseStrayRequest,
    /// The time that a process had for the purchase is over.
    EndCallLease,
    /// The time that a process had for sending the outcome's replies is over.
    EndSendLease,
}

impl Action {
    /// Whether it is trouble, rather than the course of things: what may happen, but need not.
    pub const fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::LoseAnswer(_)
                | Self::Delay(_)
                | Self::FailToSend(..)
                | Self::Sell(_, false)
                | Self::LoseRequest(_)
                | Self::GiveUpCall(_)
                | Self::Crash(_)
                | Self::CrashWriting(_)
        )
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.scenario.trouble)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (name, worker) in world.workers.iter().enumerate() {
            match &worker.job {
                None => self.jobs(world, name, actions),
                Some(job) => steps(&job.stage, world.trouble, world.late.is_some(), name, actions),
            }
            calls(worker, world.trouble, name, actions);
            if world.trouble.crashes > 0 && *worker != Worker::default() {
                actions.push(Action::Crash(name));
                let is_writing = matches!(&worker.job, Some(job) if matches!(job.stage, Stage::Write { .. }));
                if is_writing && world.trouble.late_writes > 0 && world.late.is_none() {
                    actions.push(Action::CrashWriting(name));
                }
            }
        }
        if world.late.is_some() {
            actions.extend([Action::LateWrite, Action::LoseLateWrite]);
        }
        if world.stray_requests > 0 {
            actions.extend([Action::SellToNobody, Action::LoseStrayRequest]);
        }
        if self.call_lease_can_end(world) {
            actions.push(Action::EndCallLease);
        }
        if self.send_lease_can_end(world) {
            actions.push(Action::EndSendLease);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut world = world.clone();
        self.act(&mut world, action);
        world.rename_draws();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}

/// How a job goes on.
fn steps(stage: &Stage, trouble: Trouble, is_late: bool, name: usize, actions: &mut Vec<Action>) {
    match stage {
        Stage::Write { .. } => {
            actions.push(Action::Write(name));
            if trouble.lost_answers > 0 {
                actions.push(Action::LoseAnswer(name));
            }
            if trouble.late_writes > 0 && !is_late {
                actions.push(Action::Delay(name));
            }
        }
        Stage::ReadBack { .. } => actions.push(Action::ReadBack(name)),
        Stage::Send { .. } => {
            actions.push(Action::Send(name));
            if trouble.failed_sends > 0 {
                actions.extend([Action::FailToSend(name, false), Action::FailToSend(name, true)]);
            }
        }
        Stage::Acknowledge => actions.push(Action::Acknowledge(name)),
    }
}

/// How an outside call goes on.
fn calls(worker: &Worker, trouble: Trouble, name: usize, actions: &mut Vec<Action>) {
    match worker.call {
        Some(Call::LookUp | Call::LookUpAgain) => actions.push(Action::LookUp(name)),
        Some(Call::Request) => actions.push(Action::Request(name)),
        Some(Call::Requested) => {
            actions.push(Action::Sell(name, true));
            if trouble.lost_purchases > 0 {
                actions.push(Action::Sell(name, false));
            }
            if trouble.lost_requests > 0 {
                actions.push(Action::LoseRequest(name));
            }
        }
        None | Some(Call::CameBack) => return,
    }
    if trouble.delays > 0 {
        actions.push(Action::GiveUpCall(name));
    }
}

impl Protocol {
    /// What a process that is at nothing may begin.
    fn jobs(&self, world: &World, name: usize, actions: &mut Vec<Action>) {
        let worker = &world.workers[name];
        for update in self.scenario.all() {
            if !world.acknowledged.has(Id::update(update.place)) {
                actions.push(Action::Take(name, update.place));
            }
        }
        if worker.call == Some(Call::CameBack) {
            actions.push(Action::TakeOutcome(name));
        }
        let has_call_to_take = self.rules.recovers_calls && world.call_is_due() && worker.call.is_none();
        if has_call_to_take || world.replies_are_due() {
            actions.push(Action::TakeUp(name));
        }
    }

    /// A lease ends by itself when nobody is at the call. While somebody is, it takes a delay, and more than that is
    /// excluded by what the deadlines promise.
    fn call_lease_can_end(&self, world: &World) -> bool {
        let is_running = |worker: &Worker| worker.call.is_some_and(|call| call != Call::CameBack);
        let is_on_its_way = world.stray_requests > 0
            || world
                .workers
                .iter()
                .any(|worker| worker.call == Some(Call::Requested));
        let is_held = world.workers.iter().any(|worker| worker.call.is_some());
        self.rules.recovers_calls
            && world.stored.call == Some(world.call_terms_over)
            && !(self.rules.calls_end_before_lease && world.workers.iter().any(is_running))
            && !(self.rules.lease_outlives_requests && is_on_its_way)
            && (!is_held || world.trouble.delays > 0)
    }

    fn send_lease_can_end(&self, world: &World) -> bool {
        self.rules.recovers_replies
            && world.stored.outbox.has(Id::OUTCOME)
            && world.stored.send_term == world.send_terms_over
            && (world.trouble.delays > 0 || !world.workers.iter().any(is_at_replies))
    }

    fn act(&self, world: &mut World, action: Action) {
        match action {
            Action::Take(name, place) => self.take(world, name, place),
            Action::TakeOutcome(name) => self.take_outcome(world, name),
            Action::TakeUp(name) => self.take_up(world, name),
            Action::Write(name) => self.write(world, name),
            Action::LoseAnswer(name) => {
                world.trouble.lost_answers -= 1;
                if let Some(write) = stop_waiting(world, name) {
                    self.land(world, &write);
                    self.answer_is_lost(world, name);
                }
            }
            Action::Delay(name) => {
                world.trouble.late_writes -= 1;
                world.late = stop_waiting(world, name);
                self.answer_is_lost(world, name);
            }
            Action::ReadBack(name) => self.read_back(world, name),
            Action::Send(name) => {
                if let Some(replies) = replies_of(&world.workers[name]) {
                    world.told.extend(replies);
                    self.sent(world, name);
                }
            }
            Action::FailToSend(name, arrives) => {
                world.trouble.failed_sends -= 1;
                if let Some(replies) = replies_of(&world.workers[name]).filter(|_| arrives) {
                    world.told.extend(replies);
                }
                end(world, name);
            }
            Action::Acknowledge(name) => {
                if let Some(Task::Update(place)) = task(world, name) {
                    world.acknowledged.insert(Id::update(place));
                }
                end(world, name);
            }
            Action::LookUp(_) | Action::Request(_) | Action::Sell(..) | Action::LoseRequest(_) => {
                self.call(world, action);
            }
            Action::GiveUpCall(name) => {
                world.trouble.delays -= 1;
                drop_call(world, name);
            }
            Action::Crash(name) => {
                world.trouble.crashes -= 1;
                drop_call(world, name);
                world.workers[name] = Worker::default();
            }
            Action::CrashWriting(name) => {
                world.trouble.crashes -= 1;
                world.trouble.late_writes -= 1;
                world.late = stop_waiting(world, name);
                drop_call(world, name);
                world.workers[name] = Worker::default();
            }
            Action::LateWrite => {
                if let Some(write) = world.late.take() {
                    self.land(world, &write);
                }
            }
            Action::LoseLateWrite => world.late = None,
            Action::SellToNobody => {
                world.stray_requests -= 1;
                world.sold += 1;
            }
            Action::LoseStrayRequest => world.stray_requests -= 1,
            Action::EndCallLease => {
                if world.workers.iter().any(|worker| worker.call.is_some()) {
                    world.trouble.delays -= 1;
                }
                world.call_terms_over += 1;
            }
            Action::EndSendLease => {
                if world.workers.iter().any(is_at_replies) {
                    world.trouble.delays -= 1;
                }
                world.send_terms_over += 1;
            }
        }
    }

    fn circumstances(&self, world: &mut World, name: usize) -> Circumstances<'_> {
        Circumstances {
            rules: &self.rules,
            delivered: world.workers[name].delivered,
            draw: world.draw(),
        }
    }

    fn take(&self, world: &mut World, name: usize, place: usize) {
        if self.rules.acknowledgement == Acknowledgement::BeforeCommitting {
            world.acknowledged.insert(Id::update(place));
        }
        let turn = self.circumstances(world, name);
        let stage = turn.update(&world.stored, self.scenario.update(place));
        begin(world, name, Task::Update(place), stage);
    }

    fn take_outcome(&self, world: &mut World, name: usize) {
        let turn = self.circumstances(world, name);
        match turn.outcome(&world.stored) {
            Some(stage) => begin(world, name, Task::Outcome, stage),
            // Settled by somebody else: the call is over.
            None => world.workers[name].call = None,
        }
    }

    fn take_up(&self, world: &mut World, name: usize) {
        let call_is_due =
            self.rules.recovers_calls && world.call_is_due() && world.workers[name].call.is_none();
        let replies_are_due = world.replies_are_due();
        let turn = self.circumstances(world, name);
        let stage = turn.recovery(&world.stored, call_is_due, replies_are_due);
        begin(world, name, Task::Recovery, stage);
    }

    /// The store's part: a write over the revision that its writer held.
    fn land(&self, world: &mut World, write: &Write) -> bool {
        if self.rules.compares_revisions && world.stored.revision != write.held {
            return false;
        }
        world.stored = write.new.clone();
        for (place, committed) in world.committed.iter_mut().enumerate() {
            *committed |= world.stored.applied[place] > 0;
        }
        true
    }

    fn write(&self, world: &mut World, name: usize) {
        let Some(Stage::Write { write, purpose, lost }) = stage(world, name).cloned() else {
            return;
        };
        if self.land(world, &write) {
            self.committed(world, name, purpose, write.new);
        } else if lost && world.stored.revision == write.new.revision {
            // It was an earlier attempt of this very write that happened.
            let session = world.stored.clone();
            self.committed(world, name, purpose, session);
        } else {
            // Whoever was refused because others wrote first, or can't tell, looks at the session that there is now.
            self.again(world, name, purpose);
        }
    }

    fn answer_is_lost(&self, world: &mut World, name: usize) {
        let Some(Stage::ReadBack { write, purpose }) = stage(world, name).cloned() else {
            return;
        };
        match self.rules.lost_answer {
            LostAnswer::ReadsBack | LostAnswer::ChangesAnew => {}
            LostAnswer::WritesAgain => {
                let lost = false;
                set_stage(world, name, Stage::Write { write, purpose, lost });
            }
            LostAnswer::TakesItForDone => self.committed(world, name, purpose, write.new),
        }
    }

    /// `WithRetry`: the revision tells what became of a write whose answer was lost.
    fn read_back(&self, world: &mut World, name: usize) {
        let Some(Stage::ReadBack { write, purpose }) = stage(world, name).cloned() else {
            return;
        };
        if self.rules.lost_answer == LostAnswer::ChangesAnew
            && let Some(Task::Update(place)) = task(world, name)
        {
            let turn = self.circumstances(world, name);
            let write = Write {
                held: world.stored.revision,
                new: turn.apply(&world.stored, self.scenario.update(place)),
            };
            let lost = false;
            set_stage(world, name, Stage::Write { write, purpose, lost });
        } else if world.stored.revision == write.new.revision {
            let session = world.stored.clone();
            self.committed(world, name, purpose, session);
        } else if world.stored.revision == write.held {
            let lost = true;
            set_stage(world, name, Stage::Write { write, purpose, lost });
        } else {
            self.again(world, name, purpose);
        }
    }

    /// The turn is computed again from the session as it is now. What was only a courtesy, or somebody else's by now, is
    /// left.
    fn again(&self, world: &mut World, name: usize, purpose: Purpose) {
        let Some(task) = task(world, name) else { return };
        match (purpose, task) {
            (Purpose::NoteDelivery, _) | (_, Task::Recovery) => end(world, name),
            (Purpose::Mark(replies), Task::Update(place)) => {
                let turn = self.circumstances(world, name);
                let stage = turn.mark(&world.stored, self.scenario.update(place), replies);
                set_stage(world, name, stage);
            }
            (_, Task::Update(place)) => self.take(world, name, place),
            (_, Task::Outcome) => {
                world.workers[name].job = None;
                self.take_outcome(world, name);
            }
        }
    }

    /// What follows a write that happened.
    fn committed(&self, world: &mut World, name: usize, purpose: Purpose, session: Session) {
        let Some(task) = task(world, name) else { return };
        match (purpose, task) {
            (Purpose::NoteDelivery, Task::Update(_)) => set_stage(world, name, Stage::Acknowledge),
            (Purpose::NoteDelivery, _) => end(world, name),
            (Purpose::Mark(replies), _) => set_stage(world, name, send_and_then_acknowledge(replies)),
            (Purpose::Commit { replies, starts_call }, task) => {
                let is_in_time = session.call.is_some_and(|term| term >= world.call_terms_over);
                if starts_call && (is_in_time || !self.rules.begins_calls_within_lease) {
                    let looks_up = self.rules.looks_up_purchases;
                    world.workers[name].call = Some(if looks_up { Call::LookUp } else { Call::Request });
                }
                self.is_to_be_sent(world, name, task, replies, session);
            }
        }
    }

    fn is_to_be_sent(&self, world: &mut World, name: usize, task: Task, replies: Ids, session: Session) {
        if !self.rules.notes_delivery_after_sending {
            world.workers[name].delivered.extend(replies);
        }
        match task {
            Task::Update(place) => {
                if self.rules.acknowledgement == Acknowledgement::BeforeSending {
                    world.acknowledged.insert(Id::update(place));
                }
                let stage = if self.rules.marks_in_the_same_write {
                    send_and_then_acknowledge(replies)
                } else {
                    let turn = self.circumstances(world, name);
                    turn.mark(&session, self.scenario.update(place), replies)
                };
                set_stage(world, name, stage);
            }
            Task::Outcome | Task::Recovery if replies.is_empty() => end(world, name),
            Task::Outcome | Task::Recovery => {
                let session = Some(session);
                set_stage(world, name, Stage::Send { replies, session });
            }
        }
    }

    /// What follows replies that were sent.
    fn sent(&self, world: &mut World, name: usize) {
        let Some(Stage::Send { replies, session }) = stage(world, name).cloned() else {
            return;
        };
        world.workers[name].delivered.extend(replies);
        match session {
            Some(session) if session.outbox.has(Id::OUTCOME) => {
                let turn = self.circumstances(world, name);
                let stage = turn.note_delivery(&session);
                set_stage(world, name, stage);
            }
            Some(_) => end(world, name),
            None => set_stage(world, name, Stage::Acknowledge),
        }
    }

    /// `ShippingEffects::buy_label`, and the shipping API's part of it.
    fn call(&self, world: &mut World, action: Action) {
        match action {
            Action::LookUp(name) => {
                let call = &mut world.workers[name].call;
                *call = match *call {
                    _ if world.sold > 0 => Some(Call::CameBack),
                    Some(Call::LookUp) => Some(Call::Request),
                    // Unclear: nobody buys before the lease is over.
                    _ => None,
                };
            }
            Action::Request(name) => world.workers[name].call = Some(Call::Requested),
            Action::Sell(name, is_answered) => {
                world.sold += 1;
                if !is_answered {
                    world.trouble.lost_purchases -= 1;
                }
                world.workers[name].call = Some(match (is_answered, self.rules.looks_up_purchases) {
                    (true, _) => Call::CameBack,
                    (false, true) => Call::LookUpAgain,
                    (false, false) => Call::Request,
                });
            }
            Action::LoseRequest(name) => {
                world.trouble.lost_requests -= 1;
                world.workers[name].call = Some(Call::LookUpAgain);
            }
            _ => {}
        }
    }
}

fn begin(world: &mut World, name: usize, task: Task, stage: Stage) {
    world.workers[name].job = Some(Job { task, stage });
}

fn end(world: &mut World, name: usize) {
    if task(world, name) == Some(Task::Outcome) {
        world.workers[name].call = None;
    }
    world.workers[name].job = None;
}

fn task(world: &World, name: usize) -> Option<Task> {
    world.workers[name].job.as_ref().map(|job| job.task)
}

fn stage(world: &World, name: usize) -> Option<&Stage> {
    world.workers[name].job.as_ref().map(|job| &job.stage)
}

fn set_stage(world: &mut World, name: usize, stage: Stage) {
    if let Some(job) = &mut world.workers[name].job {
        job.stage = stage;
    }
}

/// The writer waits no longer: its write, and the stage after it.
fn stop_waiting(world: &mut World, name: usize) -> Option<Write> {
    let Some(Stage::Write { write, purpose, .. }) = stage(world, name).cloned() else {
        return None;
    };
    let read_back = Stage::ReadBack {
        write: write.clone(),
        purpose,
    };
    set_stage(world, name, read_back);
    Some(write)
}

/// The call ends here. A request that is on its way stays there.
fn drop_call(world: &mut World, name: usize) {
    if world.workers[name].call.take() == Some(Call::Requested) {
        world.stray_requests += 1;
    }
}

fn replies_of(worker: &Worker) -> Option<Ids> {
    match worker.job.as_ref().map(|job| &job.stage) {
        Some(Stage::Send { replies, .. }) => Some(*replies),
        _ => None,
    }
}

/// Whether it is about to send the outcome's replies, or to note that it did.
fn is_at_replies(worker: &Worker) -> bool {
    worker
        .job
        .as_ref()
        .is_some_and(|job| matches!(job.task, Task::Outcome | Task::Recovery))
}
