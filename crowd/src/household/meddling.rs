//! What must not change anything: buttons pressed again, old and made-up ones, other people's, and updates that come
//! again.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::sleep;

use super::{Household, REDELIVERABLE};
use crate::faults::FaultKind;

/// How long it takes until somebody else's press was answered and shows.
const INTRUSION_SHOWS: Duration = Duration::from_secs(1);

impl Household {
    /// Presses the same button once or twice more.
    pub(super) async fn taps_again(
        &mut self,
        speaker: usize,
        message: i64,
        data: &str,
    ) -> anyhow::Result<()> {
        let member = &mut self.members[speaker];
        let again = member.rng.random_bool(0.15);
        let times = member.rng.random_range(1..=2);
        if !again || !self.world.faults.has(FaultKind::DoubleTaps) {
            return Ok(());
        }
        for _ in 0..times {
            self.world
                .town
                .taps(member.id(), self.residents.chat, message, data)
                .await?;
        }
        member
            .checker
            .notes(self.world.town.now(), &format!("pressed it {times} more times"));
        self.world.storm.count("double taps", times);
        Ok(())
    }

    /// What must not change anything: updates that come again, presses of old buttons and of other people's.
    pub(super) async fn meddles(&mut self, speaker: usize) -> anyhow::Result<()> {
        let (world, chat) = (Arc::clone(&self.world), self.residents.chat);
        let now = world.town.now();
        let member = &mut self.members[speaker];
        let redelivers = member.rng.random_bool(0.08);
        let which = member.rng.random_range(0..REDELIVERABLE);
        let goes_stale = member.rng.random_bool(0.05);
        let forges = member.rng.random_bool(0.3);
        if redelivers
            && world.faults.has(FaultKind::Redelivery)
            && let Some(update) = member.updates.get(which % member.updates.len().max(1)).copied()
            && world.town.redelivers(update).await?
        {
            member.checker.notes(now, &format!("update {update} comes again"));
            world.storm.count("updates delivered again", 1);
        }
        if !world.faults.has(FaultKind::StaleTaps) {
            return Ok(());
        }
        if goes_stale && let Some(old) = member.earlier.front().cloned() {
            let data = match old.buttons.first() {
                Some(button) if !forges => button.data.clone(),
                _ => "forged:99".to_owned(),
            };
            world.town.taps(member.id(), chat, old.message, &data).await?;
            member.checker.notes(
                now,
                &format!("pressed {data:?} of the old message {}", old.message),
            );
            world.storm.count("presses of old or forged buttons", 1);
        }
        Ok(())
    }

    /// Somebody else presses the speaker's buttons, before the speaker does.
    pub(super) async fn others_intrude(&mut self, speaker: usize) -> anyhow::Result<()> {
        let intrudes = self.members[speaker].rng.random_bool(0.1);
        let count = self.members.len();
        let Some(menu) = self.members[speaker].menu.clone() else {
            return Ok(());
        };
        let Some(button) = menu.buttons.first() else {
            return Ok(());
        };
        let data = &button.data;
        if !intrudes || count < 2 || !self.world.faults.has(FaultKind::StaleTaps) {
            return Ok(());
        }
        let other = &self.members[(speaker + 1) % count];
        let town = &self.world.town;
        town.taps(other.id(), self.residents.chat, menu.message, data)
            .await?;
        let what = format!(
            "person {} pressed {data:?} of message {}",
            other.number, menu.message
        );
        self.members[speaker].checker.notes(town.now(), &what);
        self.world.storm.count("presses of other people's buttons", 1);
        sleep(INTRUSION_SHOWS).await;
        self.hears_what_came();
        Ok(())
    }
}
