use proptest::prelude::*;

use super::*;

fn job() -> Job {
    let order = BroadcastOrder {
        id: "a".to_owned(),
        text: "Hello".to_owned(),
        by: UserId(9),
        language: Language::English,
        audience: Audience {
            people: 40,
            is_whole: true,
        },
    };
    Job::begin(order, None, Timestamp::EPOCH)
}

fn hold(id: u64) -> Hold {
    Hold {
        id: id.to_string(),
        machine: None,
    }
}

/// What may happen to a broadcast.
#[derive(Debug, Clone)]
enum Event {
    Read(u8),
    Claim(u8),
    /// The fates of those who are claimed, of some of whom nothing may be said.
    Settle(Vec<Option<Fate>>),
    Die,
    Release,
    Stop,
    End,
}

fn fate() -> impl Strategy<Value = Option<Fate>> {
    prop::option::weighted(
        0.9,
        prop::sample::select(vec![
            Fate::Sent,
            Fate::Sent,
            Fate::Blocked,
            Fate::Failed,
            Fate::Unclear,
            Fate::Unsent,
        ]),
    )
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_u8..12).prop_map(Event::Read),
        6 => (1_u8..6).prop_map(Event::Claim),
        6 => prop::collection::vec(fate(), 0..8).prop_map(Event::Settle),
        1 => Just(Event::Die),
        1 => Just(Event::Release),
        1 => Just(Event::Stop),
        1 => Just(Event::End),
    ]
}

/// The job and what really happened to everybody, for comparison.
#[derive(Debug)]
struct World {
    job: Job,
    /// How often somebody may have got the message.
    tries: BTreeMap<UserId, u32>,
    next: i64,
}

impl World {
    fn happens(&mut self, event: Event) {
        let job = &mut self.job;
        match event {
            Event::Read(count) if job.needs_people() => {
                let last = self.next + i64::from(count);
                let people: Vec<_> = (self.next..last).map(UserId).collect();
                self.next = last;
                let next = (last < 40).then(|| ScanCursor::new(last.to_string()));
                job.add_people(people, next);
            }
            Event::Claim(most) if job.claimed().is_empty() && !job.stop_requested => {
                job.claim(usize::from(most));
            }
            Event::Settle(fates) => {
                let claimed = job.claimed().to_vec();
                let fates = claimed
                    .iter()
                    .zip(fates)
                    .filter_map(|(user, fate)| Some((*user, fate?)));
                let fates: BTreeMap<_, _> = fates.collect();
                for user in claimed {
                    if fates.get(&user) != Some(&Fate::Unsent) {
                        *self.tries.entry(user).or_default() += 1;
                    }
                }
                job.settle(&fates);
            }
            Event::Die => {
                for user in job.claimed() {
                    *self.tries.entry(*user).or_default() += 1;
                }
                job.take_over(hold(job.epoch));
            }
            Event::Release if job.claimed().is_empty() => job.release(),
            Event::Stop => job.stop_requested = true,
            Event::End if job.is_to_end() => job.end(Timestamp::from_millis(5)),
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn counts_add_up_and_nobody_is_tried_twice_whatever_happens(
        events in prop::collection::vec(event(), 0..120),
    ) {
        let mut world = World { job: job(), tries: BTreeMap::new(), next: 1 };
        let mut place = 0;
        for event in events {
            world.happens(event);
            let job = &world.job;
            let accounted = job.counts.all()
                + u64::try_from(job.waiting.len() + job.claimed.len()).unwrap();
            prop_assert_eq!(accounted, job.read);
            prop_assert!(job.read >= place, "the place in the list moves forward only");
            place = job.read;
            prop_assert_eq!(u64::try_from(world.tries.len()).unwrap(), job.counts.all());
            prop_assert!(world.tries.values().all(|tries| *tries == 1));
            prop_assert_eq!(job.view().is_running(), job.ended_at.is_none());
        }
        // What is stored comes back as it was.
        let job = &world.job;
        let change = stepkeep_core::SessionChange::new(Timestamp::EPOCH).set_typed(job).unwrap();
        let key = SessionKey::private(stepkeep_core::BotId(1), UserId(1));
        let stored = stepkeep_core::NewSession::new(key, change).session();
        prop_assert_eq!(&stored.typed::<Job>().unwrap(), job);
    }
}

#[test]
fn who_surely_got_nothing_is_next_in_turn() {
    let mut job = job();
    job.add_people((1..=5).map(UserId).collect(), None);
    job.claim(2);
    job.settle(&[(UserId(1), Fate::Sent), (UserId(2), Fate::Unsent)].into());
    job.claim(2);
    assert_eq!(job.claimed(), [UserId(2), UserId(3)]);
}

#[test]
fn those_whom_a_dead_process_had_claimed_are_unclear_and_not_tried_again() {
    let mut job = job();
    job.add_people((1..=5).map(UserId).collect(), None);
    job.claim(3);
    job.take_over(hold(1));
    assert_eq!(job.counts.unclear, 3);
    job.claim(10);
    assert_eq!(job.claimed(), [UserId(4), UserId(5)]);
}

#[test]
fn a_stop_that_comes_after_everybody_had_their_turn_changes_nothing() {
    let mut job = job();
    job.add_people(vec![UserId(1)], None);
    job.claim(10);
    job.stop_requested = true;
    job.settle(&[(UserId(1), Fate::Sent)].into());
    assert!(job.is_to_end());
    job.end(Timestamp::EPOCH);
    assert_eq!(job.view().state, BroadcastState::Done);
}
