//! What takes updates from wherever they come, and runs the turns.

mod executor;

pub use executor::{Drained, ExecutorConfig, JobPanic, KeyedExecutor, SubmitError};
