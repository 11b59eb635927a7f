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

/// All dialogues of the bot.
pub fn flows(localizer: &Arc<Localizer>, settings: &FlowSettings) -> Flows {
    Flows::new(HomeFlow::new(Arc::clone(localizer)))
        .with(ShippingFlow::new(Arc::clone(localizer), settings.shipping_idle))
        .keeping(language_field())
}
