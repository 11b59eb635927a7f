//! What holds in every state that can be reached.

use stateright::{Model, Property};

use crate::protocol::Protocol;
use crate::session::{Id, Ids};
use crate::world::{Call, Stage, Task, World};

/// No answer changes the state twice.
pub const APPLIED_ONCE: &str = "an answer changes the state once";
/// What was committed is never written over.
pub const COMMITTED_STAYS: &str = "a committed answer stays";
/// An update is acknowledged after its turn was committed and answered.
pub const ACKNOWLEDGED_LAST: &str = "an update is acknowledged after it was committed and answered";
/// No second label is bought.
pub const BOUGHT_ONCE: &str = "a label is bought at most once";
/// When there is nothing left to do, everything was done.
pub const ALL_ANSWERED: &str =
    "when nothing is left to do, every answer was applied, answered and acknowledged";

/// The check gets to a write that came too late.
pub const CONFLICT: &str = "two processes write at once";
/// The check gets to an input that comes again.
pub const REPEATED: &str = "replies are sent again";
/// The check gets to a purchase that is taken up.
pub const LEASE_TAKEN: &str = "a purchase is taken up";
/// The check gets to a purchase that is found made.
pub const LOOKED_UP: &str = "a purchase that was taken up comes back";

pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(APPLIED_ONCE, |_, world: &World| {
            world.stored.outcomes <= 1 && world.stored.applied.iter().all(|times| *times <= 1)
        }),
        Property::always(COMMITTED_STAYS, |_, world: &World| {
            let mut places = world.committed.iter().zip(world.stored.applied);
            places.all(|(committed, times)| !committed || times > 0)
        }),
        Property::always(ACKNOWLEDGED_LAST, |protocol: &Protocol, world: &World| {
            let mut updates = protocol.scenario.all();
            updates.all(|update| {
                let id = Id::update(update.place);
                let is_answered = world.stored.seen.has(id) && world.told.has(id);
                // A second press of a button is the same tap: its answer is that of the first.
                let is_repeat = Id::button(update.kind)
                    .is_some_and(|button| world.stored.seen.has(button) && !world.stored.seen.has(id));
                !world.acknowledged.has(id) || is_answered || is_repeat
            })
        }),
        Property::always(BOUGHT_ONCE, |_, world: &World| world.sold <= 1),
        Property::always(ALL_ANSWERED, |protocol: &Protocol, world: &World| {
            !is_quiet(protocol, world) || is_done(protocol, world)
        }),
        Property::sometimes(CONFLICT, |_, world: &World| {
            world.workers.iter().any(|worker| {
                matches!(worker.job.as_ref().map(|job| &job.stage),
                    Some(Stage::Write { write, .. }) if write.held != world.stored.revision)
            })
        }),
        Property::sometimes(REPEATED, |_, world: &World| {
            world.workers.iter().any(|worker| {
                matches!(worker.job.as_ref().map(|job| (job.task, &job.stage)),
                    Some((Task::Update(_), Stage::Send { replies, .. })) if world.told.has_all(*replies))
            })
        }),
        Property::sometimes(LEASE_TAKEN, |_, world: &World| {
            world.stored.call.is_some_and(|term| term > 0)
        }),
        Property::sometimes(LOOKED_UP, |_, world: &World| {
            let came_back = |call| call == Some(Call::CameBack);
            world.stored.call.is_some_and(|term| term > 0)
                && world.workers.iter().any(|worker| came_back(worker.call))
        }),
    ]
}

/// Nothing goes on any more by itself.
fn is_quiet(protocol: &Protocol, world: &World) -> bool {
    let mut actions = Vec::new();
    protocol.actions(world, &mut actions);
    actions.iter().all(|action| action.is_trouble())
}

fn is_done(protocol: &Protocol, world: &World) -> bool {
    let mut owed = Ids::default();
    for update in protocol.scenario.all() {
        let id = Id::update(update.place);
        if !world.acknowledged.has(id) || world.stored.applied[update.counts_at] != 1 {
            return false;
        }
        if world.stored.seen.has(id) {
            owed.insert(id);
        }
    }
    if world.stored.bought {
        owed.insert(Id::OUTCOME);
    }
    let is_bought = !world.stored.bought || (world.sold == 1 && world.stored.outcomes == 1);
    let is_settled = world.stored.call.is_none() && !world.stored.outbox.has(Id::OUTCOME);
    world.told.has_all(owed) && is_bought && is_settled
}
