//! The bot's dialogues: pure functions from a session and an event to a turn.

pub mod admin;
pub mod balance;
pub mod generation;
mod home;
mod menus;
mod parts;
pub mod settling;
pub mod shipping;
mod speech;

use std::collections::BTreeSet;
use std::sync::Arc;

use stepkeep_core::{Flows, IdlePolicy, UserId};

pub use home::{COMMANDS, STARS_COMMANDS};
pub use speech::language_of_session;

use crate::catalogue::RatesAtHand;
use crate::localization::Localizer;
use crate::money::Currency;
use admin::AdminDialogue;
use balance::{BalanceDialogue, StarsOffer};
use generation::{GenerationFlow, GenerationOffer};
use home::HomeFlow;
use shipping::ShippingFlow;
use speech::language_field;

/// What operators decide about the dialogues, and what these may look at.
#[derive(Clone, Debug, Default)]
pub struct FlowSettings {
    /// The offers that are known already: with them a person who asks for prices sees them at once.
    pub rates: Option<Arc<dyn RatesAtHand>>,
    /// What can be generated; nothing without it.
    pub generation: Option<GenerationOffer>,
    /// What becomes of an order whose person stops answering; `None` lets it wait until the cleanup.
    pub shipping_idle: Option<IdlePolicy>,
    /// Those who may use the operator's commands.
    pub admins: BTreeSet<UserId>,
    /// The currency of balances; dollars if nothing is said.
    pub currency: Option<Currency>,
    /// What is offered for Telegram's Stars; nothing without it.
    pub stars: Option<StarsOffer>,
}

/// A dialogue as operators look at it.
#[derive(Clone, Debug)]
pub struct FlowMap {
    /// The flow's name.
    pub name: &'static str,
    /// Its steps, in the order in which people mostly go through them.
    pub steps: Vec<&'static str>,
    /// Those in which nobody is waited for.
    pub resting: Vec<&'static str>,
    /// Whether it is where people are who are in no dialogue.
    pub is_home: bool,
}

/// The maps of all dialogues.
pub fn flow_maps() -> Vec<FlowMap> {
    let home = FlowMap {
        name: "home",
        steps: Vec::new(),
        resting: Vec::new(),
        is_home: true,
    };
    vec![home, shipping::map(), generation::map()]
}

/// All dialogues of the bot.
pub fn flows(localizer: &Arc<Localizer>, settings: &FlowSettings) -> Flows {
    let can_generate = settings.generation.is_some();
    let balance = BalanceDialogue {
        admins: settings.admins.clone(),
        currency: settings.currency.unwrap_or(Currency::USD),
        stars: settings.stars.clone(),
    };
    let admin = AdminDialogue {
        admins: settings.admins.clone(),
    };
    let mut flows = Flows::new(HomeFlow::new(Arc::clone(localizer), can_generate, balance, admin))
        .with(ShippingFlow::new(Arc::clone(localizer), settings))
        .keeping(language_field());
    if let Some(offer) = &settings.generation {
        flows = flows.with(GenerationFlow::new(Arc::clone(localizer), offer.clone()));
    }
    // Kept also while nothing can be generated, for when it can again.
    generation::kept_fields().into_iter().fold(flows, Flows::keeping)
}
