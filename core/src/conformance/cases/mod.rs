//! The cases, one module per method of the contract.

pub(super) mod cancellation;
pub(super) mod cleanup;
pub(super) mod clear;
pub(super) mod create;
pub(super) mod data;
pub(super) mod foreign;
pub(super) mod get;
pub(super) mod handles;
pub(super) mod histories;
pub(super) mod lost;
pub(super) mod model;
pub(super) mod outage;
pub(super) mod passwords;
pub(super) mod processes;
pub(super) mod scan;
pub(super) mod update;
