//! The people of one chat: one in a private chat, several in a group. They take turns, so that each message of the bot
//! can be told to be for who spoke last.

mod meddling;
mod menu;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::audit::{Checker, OrderRecord, Seen, Taken};
use crate::dialogue::Act;
use crate::faults::FaultKind;
use crate::happening::Happening;
use crate::intention::Intention;
use crate::order::Tag;
use crate::phrases::Language;
use crate::plan::{Habits, Plan};
use crate::world::World;
use menu::Menu;

/// How often it is looked whether somebody waits in vain.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// As long one waits while faults go on; a purchase whose process died is taken up after a minute.
const PATIENCE_IN_A_STORM: Duration = Duration::from_mins(5);

/// How many tries a person makes before they give an order up for lost.
const MAX_ACTS: usize = 400;

/// How often it is looked whether everything has settled.
const MAX_LOOKS: usize = 20;

/// How far back updates are delivered again: the bot remembers the last 128 of a conversation.
const REDELIVERABLE: usize = 30;

/// Who lives in a chat.
#[derive(Debug, Clone)]
pub struct Residents {
    /// The chat's id.
    pub chat: i64,
    /// The people's numbers, which are their ids too.
    pub people: Vec<u32>,
    /// The carriers take three seconds for them.
    pub is_slow: bool,
}

/// What a household has to tell at the end.
#[derive(Debug)]
pub struct Told {
    /// What each person did and saw.
    pub checkers: Vec<Checker>,
    /// Their orders.
    pub orders: Vec<OrderRecord>,
    /// Whether the carriers were slow for them.
    pub is_slow: bool,
}

struct Member {
    number: u32,
    checker: Checker,
    intention: Option<Intention>,
    rng: StdRng,
    orders: u32,
    acts: usize,
    updates: VecDeque<i64>,
    /// The latest message with buttons, as it was when it came.
    menu: Option<Menu>,
    /// Whether its buttons are still there.
    has_buttons: bool,
    earlier: VecDeque<Menu>,
}

impl Member {
    fn id(&self) -> i64 {
        i64::from(self.number)
    }
}

/// The people of a chat, at work.
pub struct Household {
    world: Arc<World>,
    residents: Residents,
    members: Vec<Member>,
    ear: mpsc::UnboundedReceiver<Happening>,
    orders: Vec<OrderRecord>,
    speaker: usize,
}

impl std::fmt::Debug for Household {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Household")
            .field("residents", &self.residents)
            .finish_non_exhaustive()
    }
}

impl Household {
    /// Moves in.
    ///
    /// # Errors
    /// When the sandbox refuses it.
    pub async fn new(world: Arc<World>, residents: Residents) -> anyhow::Result<Self> {
        let mut members = Vec::new();
        for number in residents.people.iter().copied() {
            let seed = world.seed ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut rng = StdRng::seed_from_u64(seed);
            let speaks_russian = rng.random_bool(0.2);
            let language = if residents.people.len() == 2 {
                // The bot's messages in a group name nobody; in two languages they can be told apart.
                Language::ALL[members.len() % 2]
            } else if speaks_russian {
                Language::Russian
            } else {
                Language::English
            };
            world.town.person(i64::from(number), language.code()).await?;
            members.push(Member {
                number,
                checker: Checker::new(i64::from(number), residents.chat, language),
                intention: None,
                rng,
                orders: 0,
                acts: 0,
                updates: VecDeque::new(),
                menu: None,
                has_buttons: false,
                earlier: VecDeque::new(),
            });
        }
        let ear = world.town.listens(residents.chat).await?;
        Ok(Self {
            world,
            residents,
            members,
            ear,
            orders: Vec::new(),
            speaker: 0,
        })
    }

    /// Has conversations until there are none left.
    ///
    /// # Errors
    /// When the sandbox fails.
    pub async fn lives(&mut self) -> anyhow::Result<()> {
        let mut at_work: VecDeque<usize> = (0..self.members.len()).collect();
        while let Some(speaker) = at_work.pop_front() {
            self.speaker = speaker;
            if self.members[speaker].intention.is_none() && !self.begins_a_conversation(speaker).await? {
                continue;
            }
            self.speaks(speaker).await?;
            at_work.push_back(speaker);
        }
        Ok(())
    }

    /// Hears what is still on its way once everything is quiet, and tells everything.
    pub fn tells(mut self) -> Told {
        while let Ok(happening) = self.ear.try_recv() {
            self.hears(happening);
        }
        Told {
            checkers: self.members.into_iter().map(|member| member.checker).collect(),
            orders: self.orders,
            is_slow: self.residents.is_slow,
        }
    }

    /// Takes one of the conversations that are to be had; false when there is none left.
    async fn begins_a_conversation(&mut self, speaker: usize) -> anyhow::Result<bool> {
        if !self.world.quota.take() {
            return Ok(false);
        }
        if self.members[speaker].checker.is_broken() {
            self.lets_it_settle().await?;
        }
        self.does(speaker, Act::Start).await?;
        self.waits(speaker).await?;
        if self.members[speaker].checker.is_broken() {
            // Not even that is answered.
            self.world.quota.done();
            return Ok(true);
        }
        self.plans(speaker);
        Ok(true)
    }

    /// After something went wrong: what is still on its way must not be taken for the answer to `/start`.
    async fn lets_it_settle(&mut self) -> anyhow::Result<()> {
        for _ in 0..MAX_LOOKS {
            sleep(LOOK_EVERY).await;
            let is_quiet = self.world.town.pending().await? == 0;
            let was_silent = self.ear.is_empty();
            self.hears_what_came();
            if is_quiet && was_silent {
                break;
            }
        }
        Ok(())
    }

    /// Makes up an order.
    fn plans(&mut self, speaker: usize) {
        let habits = Habits {
            bursts: self.world.faults.has(FaultKind::Bursts),
            switches_language: self.members.len() == 1,
            slow_carrier: self.residents.is_slow,
        };
        let member = &mut self.members[speaker];
        member.orders += 1;
        member.acts = 0;
        let tag = Tag {
            person: member.number,
            order: member.orders,
        };
        member.intention = Some(Intention::new(Plan::draw(&mut member.rng, tag, habits)));
    }

    /// Does the next thing, and waits for its answers.
    async fn speaks(&mut self, speaker: usize) -> anyhow::Result<()> {
        self.thinks(speaker).await;
        self.hears_what_came();
        self.others_intrude(speaker).await?;
        let member = &mut self.members[speaker];
        let Some(mut intention) = member.intention.take() else {
            return Ok(());
        };
        member.acts += 1;
        let is_lost = member.checker.is_broken() || member.acts > MAX_ACTS;
        let acts = if is_lost {
            vec![]
        } else {
            intention.next(&member.checker.dialogue)
        };
        if acts.is_empty() {
            self.ends(speaker, &intention, is_lost);
            return Ok(());
        }
        let tag = intention.plan.order.tag;
        let gives_up = acts == [Act::Cancel];
        for act in acts {
            if act == Act::Buy {
                self.confirms(speaker, tag);
            }
            self.does(speaker, act).await?;
        }
        if self.members[speaker].intention.is_none() {
            self.members[speaker].intention = Some(intention);
        }
        self.waits(speaker).await?;
        if gives_up && !self.members[speaker].checker.is_broken() {
            // And begins again, with another order.
            self.records(speaker, tag, false);
            self.plans(speaker);
        }
        Ok(())
    }

    fn ends(&mut self, speaker: usize, intention: &Intention, is_lost: bool) {
        let tag = intention.plan.order.tag;
        self.records(speaker, tag, is_lost);
        self.world.quota.done();
    }

    /// The order as it is when Buy is pressed.
    fn confirms(&mut self, speaker: usize, tag: Tag) {
        if self.orders.iter().any(|order| order.tag == tag) {
            return;
        }
        let mut order = self.record_of(speaker, tag);
        order.is_confirmed = true;
        self.orders.push(order);
    }

    fn records(&mut self, speaker: usize, tag: Tag, is_broken: bool) {
        if !self.orders.iter().any(|order| order.tag == tag) {
            let order = self.record_of(speaker, tag);
            self.orders.push(order);
        }
        let labels = &self.members[speaker].checker.labels;
        let label = labels.iter().find(|(of, _)| *of == tag);
        let label = label.map(|(_, caption)| caption.clone());
        if let Some(order) = self.orders.iter_mut().find(|order| order.tag == tag) {
            order.is_broken = is_broken;
            order.label = label;
        }
    }

    fn record_of(&self, speaker: usize, tag: Tag) -> OrderRecord {
        let member = &self.members[speaker];
        OrderRecord {
            tag,
            person: member.id(),
            chat: self.residents.chat,
            answers: member.checker.dialogue.answers.clone(),
            is_confirmed: false,
            label: None,
            is_broken: false,
        }
    }

    async fn thinks(&mut self, speaker: usize) {
        let rng = &mut self.members[speaker].rng;
        let share: f64 = rng.random_range(0.0..2.0);
        let is_slow = rng.random_bool(0.02) && self.world.faults.has(FaultKind::SlowPeople);
        let think = self.world.think.mul_f64(share);
        sleep(if is_slow {
            think + Duration::from_secs(3)
        } else {
            think
        })
        .await;
    }

    async fn does(&mut self, speaker: usize, act: Act) -> anyhow::Result<()> {
        let (world, chat) = (Arc::clone(&self.world), self.residents.chat);
        let member = &mut self.members[speaker];
        let at = world.town.now();
        let update = if let Some(text) = act.text() {
            member.checker.acts(at, &act);
            world.town.says(member.id(), chat, text).await?
        } else {
            let Some((message, data)) = self.button(speaker, &act) else {
                return Ok(());
            };
            let member = &mut self.members[speaker];
            member.checker.acts(at, &act);
            let taps = world.town.taps(member.id(), chat, message, &data).await?;
            self.taps_again(speaker, message, &data).await?;
            taps
        };
        let member = &mut self.members[speaker];
        member.updates.extend(update);
        if member.updates.len() > REDELIVERABLE {
            member.updates.pop_front();
        }
        self.meddles(speaker).await
    }

    /// The button that an act presses; `None` when there is none, which breaks a promise.
    fn button(&mut self, speaker: usize, act: &Act) -> Option<(i64, String)> {
        let now = self.world.town.now();
        let member = &mut self.members[speaker];
        let Some(menu) = &member.menu else {
            let what = format!("there never was a button for {act:?}");
            member.checker.is_stuck(now, what);
            return None;
        };
        if !member.has_buttons {
            let what = format!("the buttons of message {} went away before {act:?}", menu.message);
            member.checker.misses_button(now, what);
        }
        let Some(data) = menu.data(&self.world.phrases, act) else {
            let what = format!("there is no button for {act:?} among {:?}", menu.buttons);
            member.checker.is_stuck(now, what);
            return None;
        };
        Some((menu.message, data.to_owned()))
    }

    /// Waits for the answers to what a person did, but not for ever.
    async fn waits(&mut self, speaker: usize) -> anyhow::Result<()> {
        loop {
            let member = &self.members[speaker];
            let interrupts = member
                .intention
                .as_ref()
                .is_some_and(|intention| intention.interrupts(&member.checker.dialogue));
            let is_over = if interrupts {
                member.checker.is_answered()
            } else {
                member.checker.is_settled()
            };
            if is_over {
                return Ok(());
            }
            match timeout(LOOK_EVERY, self.ear.recv()).await {
                Ok(Some(happening)) => {
                    let file = happening.message.document.clone();
                    self.hears(happening);
                    if let Some(url) = file {
                        self.looks_at_file(&url).await?;
                    }
                }
                Ok(None) => anyhow::bail!("the sandbox ended its events of chat {}", self.residents.chat),
                Err(_) => self.loses_patience(speaker),
            }
        }
    }

    fn loses_patience(&mut self, speaker: usize) {
        let now = self.world.town.now();
        let checker = &mut self.members[speaker].checker;
        let (since, patience) = match self.world.storm.calm_since() {
            None => (checker.last_progress(), PATIENCE_IN_A_STORM),
            Some(calm) => (checker.last_progress().max(calm), self.world.patience),
        };
        if now.saturating_sub(since) > patience {
            checker.gives_up(now);
        }
    }

    fn hears_what_came(&mut self) {
        while let Ok(happening) = self.ear.try_recv() {
            self.hears(happening);
        }
    }

    /// Tells a message to whom it is for.
    fn hears(&mut self, happening: Happening) {
        let message = happening.message;
        let menu = Menu::of(message.id, message.buttons);
        if happening.is_edit {
            self.sees_edit(happening.at, message.id, menu.as_ref());
            return;
        }
        let seen = Seen {
            at: happening.at,
            text: message.text,
        };
        let phrases = &self.world.phrases;
        let speaker = self.speaker;
        // Of those whom it fits equally well, who spoke last; and who spoke last, when it fits nobody.
        let fit = |number: &usize| {
            (
                self.members[*number].checker.fit(phrases, &seen),
                *number != speaker,
            )
        };
        let whose = match self.members.len() {
            1 => speaker,
            members => (0..members).min_by_key(fit).unwrap_or(speaker),
        };
        let member = &mut self.members[whose];
        if member.checker.sees(phrases, &seen) == Taken::Late {
            // Nobody takes an old question for the current one.
            return;
        }
        if let Some(menu) = menu
            && let Some(old) = member.menu.replace(menu)
        {
            member.earlier.push_back(old);
            if member.earlier.len() > 6 {
                member.earlier.pop_front();
            }
        }
        member.has_buttons = true;
    }

    fn sees_edit(&mut self, at: Duration, message: i64, menu: Option<&Menu>) {
        for member in &mut self.members {
            let is_current = member
                .menu
                .as_ref()
                .is_some_and(|current| current.message == message);
            if !is_current {
                continue;
            }
            match menu {
                Some(menu) => member.menu = Some(menu.clone()),
                None => member.has_buttons = false,
            }
            member.checker.sees_edit(at);
        }
    }

    /// A label comes as a PDF.
    async fn looks_at_file(&mut self, url: &str) -> anyhow::Result<()> {
        if self.world.town.is_pdf(url).await? {
            return Ok(());
        }
        let what = format!("the label {url} is no PDF");
        let (speaker, now) = (self.speaker, self.world.town.now());
        self.members[speaker].checker.gets_bad_file(now, what);
        Ok(())
    }
}
