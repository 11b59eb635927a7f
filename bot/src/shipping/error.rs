//! What can go wrong with the shipping API, in kinds that a person can be told about.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::wire::WireError;
pub(super) use crate::http::Stage;

/// The longest message that is kept of an answer, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What went wrong. Its words are stable: they are stored in sessions and name the texts that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShippingErrorKind {
    /// An address isn't one that the carrier delivers to; the message says what is wrong with it.
    InvalidAddress,
    /// Something else of the shipment is refused; the message says what.
    InvalidInput,
    /// No carrier offers a rate for this shipment.
    NoRates,
    /// The carrier account is short of money; its owner has to top it up.
    InsufficientFunds,
    /// The API refuses this key, or the plan behind it; its owner has to act.
    Unauthorized,
    /// Too many requests at once; later it works again.
    RateLimited,
    /// The carrier doesn't answer the API, or isn't connected to the account.
    CarrierUnavailable,
    /// The API can't be reached or is broken.
    Unavailable,
    /// The API didn't answer in time.
    Timeout,
    /// A purchase may or may not have happened. Only [`find_label`](super::ShippingApi::find_label) tells, later.
    Unclear,
    /// There is no such rate or label; a rate may have expired.
    NotFound,
    /// The API's answer can't be understood.
    Malformed,
}

impl ShippingErrorKind {
    /// The kind as a stable word, such as `invalid_address`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidAddress => "invalid_address",
            Self::InvalidInput => "invalid_input",
            Self::NoRates => "no_rates",
            Self::InsufficientFunds => "insufficient_funds",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rate_limited",
            Self::CarrierUnavailable => "carrier_unavailable",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Unclear => "unclear",
            Self::NotFound => "not_found",
            Self::Malformed => "malformed",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::InvalidAddress => "the address is refused",
            Self::InvalidInput => "the shipment is refused",
            Self::NoRates => "no carrier offers a rate",
            Self::InsufficientFunds => "the carrier account is short of funds",
            Self::Unauthorized => "the API refuses the key or its plan",
            Self::RateLimited => "too many requests",
            Self::CarrierUnavailable => "the carrier is unavailable",
            Self::Unavailable => "the API is unavailable",
            Self::Timeout => "the API did not answer in time",
            Self::Unclear => "it is not known whether the label was bought",
            Self::NotFound => "it is not there",
            Self::Malformed => "the answer can't be understood",
        }
    }
}

/// Whether the same call makes sense again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not without a change to what is asked, or by the account's owner.
    Never,
    /// Later, as it stands.
    Later,
    /// Only after [`find_label`](super::ShippingApi::find_label) has said what became of the first.
    AfterLookup,
}

/// What was being done when it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Asking for the connected carriers.
    Carriers,
    /// Asking for rates.
    Rates,
    /// Buying a label.
    Buy,
    /// Looking for the label of a rate.
    FindLabel,
    /// Reading a label.
    Label,
    /// Giving a label back.
    Void,
    /// Fetching a label's file.
    Download,
}

impl Operation {
    /// The operation as a stable word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Carriers => "carriers",
            Self::Rates => "rates",
            Self::Buy => "buy_label",
            Self::FindLabel => "find_label",
            Self::Label => "label",
            Self::Void => "void_label",
            Self::Download => "download_label",
        }
    }
}

/// An error of the shipping API.
///
/// Its text and its debug form hold what the API said, but never the API key.
#[derive(Clone)]
pub struct ShippingError {
    // Boxed, so that a `Result` stays small on the way that goes well.
    details: Box<Details>,
}

#[derive(Clone)]
struct Details {
    kind: ShippingErrorKind,
    operation: Operation,
    stage: Stage,
    message: String,
    code: Option<String>,
    carrier: Option<String>,
    request_id: Option<String>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ShippingError {
    /// An error of `kind`, for implementations of [`ShippingApi`](super::ShippingApi) other than the client: stand-ins in
    /// tests.
    pub fn new(kind: ShippingErrorKind, operation: Operation, message: impl Into<String>) -> Self {
        Self::at(kind, operation, Stage::Refused, message)
    }

    pub(super) fn at(
        kind: ShippingErrorKind,
        operation: Operation,
        stage: Stage,
        message: impl Into<String>,
    ) -> Self {
        let mut message: String = message.into();
        if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
            message.truncate(end);
            message.push('…');
        }
        Self {
            details: Box::new(Details {
                kind,
                operation,
                stage,
                message,
                code: None,
                carrier: None,
                request_id: None,
                status: None,
                retry_after: None,
                source: None,
            }),
        }
    }

    /// The error that the API described in an answer of `status`.
    pub(super) fn described(operation: Operation, stage: Stage, status: u16, error: WireError) -> Self {
        let kind = classify(status, &error);
        let mut described = Self::at(kind, operation, stage, error.message.unwrap_or_default());
        described.details.status = Some(status);
        described.details.code = error.error_code;
        described.details.carrier = error.carrier_code;
        described
    }

    pub(super) fn with_kind(mut self, kind: ShippingErrorKind) -> Self {
        self.details.kind = kind;
        self
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.details.status = Some(status);
        self
    }

    pub(super) fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.details.request_id = request_id;
        self
    }

    pub(super) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.details.retry_after = retry_after;
        self
    }

    pub(super) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.details.source = Some(source.into().into());
        self
    }

    /// The same failure, where it means that a purchase may or may not have happened.
    pub(super) fn into_unclear(self) -> Self {
        let operation = self.details.operation;
        let request_id = self.details.request_id.clone();
        Self::at(
            ShippingErrorKind::Unclear,
            operation,
            Stage::Lost,
            self.details.message.clone(),
        )
        .with_request_id(request_id)
        .with_source(self)
    }

    /// What went wrong.
    pub fn kind(&self) -> ShippingErrorKind {
        self.details.kind
    }

    /// What was being done.
    pub fn operation(&self) -> Operation {
        self.details.operation
    }

    /// What the API or the carrier said, in English; may be empty, and may quote an address.
    pub fn message(&self) -> &str {
        &self.details.message
    }

    /// The API's code for it, such as `invalid_address`.
    pub fn code(&self) -> Option<&str> {
        self.details.code.as_deref()
    }

    /// The code of the carrier that it comes from, such as `ups`.
    pub fn carrier(&self) -> Option<&str> {
        self.details.carrier.as_deref()
    }

    /// The API's name of the request, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.details.request_id.as_deref()
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.details.status
    }

    /// How long the API asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after
    }

    /// Whether the same call makes sense again.
    pub fn retry(&self) -> Retry {
        match self.details.kind {
            ShippingErrorKind::RateLimited
            | ShippingErrorKind::CarrierUnavailable
            | ShippingErrorKind::Unavailable
            | ShippingErrorKind::Timeout => Retry::Later,
            ShippingErrorKind::Unclear => Retry::AfterLookup,
            _ => Retry::Never,
        }
    }

    /// Whether the same call makes sense again later, as it stands.
    pub fn is_retryable(&self) -> bool {
        self.retry() == Retry::Later
    }

    /// What is worth keeping in a session.
    pub fn summary(&self) -> ShippingErrorSummary {
        ShippingErrorSummary {
            kind: self.kind(),
            message: self.message().to_owned(),
            request_id: self.request_id().map(ToOwned::to_owned),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        self.details.stage
    }
}

impl fmt::Display for ShippingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.details;
        write!(f, "{}: {}", details.operation.as_str(), details.kind.sentence())?;
        if !details.message.is_empty() {
            write!(f, ": {}", details.message)?;
        }
        if let Some(request_id) = &details.request_id {
            write!(f, " (request {request_id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ShippingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.details;
        f.debug_struct("ShippingError")
            .field("kind", &details.kind)
            .field("operation", &details.operation)
            .field("stage", &details.stage)
            .field("message", &details.message)
            .field("code", &details.code)
            .field("carrier", &details.carrier)
            .field("request_id", &details.request_id)
            .field("status", &details.status)
            .field("retry_after", &details.retry_after)
            .field("source", &details.source)
            .finish()
    }
}

impl Error for ShippingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.details
            .source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// What a session keeps of an error: enough to tell the person, after a restart too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingErrorSummary {
    /// What went wrong.
    pub kind: ShippingErrorKind,
    /// What the API or the carrier said, in English; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The API's name of the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The kind of an error that the API described: by its code where that says enough, else by status and origin.
pub(super) fn classify(status: u16, error: &WireError) -> ShippingErrorKind {
    by_code(error).unwrap_or_else(|| by_status(status, error))
}

/// The kind that the error's code alone says.
pub(super) fn by_code(error: &WireError) -> Option<ShippingErrorKind> {
    let code = error.error_code.as_deref()?;
    let kind = match code {
        "invalid_address" => ShippingErrorKind::InvalidAddress,
        "invalid_field_value" | "field_value_required" | "invalid_string_length" | "field_conflict"
            if error.names_an_address() =>
        {
            ShippingErrorKind::InvalidAddress
        }
        "invalid_field_value"
        | "field_value_required"
        | "invalid_string_length"
        | "field_conflict"
        | "invalid_identifier"
        | "identifier_conflict"
        | "confirmation_not_supported" => ShippingErrorKind::InvalidInput,
        "no_rates_returned" => ShippingErrorKind::NoRates,
        "insufficient_funds" => ShippingErrorKind::InsufficientFunds,
        "unauthorized"
        | "forbidden"
        | "subscription_inactive"
        | "trial_expired"
        | "invalid_billing_plan"
        | "terms_not_accepted" => ShippingErrorKind::Unauthorized,
        "rate_limit_exceeded" => ShippingErrorKind::RateLimited,
        "carrier_disconnected"
        | "carrier_not_connected"
        | "carrier_not_supported"
        | "carrier_conflict"
        | "meter_failure" => ShippingErrorKind::CarrierUnavailable,
        "not_found" => ShippingErrorKind::NotFound,
        _ if code.starts_with("funding_") => ShippingErrorKind::InsufficientFunds,
        _ => return None,
    };
    Some(kind)
}

fn by_status(status: u16, error: &WireError) -> ShippingErrorKind {
    let from_carrier = error.error_source.as_deref() == Some("carrier");
    match status {
        401 | 403 => ShippingErrorKind::Unauthorized,
        402 => ShippingErrorKind::InsufficientFunds,
        404 | 410 => ShippingErrorKind::NotFound,
        429 => ShippingErrorKind::RateLimited,
        _ if from_carrier && error.error_type.as_deref() == Some("validation") => {
            ShippingErrorKind::InvalidInput
        }
        _ if from_carrier => ShippingErrorKind::CarrierUnavailable,
        408 | 504 => ShippingErrorKind::Timeout,
        400..=499 => ShippingErrorKind::InvalidInput,
        _ => ShippingErrorKind::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, source: &str, kind: &str) -> WireError {
        WireError {
            error_source: Some(source.to_owned()),
            error_type: Some(kind.to_owned()),
            error_code: Some(code.to_owned()),
            ..WireError::default()
        }
    }

    #[test]
    fn every_documented_code_has_its_kind() {
        use ShippingErrorKind as Kind;
        for (code, expected) in [
            ("invalid_address", Kind::InvalidAddress),
            ("invalid_field_value", Kind::InvalidInput),
            ("field_value_required", Kind::InvalidInput),
            ("invalid_string_length", Kind::InvalidInput),
            ("field_conflict", Kind::InvalidInput),
            ("invalid_identifier", Kind::InvalidInput),
            ("identifier_conflict", Kind::InvalidInput),
            ("confirmation_not_supported", Kind::InvalidInput),
            ("no_rates_returned", Kind::NoRates),
            ("insufficient_funds", Kind::InsufficientFunds),
            ("funding_source_inactive", Kind::InsufficientFunds),
            ("subscription_inactive", Kind::Unauthorized),
            ("trial_expired", Kind::Unauthorized),
            ("invalid_billing_plan", Kind::Unauthorized),
            ("terms_not_accepted", Kind::Unauthorized),
            ("unauthorized", Kind::Unauthorized),
            ("forbidden", Kind::Unauthorized),
            ("carrier_disconnected", Kind::CarrierUnavailable),
            ("carrier_not_connected", Kind::CarrierUnavailable),
            ("carrier_not_supported", Kind::CarrierUnavailable),
            ("carrier_conflict", Kind::CarrierUnavailable),
            ("meter_failure", Kind::CarrierUnavailable),
            ("rate_limit_exceeded", Kind::RateLimited),
        ] {
            let described = error(code, "ShipStation", "validation");
            assert_eq!(classify(400, &described), expected, "{code}");
        }
    }

    #[test]
    fn a_code_that_says_nothing_leaves_it_to_status_and_source() {
        use ShippingErrorKind as Kind;
        for (status, source, kind, expected) in [
            (400, "carrier", "integrations", Kind::CarrierUnavailable),
            (400, "carrier", "validation", Kind::InvalidInput),
            (400, "ShipStation", "validation", Kind::InvalidInput),
            (401, "ShipStation", "security", Kind::Unauthorized),
            (402, "ShipStation", "account_status", Kind::InsufficientFunds),
            (404, "ShipStation", "validation", Kind::NotFound),
            (408, "ShipStation", "system", Kind::Timeout),
            (429, "carrier", "system", Kind::RateLimited),
            (500, "carrier", "system", Kind::CarrierUnavailable),
            (500, "ShipStation", "system", Kind::Unavailable),
            (504, "ShipStation", "system", Kind::Timeout),
        ] {
            for code in ["unspecified", "unknown", "a_code_of_tomorrow"] {
                let described = error(code, source, kind);
                assert_eq!(classify(status, &described), expected, "{status} {source} {code}");
            }
        }
    }

    #[test]
    fn a_field_of_an_address_is_an_address_error() {
        let described = WireError {
            field_name: Some("shipment.ship_to.postal_code".to_owned()),
            ..error("invalid_field_value", "ShipStation", "validation")
        };
        assert_eq!(classify(400, &described), ShippingErrorKind::InvalidAddress);
    }

    #[test]
    fn only_what_passes_by_itself_is_retryable() {
        let retry = |kind| ShippingError::new(kind, Operation::Buy, "").retry();
        assert_eq!(retry(ShippingErrorKind::RateLimited), Retry::Later);
        assert_eq!(retry(ShippingErrorKind::Timeout), Retry::Later);
        assert_eq!(retry(ShippingErrorKind::Unclear), Retry::AfterLookup);
        assert_eq!(retry(ShippingErrorKind::InvalidAddress), Retry::Never);
        assert_eq!(retry(ShippingErrorKind::Unauthorized), Retry::Never);
    }

    #[test]
    fn the_text_names_operation_reason_and_request() {
        let error = ShippingError::new(
            ShippingErrorKind::InvalidAddress,
            Operation::Rates,
            "No such ZIP.",
        )
        .with_request_id(Some("r-1".to_owned()));
        insta::assert_snapshot!(error, @"rates: the address is refused: No such ZIP. (request r-1)");
        insta::assert_snapshot!(
            serde_json::to_string(&error.summary()).unwrap(),
            @r#"{"kind":"invalid_address","message":"No such ZIP.","request_id":"r-1"}"#
        );
    }

    #[test]
    fn the_word_of_a_kind_is_the_stored_one() {
        for kind in [
            ShippingErrorKind::InvalidAddress,
            ShippingErrorKind::InvalidInput,
            ShippingErrorKind::NoRates,
            ShippingErrorKind::InsufficientFunds,
            ShippingErrorKind::Unauthorized,
            ShippingErrorKind::RateLimited,
            ShippingErrorKind::CarrierUnavailable,
            ShippingErrorKind::Unavailable,
            ShippingErrorKind::Timeout,
            ShippingErrorKind::Unclear,
            ShippingErrorKind::NotFound,
            ShippingErrorKind::Malformed,
        ] {
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.as_str())
            );
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let error = ShippingError::new(ShippingErrorKind::Malformed, Operation::Label, "ж".repeat(10_000));
        assert_eq!(error.message().chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn an_unclear_purchase_keeps_its_cause() {
        let error = ShippingError::at(
            ShippingErrorKind::Timeout,
            Operation::Buy,
            Stage::Lost,
            "no answer",
        )
        .into_unclear();
        assert_eq!(error.kind(), ShippingErrorKind::Unclear);
        assert!(error.source().unwrap().to_string().contains("in time"));
    }
}
