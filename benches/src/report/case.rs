//! What is measured: an operation, on sessions of a size, by so many callers at once.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a caller does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Reads a session.
    Get,
    /// Changes a session that the caller holds.
    Update,
    /// Reads a session and changes it: what an answer costs.
    GetUpdate,
    /// Stores a new session.
    Create,
    /// Removes a session.
    Clear,
    /// Tries to change a session that somebody else has changed, and gets that one.
    Conflict,
    /// Reads the first [`PAGE`] sessions.
    ScanPage,
    /// Removes [`IDLE`] idle sessions.
    Cleanup,
}

/// How many sessions a page of a scan has.
pub const PAGE: usize = 100;

/// How many sessions a cleanup removes.
pub const IDLE: usize = 1_000;

impl Operation {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::Get,
        Self::Update,
        Self::GetUpdate,
        Self::Create,
        Self::Clear,
        Self::Conflict,
        Self::ScanPage,
        Self::Cleanup,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Update => "update",
            Self::GetUpdate => "get + update",
            Self::Create => "create",
            Self::Clear => "clear",
            Self::Conflict => "conflict",
            Self::ScanPage => "scan page of 100",
            Self::Cleanup => "cleanup of 1,000",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// One case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Case {
    /// What callers do.
    pub operation: Operation,
    /// The size of a session's stored form, in bytes.
    pub bytes: u32,
    /// How many callers there are.
    pub concurrency: u32,
    /// How many sessions the callers go through; 0 when each has one of its own.
    pub stored: u32,
}

impl Case {
    /// An operation on sessions that each caller has one of.
    pub const fn new(operation: Operation, bytes: u32, concurrency: u32) -> Self {
        Self {
            operation,
            bytes,
            concurrency,
            stored: 0,
        }
    }

    /// The same, among so many sessions.
    #[must_use]
    pub const fn among(mut self, stored: u32) -> Self {
        self.stored = stored;
        self
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            bytes,
            concurrency,
            stored,
        } = self;
        write!(
            formatter,
            "{operation}, {}, concurrency {concurrency}",
            size(*bytes)
        )?;
        if *stored > 0 {
            write!(formatter, ", {stored} sessions")?;
        }
        Ok(())
    }
}

/// A size as tables show it.
pub fn size(bytes: u32) -> String {
    if bytes >= 1_024 {
        format!("{} KB", bytes / 1_024)
    } else {
        format!("{bytes} B")
    }
}
