//! The bot's dialogues: pure functions from a session and an event to a turn.

mod home;
pub mod shipping;
mod speech;

use std::sync::Arc;

use stepkeep_core::Flows;

pub use home::COMMANDS;
pub use speech::language_of_session;

use crate::localization::Localizer;
use home::HomeFlow;
use shipping::ShippingFlow;
use speech::language_field;

/// All dialogues of the bot.
pub fn flows(localizer: &Arc<Localizer>) -> Flows {
    Flows::new(HomeFlow::new(Arc::clone(localizer)))
        .with(ShippingFlow::new(Arc::clone(localizer)))
        .keeping(language_field())
}
