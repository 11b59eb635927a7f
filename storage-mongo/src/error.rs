//! What the driver says, in the words of the store contract.

use std::error::Error;
use std::fmt;
use std::io;

use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};
use stepkeep_core::{StoreError, StoreErrorKind, StoreOperation};

/// The store's name, as operators know it.
pub(crate) const BACKEND: &str = "mongodb";

/// Another document has the same key: of many creates at once, all but one.
pub(crate) const DUPLICATE_KEY: i32 = 11_000;
/// There is no such collection.
pub(crate) const NAMESPACE_NOT_FOUND: i32 = 26;

/// The error of an operation in which the driver failed.
pub(crate) fn failed(error: &DriverError, operation: StoreOperation) -> StoreError {
    StoreError::new(classify(error, operation), operation, BACKEND)
        .with_message(explain(error, operation))
        .with_source(Cause::of(error))
}

/// The error of an operation that makes no sense.
pub(crate) fn invalid(operation: StoreOperation, message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, operation, BACKEND).with_message(message)
}

/// The code that the server gave, of a command that failed.
pub(crate) fn code_of(error: &DriverError) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        _ => None,
    }
}

/// The kind of a failure. The only place that decides it.
pub(crate) fn classify(error: &DriverError, operation: StoreOperation) -> StoreErrorKind {
    // When nobody knows whether it was done. Only a change of one session can be in doubt: a cleanup that may have
    // removed something can simply be run again.
    let in_doubt = if operation.is_write() {
        StoreErrorKind::Indeterminate
    } else {
        StoreErrorKind::Unavailable
    };
    let too_late = if operation.is_write() {
        StoreErrorKind::Indeterminate
    } else {
        StoreErrorKind::Timeout
    };
    if let Some(code) = code_of(error) {
        return match code {
            // The server was no primary: it refused before it did anything. Or it rolled back, for a conflict inside it,
            // a lock, a full disk.
            10_107 | 13_435 | 10_058 | 13_436 | 112 | 24 | 14_031 | 133 => StoreErrorKind::Unavailable,
            // It stopped being the primary, is shutting down, lost another server on the way, or waited for a majority
            // in vain; these codes don't say whether before or after the write.
            189 | 11_602 | 11_600 | 91 | 11_601 | 6 | 7 | 64 | 100 => in_doubt,
            50 | 262 | 89 => too_late,
            10_334 | 17_280 => StoreErrorKind::TooLarge,
            _ => StoreErrorKind::Invalid,
        };
    }
    match &*error.kind {
        ErrorKind::Io(io) => match io.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => StoreErrorKind::Unavailable,
            io::ErrorKind::TimedOut => too_late,
            _ => in_doubt,
        },
        ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } | ErrorKind::Shutdown => {
            StoreErrorKind::Unavailable
        }
        ErrorKind::Authentication { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::InvalidTlsConfig { .. }
        | ErrorKind::IncompatibleServer { .. }
        | ErrorKind::SessionsNotSupported => StoreErrorKind::Invalid,
        // Among others a write that no majority confirmed: it is on the primary, and whether it stays is open. And a pool
        // that was cleared: that closes connections in use too, so the command may have been sent.
        _ => in_doubt,
    }
}

/// What operators should know and do.
fn explain(error: &DriverError, operation: StoreOperation) -> String {
    match (&*error.kind, code_of(error)) {
        (_, Some(13)) => format!(
            "the user lacks a right{}: grant the role readWrite on the database",
            what_was_refused(error)
        ),
        (ErrorKind::Authentication { .. }, _) | (_, Some(18 | 8000)) => {
            "the server refuses the user or the password: check both, and authSource, in the URL".to_owned()
        }
        (_, Some(10_107 | 13_435 | 10_058 | 13_436 | 189 | 11_602)) => {
            "the server is not the primary now: another one is elected, and the store goes on by itself".to_owned()
        }
        (_, Some(11_600 | 11_601 | 91)) => {
            "the server is shutting down: the store goes on by itself once one is there".to_owned()
        }
        (_, Some(50 | 262 | 89)) => "the server took longer than it may: look at its load".to_owned(),
        (_, Some(14_031)) => "the server's disk is full: make space, and the store goes on by itself".to_owned(),
        (_, Some(64 | 100)) | (ErrorKind::Write(WriteFailure::WriteConcernError(_)), _) => {
            "the write was not confirmed by as many servers as it needs: look whether a majority of the replica set \
             is up"
                .to_owned()
        }
        (_, Some(code)) => format!("the server refused a command (code {code})"),
        (ErrorKind::ServerSelection { .. }, _) => {
            "no server takes the call: look whether MongoDB runs, whether the URL names it, and whether a primary is \
             elected"
                .to_owned()
        }
        (ErrorKind::DnsResolve { .. }, _) => {
            "the DNS doesn't know the server: check the host in the URL".to_owned()
        }
        (ErrorKind::Shutdown, _) => "the store was closed".to_owned(),
        (ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }, _) => {
            "the connection broke: the store makes a new one by itself".to_owned()
        }
        (ErrorKind::InvalidTlsConfig { .. }, _) => "the settings of TLS in the URL can't be used".to_owned(),
        (ErrorKind::IncompatibleServer { .. } | ErrorKind::SessionsNotSupported, _) => {
            "the server is too old: MongoDB 5.0 or later is needed".to_owned()
        }
        _ => format!("the driver failed in {operation}"),
    }
}

/// The command that an unauthorised user tried. The rest of what the server says quotes the command with its data.
fn what_was_refused(error: &DriverError) -> String {
    let ErrorKind::Command(command) = &*error.kind else {
        return String::new();
    };
    command
        .message
        .split_once("execute command { ")
        .and_then(|(_, rest)| rest.split_once(':'))
        .map(|(name, _)| format!(" (the command {name})"))
        .unwrap_or_default()
}

/// What the driver said, without the server's answer: that may quote a session's data.
#[derive(Clone, PartialEq, Eq)]
struct Cause(String);

impl Cause {
    fn of(error: &DriverError) -> Self {
        Self(match &*error.kind {
            ErrorKind::Command(command) => {
                let message = command.message.split('{').next().unwrap_or_default();
                format!(
                    "{} (code {}): {}",
                    command.code_name,
                    command.code,
                    message.trim_end()
                )
            }
            ErrorKind::Write(WriteFailure::WriteError(write)) => {
                let message = write.message.split('{').next().unwrap_or_default();
                format!("code {}: {}", write.code, message.trim_end())
            }
            ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => format!(
                "{} (code {}): {}",
                concern.code_name, concern.code, concern.message
            ),
            kind => kind.to_string(),
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Cause {}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::error::CommandError;

    fn io(kind: io::ErrorKind) -> DriverError {
        DriverError::from(io::Error::from(kind))
    }

    fn command(code: i32, message: &str) -> DriverError {
        let json = serde_json::json!({ "code": code, "codeName": "Name", "errmsg": message });
        DriverError::from(ErrorKind::Command(
            serde_json::from_value::<CommandError>(json).unwrap(),
        ))
    }

    #[test]
    fn only_what_the_server_surely_did_not_do_is_certain() {
        use StoreErrorKind::{Indeterminate, Invalid, Timeout, Unavailable};
        let table = [
            (io(io::ErrorKind::ConnectionReset), Indeterminate, Unavailable),
            (io(io::ErrorKind::UnexpectedEof), Indeterminate, Unavailable),
            (io(io::ErrorKind::TimedOut), Indeterminate, Timeout),
            (io(io::ErrorKind::ConnectionRefused), Unavailable, Unavailable),
            (command(10_107, ""), Unavailable, Unavailable),
            (command(11_602, ""), Indeterminate, Unavailable),
            (command(189, ""), Indeterminate, Unavailable),
            (command(50, ""), Indeterminate, Timeout),
            (command(64, ""), Indeterminate, Unavailable),
            (command(112, ""), Unavailable, Unavailable),
            (command(18, ""), Invalid, Invalid),
            (command(13, ""), Invalid, Invalid),
            (command(2, ""), Invalid, Invalid),
            (DriverError::from(ErrorKind::Shutdown), Unavailable, Unavailable),
        ];
        for (error, of_write, of_read) in table {
            assert_eq!(classify(&error, StoreOperation::Update), of_write, "{error:?}");
            assert_eq!(classify(&error, StoreOperation::Get), of_read, "{error:?}");
        }
    }

    #[test]
    fn a_missing_right_is_named_and_the_command_is_not_quoted() {
        let error = command(
            13,
            "not authorized on bot to execute command { findAndModify: \"user_sessions\", update: { data: \"secret\" } }",
        );
        let error = failed(&error, StoreOperation::Update);
        insta::assert_snapshot!(error, @"mongodb update: the call is not valid: the user lacks a right (the command findAndModify): grant the role readWrite on the database");
        let source = error.source().unwrap().to_string();
        insta::assert_snapshot!(source, @"Name (code 13): not authorized on bot to execute command");
        assert!(!format!("{error:?}").contains("secret"));
    }
}
