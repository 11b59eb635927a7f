//! Generation: the models that make images, videos and sound, what each asks for, and the client of their API.
//!
//! [`GenerationApi`] is what the rest of the bot uses; [`KieClient`] implements it over HTTP for KIE's API. It reads the
//! catalogue, what a model's input is made of ([`ModelSchema`]), prices and credits; it hands files in, creates tasks, which
//! is what costs money, and gets what came of them.

mod api;
pub mod callback;
mod callback_server;
mod error;
mod hints;
mod ids;
mod kie;
mod media_type;
mod model;
mod prices;
pub mod schema;
mod task;

pub use api::GenerationApi;
pub use callback_server::CallbackServer;
pub use error::{GenerationError, GenerationErrorKind, GenerationErrorSummary, Operation, Retry};
pub use hints::TaskHints;
pub use ids::{InvalidModelId, InvalidTaskId, ModelId, TaskId};
pub use kie::{Allowance, Deadlines, KieClient, KieConfig, KieConfigError, Pace, RetryPolicy};
pub use model::{Credits, ModelFilter, ModelSummary};
pub use prices::{Prices, PricesError};
pub use schema::ModelSchema;
pub use task::{NewFile, NewTask, ResultFile, Task, TaskFailure, TaskState};
