#![doc = include_str!("../README.md")]

#[cfg(feature = "cache")]
pub mod cache;
mod change;
mod cleanup_task;
mod clock;
mod commit;
#[cfg(feature = "conformance")]
pub mod conformance;
mod content_hash;
mod copy;
mod copy_check;
mod deliveries;
pub mod document;
mod engine;
mod error;
mod ext;
mod field;
mod fields;
mod flow;
mod flows;
pub mod form;
mod history;
mod idle;
mod input;
mod key;
mod layers;
mod memory;
mod name;
mod relocation;
mod reply;
mod revision;
mod seen;
mod session;
mod session_manager;
mod session_stats;
mod store;
#[cfg(feature = "teloxide")]
pub mod teloxide;
mod text;
mod turn_state;
mod typed;
mod unknown;

pub use change::{PartChange, SessionChange};
pub use cleanup_task::{CleanupSettings, CleanupTask};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use content_hash::ContentHash;
pub use copy::{CopyCounts, CopyError, CopyProgress, CopyReport, Existing, SessionCopy};
pub use copy_check::{CopyCheck, CopyDifference, StoreContents, verify_copy};
pub use engine::{Committed, Outcome, TurnEngine, TurnError, TurnObserver};
pub use error::{Retry, StoreError, StoreErrorKind, StoreOperation};
pub use ext::{ModifyError, Scanned, SessionStoreExt};
pub use field::FieldValue;
pub use fields::{Fields, Iter as FieldsIter};
pub use flow::{EffectRequest, Event, Flow, FlowError, Home, Lost, Migration, Next, Turn, TurnContext};
pub use flows::{Fit, Flows};
pub use history::{MAX_HISTORY, StepBack};
pub use idle::{IdlePolicy, IdleStage, IdleTimer};
pub use input::{FileInput, FileKind, Input, InputId, InputKind, InvalidInputId, Tap};
pub use key::{BotId, BusinessConnectionId, ChatId, InvalidKey, Scope, SessionKey, ThreadId, UserId};
pub use layers::{
    Deadlines, Layers, OperationCounts, RetryPolicy, Slowness, StoreObserver, StoreOperationFinished,
    WithCounts, WithDeadline, WithRetry, WithTracing,
};
#[cfg(feature = "conformance")]
pub use layers::{Fault, Faults, WithFaults};
pub use memory::MemoryStorage;
pub use name::{FieldName, FlowName, InvalidName, MAX_NAME_LENGTH, StepName};
pub use relocation::Relocated;
pub use reply::{Button, Invoice, MediaKind, Message, Progress, Reply};
pub use revision::{Draw, InvalidRevision, Revision};
pub use seen::Seen;
pub use session::{NewSession, Position, Session};
pub use session_manager::{Reverted, SessionDraft, SessionError, SessionManager, TypedSession};
pub use session_stats::SessionStats;
pub use store::{
    CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SchemaStatus, SessionStore,
    StoreAdministration, StoreHealth, StoreStatistics,
};
pub use turn_state::{HistoryEntry, Menu, OutboxEntry, PendingEffect, RecordedError, Timer, TurnState};
pub use typed::DataError;
