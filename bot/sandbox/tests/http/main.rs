//! The sandbox as its users meet it: over HTTP.

mod polling;
mod support;
