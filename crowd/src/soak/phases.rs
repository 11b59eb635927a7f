//! Who lives where, and how many conversations are had.

use super::Settings;
use crate::household::Residents;

/// The first person's number; the sandbox has people of its own below.
const FIRST_PERSON: u32 = 10_001;

/// Of so many people, two share a group.
const GROUP_EVERY: u32 = 12;

/// A time with the same people.
#[derive(Debug, Clone)]
pub(super) struct Phase {
    pub(super) residents: Vec<Residents>,
    pub(super) conversations: usize,
    pub(super) has_slow_person: bool,
}

pub(super) fn phases_of(settings: &Settings) -> Vec<Phase> {
    let people = u32::try_from(settings.people).unwrap_or(u32::MAX);
    if !settings.slow_person {
        return vec![Phase {
            residents: residents(FIRST_PERSON, people),
            conversations: settings.conversations,
            has_slow_person: false,
        }];
    }
    // As many people in both, and one more in the second.
    let half = settings.conversations / 2;
    let second = FIRST_PERSON + people;
    let mut with = residents(second, people);
    let slow = second + people;
    with.push(Residents {
        chat: i64::from(slow),
        people: vec![slow],
        is_slow: true,
    });
    vec![
        Phase {
            residents: residents(FIRST_PERSON, people),
            conversations: half,
            has_slow_person: false,
        },
        Phase {
            residents: with,
            conversations: settings.conversations - half,
            has_slow_person: true,
        },
    ]
}

/// People in private chats, and now and then two of them in a group.
fn residents(first: u32, people: u32) -> Vec<Residents> {
    let mut residents = Vec::new();
    let mut number = first;
    while number < first + people {
        let is_group = (number - first) % GROUP_EVERY == GROUP_EVERY - 2 && number + 1 < first + people;
        let (chat, people) = if is_group {
            (-i64::from(number), vec![number, number + 1])
        } else {
            (i64::from(number), vec![number])
        };
        number += if is_group { 2 } else { 1 };
        residents.push(Residents {
            chat,
            people,
            is_slow: false,
        });
    }
    residents
}

pub(super) fn chats_of(settings: &Settings) -> Vec<i64> {
    let phases = phases_of(settings);
    let residents = phases.iter().flat_map(|phase| &phase.residents);
    residents.map(|residents| residents.chat).collect()
}
