//! Sessions for bots that are written with teloxide.
//!
//! - [`TeloxideStorage`] is teloxide's `Storage` on any session store: dialogues stay as they are written, and one line
//!   changes.
//! - [`enter_dialogue_by`] is `dialogue::enter` with a dialogue per person, per topic, or both, instead of per chat.
//! - [`SessionStep`] gives handlers the session itself, read when one looks at it and written once.

mod dialogue_step;
mod error;
mod format;
mod keys;
#[cfg(feature = "conformance")]
mod proof;
mod remembered;
mod session_handle;
mod session_step;
mod storage;
mod view;

pub use dialogue_step::enter_dialogue_by;
pub use error::{Conflict, DialogueError};
pub use format::{DialogueFormat, JsonFormat, Serialized};
pub use keys::{DialogueKeys, bot_id};
#[cfg(feature = "conformance")]
pub use proof::{Misbehavior, storage_behaves_as_teloxides};
pub use session_handle::SessionHandle;
pub use session_step::{SessionStep, SessionStepError, with_session};
pub use storage::TeloxideStorage;
pub use view::DialogueView;
