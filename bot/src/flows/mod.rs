//! The bot's dialogues: pure functions from a session and an event to a turn.

mod home;
pub mod shipping;
mod speech;

use std::sync::Arc;

use stepkeep_core::{Flows, IdlePolicy};

pub use home::COMMANDS;
pub use speech::language_of_session;

use crate::localization::Localizer;
use home::HomeFlow;
use shipping::ShippingFlow;
use speech::language_field;

/// What operators decide about the dialogues.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlowSettings {
    /// What becomes of an order whose person stops answering; `None` lets it wait until the cleanup.
    pub shipping_idle: Option<IdlePolicy>,
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
    vec![home, shipping::map()]
}

/// All dialogues of the bot.
pub fn flows(localizer: &Arc<Localizer>, settings: &FlowSettings) -> Flows {
    Flows::new(HomeFlow::new(Arc::clone(localizer)))
        .with(ShippingFlow::new(Arc::clone(localizer), settings.shipping_idle))
        .keeping(language_field())
}
