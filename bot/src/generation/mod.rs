//! Generation: the models that make images, videos and sound, what each asks for, and the client of their API.
//!
//! [`GenerationApi`] is what the rest of the bot uses; [`KieClient`] implements it over HTTP for KIE's API. For now it
//! reads: the catalogue, what a model's input is made of ([`ModelSchema`]), prices and credits. Nothing here costs money.

mod api;
mod error;
mod ids;
mod kie;
mod model;
pub mod schema;

pub use api::GenerationApi;
pub use error::{GenerationError, GenerationErrorKind, GenerationErrorSummary, Operation, Retry};
pub use ids::{InvalidModelId, ModelId};
pub use kie::{Deadlines, KieClient, KieConfig, KieConfigError, Pace, RetryPolicy};
pub use model::{Credits, ModelFilter, ModelSummary};
pub use schema::ModelSchema;
