//! A person in front of the bot's dialogues, without a Telegram around them.

use std::sync::Arc;
use std::time::Duration;

use stepkeep::effects::{EffectResult, Effects as _};
use stepkeep::flows::flows;
use stepkeep::localization::Localizer;
use stepkeep_core::{
    ChatId, Clock as _, FileInput, Input, InputId, InputKind, Message, Outcome, PendingEffect, Reply,
    Session, SessionKey, SystemClock, Tap, TurnEngine, UserId,
};

use crate::studio::{BOT, Studio};

pub(crate) struct Dialogue<'s> {
    pub(crate) studio: &'s Studio,
    engine: TurnEngine,
    pub(crate) key: SessionKey,
    updates: i64,
    /// All that was said since the last input.
    pub(crate) said: Vec<Reply>,
    /// The buttons that count now, as texts and what they carry.
    buttons: Vec<(String, String)>,
    /// The calls that wait for their outcome.
    pub(crate) calls: Vec<PendingEffect>,
}

impl<'s> Dialogue<'s> {
    pub(crate) fn new(studio: &'s Studio, user: i64) -> Self {
        Self::in_chat(studio, user, user)
    }

    pub(crate) fn in_chat(studio: &'s Studio, user: i64, chat: i64) -> Self {
        let localizer = Arc::new(Localizer::new().expect("texts"));
        Self {
            studio,
            engine: TurnEngine::new(
                Arc::clone(&studio.store),
                flows(&localizer, &studio.settings),
                Arc::new(SystemClock),
            ),
            key: SessionKey::new(BOT, ChatId(chat), UserId(user)),
            updates: 0,
            said: Vec::new(),
            buttons: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// The bot is restarted with other prices.
    pub(crate) fn meets_new_prices(&mut self, table: &str) {
        let mut settings = self.studio.settings.clone();
        let offer = settings.generation.as_mut().expect("an offer");
        let prices = (*offer.prices).clone().with_table(table);
        offer.prices = Arc::new(prices.expect("prices"));
        let localizer = Arc::new(Localizer::new().expect("texts"));
        self.engine = TurnEngine::new(
            Arc::clone(&self.studio.store),
            flows(&localizer, &settings),
            Arc::new(SystemClock),
        );
    }

    pub(crate) fn user(&self) -> UserId {
        self.key.user()
    }

    /// Opens the menu of what can be made.
    pub(crate) async fn opens_the_menu(&mut self) {
        self.commands("start").await;
        self.presses("Create with AI").await;
        self.waits().await;
    }

    /// Begins the questions of a model.
    pub(crate) async fn begins(&mut self, model: &str) {
        self.opens_the_menu().await;
        let models = self.studio.models.models().await.expect("models").value;
        let title = &models
            .iter()
            .find(|known| known.model.as_str() == model)
            .expect("a model")
            .title;
        self.writes(model).await;
        self.presses(&format!("{title} · ")).await;
        self.presses("Start").await;
        self.waits().await;
    }

    pub(crate) async fn commands(&mut self, name: &str) {
        self.hears(InputKind::Command {
            name: name.to_owned(),
            arguments: String::new(),
        })
        .await;
    }

    pub(crate) async fn writes(&mut self, text: &str) {
        self.hears(InputKind::Text(text.to_owned())).await;
    }

    pub(crate) async fn sends(&mut self, file: FileInput) {
        self.hears(InputKind::File(file)).await;
    }

    /// Presses the button whose text begins with this, else the one that has it in it.
    pub(crate) async fn presses(&mut self, button: &str) {
        let found = self
            .buttons
            .iter()
            .find(|(text, _)| text.starts_with(button))
            .or_else(|| self.buttons.iter().find(|(text, _)| text.contains(button)));
        let Some((_, data)) = found.cloned() else {
            panic!(
                "no button {button:?} in {:#?} after {:#?}",
                self.buttons, self.said
            );
        };
        self.hears(InputKind::Tap(Tap {
            message: self.updates,
            data,
        }))
        .await;
    }

    pub(crate) fn offers(&self, button: &str) -> bool {
        self.buttons.iter().any(|(text, _)| text.contains(button))
    }

    async fn hears(&mut self, kind: InputKind) {
        self.updates += 1;
        self.said.clear();
        self.takes(InputId::Update(self.updates), kind).await;
    }

    async fn takes(&mut self, id: InputId, kind: InputKind) {
        let input = Input {
            id,
            at: SystemClock.now(),
            language: Some("en".to_owned()),
            kind,
        };
        let committed = match self.engine.handle(&self.key, &input).await {
            Ok(Outcome::Applied(committed)) => committed,
            other => panic!("a turn that is no turn: {other:?}"),
        };
        let buttons: Vec<_> = committed
            .replies
            .iter()
            .filter_map(Reply::message)
            .flat_map(|message| message.buttons.iter().flatten())
            .map(|button| (button.text.clone(), button.action.clone()))
            .collect();
        if !buttons.is_empty() {
            self.buttons = buttons;
        }
        self.said.extend(committed.replies.iter().cloned());
        self.calls.clone_from(&committed.session.turn().effects);
    }

    /// Makes one call, and hands in what it brings.
    pub(crate) async fn makes(&mut self, call: &PendingEffect) {
        let outcome = loop {
            match self.studio.effects.run(call).await {
                EffectResult::Finished(outcome) => break outcome,
                EffectResult::Later => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let kind = InputKind::EffectFinished {
            id: call.id.clone(),
            name: call.name.clone(),
            outcome,
        };
        self.takes(InputId::Effect(call.id.clone()), kind).await;
    }

    /// Waits until nothing is under way any more.
    pub(crate) async fn waits(&mut self) {
        while let Some(call) = self.calls.first().cloned() {
            self.makes(&call).await;
        }
    }

    pub(crate) async fn session(&self) -> Session {
        let session = self.studio.store.get(&self.key).await.expect("a store");
        session.expect("a session")
    }

    /// The step that the person is in.
    pub(crate) async fn step(&self) -> String {
        let session = self.session().await;
        session.step().map(ToString::to_string).unwrap_or_default()
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        let messages = self.said.iter().filter_map(Reply::message);
        messages.map(|message: &Message| message.text.as_str()).collect()
    }

    pub(crate) fn heard(&self, part: &str) -> bool {
        self.texts().iter().any(|text| text.contains(part))
    }

    #[track_caller]
    pub(crate) fn must_have_heard(&self, part: &str) {
        assert!(self.heard(part), "{part:?} is not in {:#?}", self.texts());
    }

    /// The sources of the files that were sent.
    pub(crate) fn files(&self) -> Vec<&str> {
        self.said
            .iter()
            .filter_map(|reply| match reply {
                Reply::Media { source, .. } | Reply::Document { source, .. } => Some(source.as_str()),
                _ => None,
            })
            .collect()
    }
}
