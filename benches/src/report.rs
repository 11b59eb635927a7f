//! The report that teams decide by: every store beside the raw driver, measured in one run.
//!
//! A run goes like this: [`plan`] says which cases are worth the time, [`run`] measures them in interleaved rounds,
//! [`results`] is what is kept as JSON, and [`page`] writes the book's page from it, section by section. Absolute figures
//! drift from machine to machine; the ratio to the [`floor`](crate::floor) of the same run doesn't.

pub mod bare_calls;
pub mod case;
pub mod compare;
pub mod latency;
pub mod load;
pub mod machine;
pub mod markdown;
pub mod page;
pub mod peers;
pub mod plan;
pub mod plot;
pub mod ratios;
pub mod raw_worker;
pub mod results;
pub mod run;
pub mod scale;
pub mod sections;
pub mod shape;
pub mod store_worker;
pub mod targets;
pub mod versions;
pub mod whole_bot;

#[cfg(test)]
pub(crate) mod sample;
