//! How a process that fails says so: what went wrong, why, and what to do next.

use std::fmt::{self, Write};

use crate::config::ConfigError;

/// The exit code of a process whose settings or flags are wrong. Command-line parsers use the same.
pub const CODE_OF_WRONG_SETTINGS: u8 = 2;

/// The exit code of a process that failed otherwise.
pub const CODE_OF_FAILURE: u8 = 1;

/// What went wrong in a few words, and what the person at the terminal can do about it. Attach it to an error with
/// [`anyhow::Context::context`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    what: String,
    next: String,
}

impl Failure {
    /// Both are sentences without a full stop; the second tells what to do.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            next: next.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The code to exit with.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<ConfigError>().is_some() {
        CODE_OF_WRONG_SETTINGS
    } else {
        CODE_OF_FAILURE
    }
}

/// The message for the terminal: the error, its causes one per line, and the next step.
pub fn describe(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Many errors repeat their source in their own message.
        if !said.contains(&cause) {
            // Writing to a string can't fail.
            let _ = write!(text, "\n  because: {cause}");
        }
        said = cause;
    }
    let next = if error.downcast_ref::<ConfigError>().is_some() {
        "`stepkeep run --help` lists every setting"
    } else if let Some(failure) = error.downcast_ref::<Failure>() {
        &failure.next
    } else {
        "start again with STEPKEEP_LOG=debug to see more"
    };
    let separator = if text.contains("\n\n") { "\n\n" } else { "\n" };
    let _ = write!(text, "{separator}next: {next}");
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context;

    use super::*;
    use crate::config::{Settings, Sources};

    fn refused() -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, "permission denied")
    }

    #[test]
    fn a_failure_is_told_with_its_causes_and_the_next_step() {
        let error = Err::<(), _>(refused())
            .context("the file x.sqlite can't be opened")
            .context(Failure::new(
                "the store can't be used",
                "make the folder writable for this user",
            ))
            .unwrap_err();
        assert_eq!(exit_code(&error), 1);
        insta::assert_snapshot!(describe(&error), @r"
        error: the store can't be used
          because: the file x.sqlite can't be opened
          because: permission denied
        next: make the folder writable for this user
        ");
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let error = Err::<(), _>(refused())
            .context("no way: permission denied")
            .unwrap_err();
        insta::assert_snapshot!(describe(&error), @r"
        error: no way: permission denied
        next: start again with STEPKEEP_LOG=debug to see more
        ");
    }

    #[test]
    fn wrong_settings_have_an_exit_code_of_their_own() {
        let error = anyhow::Error::from(Settings::load(&Sources::new()).unwrap_err());
        assert_eq!(exit_code(&error), 2);
        assert!(describe(&error).ends_with("\n\nnext: `stepkeep run --help` lists every setting"));
    }
}
