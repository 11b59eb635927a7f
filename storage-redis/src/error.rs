//! What Redis says, in the words of the store contract.

use std::fmt;

use redis::{ErrorKind, RedisError};
use stepkeep_core::{StoreError, StoreErrorKind, StoreOperation};

/// The store's name, as operators know it.
pub(crate) const BACKEND: &str = "redis";

/// When Redis, or the way to it, said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// While a connection was made: no command was sent.
    Connecting,
    /// When a command was, or may have been, on its way.
    Running,
    /// The same in a cluster, whose driver fails what is on its way with what it met while it looked for the nodes.
    RunningInCluster,
}

/// A failure that isn't about one session's record.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    kind: StoreErrorKind,
    message: String,
    source: Option<RedisError>,
}

impl Failure {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// `place` is where the Redis is, as operators know it.
    pub(crate) fn from_driver(error: RedisError, moment: Moment, place: &impl fmt::Display) -> Self {
        Self {
            kind: classify(&error, moment),
            message: explain(&error, moment, place),
            source: Some(error),
        }
    }

    pub(crate) fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The error of an operation. What is unclear about a write is just a lost answer of anything else.
    pub(crate) fn into_error(self, operation: StoreOperation) -> StoreError {
        let kind = match self.kind {
            StoreErrorKind::Indeterminate if !operation.is_write() => {
                let is_timeout = self.source.as_ref().is_some_and(RedisError::is_timeout);
                if is_timeout {
                    StoreErrorKind::Timeout
                } else {
                    StoreErrorKind::Unavailable
                }
            }
            kind => kind,
        };
        let error = StoreError::new(kind, operation, BACKEND).with_message(self.message);
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

#[cfg(feature = "cache")]
impl From<Failure> for stepkeep_core::cache::SecondLevelError {
    fn from(failure: Failure) -> Self {
        let error = Self::new(format!("{BACKEND}: {}", failure.message));
        match failure.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

/// The code that a server's error begins with, wherever an old version hides it in the error of a script.
fn has_code(error: &RedisError, code: &str) -> bool {
    error.code() == Some(code) || error.detail().is_some_and(|detail| detail.contains(code))
}

/// The kind of a failure. The only place that decides it.
pub(crate) fn classify(error: &RedisError, moment: Moment) -> StoreErrorKind {
    if has_code(error, "WRONGTYPE") {
        return StoreErrorKind::Corrupt;
    }
    let refused = ["NOAUTH", "WRONGPASS", "NOPERM"];
    if refused.iter().any(|code| has_code(error, code)) {
        return StoreErrorKind::Invalid;
    }
    let of_nodes = ["LOADING", "CLUSTERDOWN", "MASTERDOWN"];
    if moment == Moment::RunningInCluster && of_nodes.iter().any(|code| has_code(error, code)) {
        return StoreErrorKind::Indeterminate;
    }
    let not_now = [
        "LOADING",
        "CLUSTERDOWN",
        "MASTERDOWN",
        "TRYAGAIN",
        "READONLY",
        "OOM",
        "MISCONF",
        "NOREPLICAS",
        "BUSY",
        "UNBLOCKED",
        "MOVED",
        "ASK",
    ];
    if not_now.iter().any(|code| has_code(error, code)) {
        return StoreErrorKind::Unavailable;
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported => {
            StoreErrorKind::Invalid
        }
        // A server that answers anything else means the command; while a connection is made, it may be of another kind
        // in a moment.
        ErrorKind::Server(_) | ErrorKind::Extension if moment != Moment::Connecting => {
            StoreErrorKind::Invalid
        }
        ErrorKind::Server(_)
        | ErrorKind::Extension
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => StoreErrorKind::Unavailable,
        _ => match moment {
            Moment::Connecting => StoreErrorKind::Unavailable,
            Moment::Running | Moment::RunningInCluster => StoreErrorKind::Indeterminate,
        },
    }
}

/// What operators should know and do.
fn explain(error: &RedisError, moment: Moment, place: &impl fmt::Display) -> String {
    let advice = [
        ("NOAUTH", "it wants a password, and none is set"),
        (
            "WRONGPASS",
            "the user or the password is wrong, or the user is disabled",
        ),
        (
            "NOPERM",
            "the user's ACL forbids what the store needs: commands on keys that begin with the prefix",
        ),
        ("LOADING", "it is loading its data"),
        (
            "CLUSTERDOWN",
            "a part of the cluster has no master: look at CLUSTER INFO",
        ),
        ("MASTERDOWN", "it is a replica without its master"),
        (
            "READONLY",
            "it is a replica: a failover is under way, or the address is not the master's",
        ),
        ("OOM", "its memory is full: raise maxmemory, or clean up earlier"),
        ("MISCONF", "it can't write to its disk: look at its log"),
        (
            "NOREPLICAS",
            "too few replicas are connected for min-replicas-to-write",
        ),
        ("BUSY", "a script of somebody else runs for long"),
        (
            "WRONGTYPE",
            "something else put a key of another type where a session belongs",
        ),
    ];
    if let Some((_, advice)) = advice.iter().find(|(code, _)| has_code(error, code)) {
        return format!("{place}: {advice}");
    }
    match (error.kind(), moment) {
        (ErrorKind::AuthenticationFailed, _) => format!("{place}: the user or the password is wrong"),
        (ErrorKind::MasterNameNotFoundBySentinel, _) => {
            format!("{place}: no sentinel can be reached that knows a master of this name")
        }
        (ErrorKind::Server(_) | ErrorKind::Extension, _) => format!("{place} refused a command"),
        (_, Moment::Connecting) => {
            format!("{place} can't be connected to: look whether it runs and whether the address is right")
        }
        (_, Moment::Running | Moment::RunningInCluster) if error.is_timeout() => {
            format!("{place} did not answer in time")
        }
        (_, Moment::Running | Moment::RunningInCluster) => format!("the connection to {place} was lost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::Value;
    use std::io;

    /// An error as the driver makes it of a server's answer.
    fn server(line: &str) -> RedisError {
        let answer = format!("-{line}\r\n");
        match redis::parse_redis_value(answer.as_bytes()) {
            Ok(Value::ServerError(error)) => error.into(),
            other => panic!("{line} was read as {other:?}"),
        }
    }

    #[test]
    fn what_the_server_says_has_a_kind() {
        use StoreErrorKind::{Corrupt, Invalid, Unavailable};
        let table = [
            (
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                Corrupt,
            ),
            (
                "ERR Error running script (call to f_0a): @user_script:1: WRONGTYPE Operation against a key",
                Corrupt,
            ),
            ("NOAUTH Authentication required.", Invalid),
            (
                "WRONGPASS invalid username-password pair or user is disabled.",
                Invalid,
            ),
            (
                "NOPERM this user has no permissions to run the 'evalsha' command",
                Invalid,
            ),
            ("LOADING Redis is loading the dataset in memory", Unavailable),
            ("CLUSTERDOWN The cluster is down", Unavailable),
            (
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                Unavailable,
            ),
            (
                "TRYAGAIN Multiple keys request during rehashing of slot",
                Unavailable,
            ),
            (
                "READONLY You can't write against a read only replica.",
                Unavailable,
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                Unavailable,
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to",
                Unavailable,
            ),
            ("NOREPLICAS Not enough good replicas to write.", Unavailable),
            ("BUSY Redis is busy running a script.", Unavailable),
            ("ERR unknown command 'EVALSHA'", Invalid),
        ];
        for (line, expected) in table {
            assert_eq!(classify(&server(line), Moment::Running), expected, "{line}");
        }
    }

    #[test]
    fn only_what_was_sent_can_be_in_doubt() {
        for kind in [
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::UnexpectedEof,
            io::ErrorKind::TimedOut,
        ] {
            let of = |moment| classify(&io::Error::from(kind).into(), moment);
            assert_eq!(of(Moment::Running), StoreErrorKind::Indeterminate, "{kind:?}");
            assert_eq!(
                of(Moment::RunningInCluster),
                StoreErrorKind::Indeterminate,
                "{kind:?}"
            );
            assert_eq!(of(Moment::Connecting), StoreErrorKind::Unavailable, "{kind:?}");
        }
        let loading = server("LOADING Redis is loading the dataset in memory");
        assert_eq!(
            classify(&loading, Moment::RunningInCluster),
            StoreErrorKind::Indeterminate
        );
    }

    #[test]
    fn a_read_is_never_in_doubt() {
        let failure = |kind: io::ErrorKind| {
            Failure::from_driver(io::Error::from(kind).into(), Moment::Running, &"db:6379")
        };
        let timeout = failure(io::ErrorKind::TimedOut);
        assert_eq!(
            timeout.clone().into_error(StoreOperation::Get).kind(),
            StoreErrorKind::Timeout
        );
        assert_eq!(
            timeout.into_error(StoreOperation::Update).kind(),
            StoreErrorKind::Indeterminate
        );
        let lost = failure(io::ErrorKind::ConnectionReset);
        assert_eq!(
            lost.into_error(StoreOperation::Scan).kind(),
            StoreErrorKind::Unavailable
        );
    }

    #[test]
    fn a_failure_says_what_to_do_and_keeps_its_cause() {
        let of = |line| {
            Failure::from_driver(server(line), Moment::Running, &"db:6379").into_error(StoreOperation::Update)
        };
        insta::assert_snapshot!(of("OOM command not allowed"), @"redis update: the store is not available: db:6379: its memory is full: raise maxmemory, or clean up earlier");
        insta::assert_snapshot!(of("READONLY You can't"), @"redis update: the store is not available: db:6379: it is a replica: a failover is under way, or the address is not the master's");
        assert!(std::error::Error::source(&of("OOM x")).is_some());
    }
}
