//! What people type, turned into values that a carrier accepts, or into a [`Rejection`] that says what is wrong.
//!
//! Every parser is a pure function from text to a value. It takes what a person would really type (spaces to spare,
//! invisible characters from a paste, "California" as well as "ca"), and it is idempotent: a value that it gave,
//! written out again, is accepted as the same value.

mod address_line;
mod city;
mod dimensions;
mod person_name;
mod phone;
mod postal_code;
mod quantity;
mod rejection;
mod state;
mod state_table;
mod text;
mod weight;
mod zip_table;

pub use address_line::{ADDRESS_LINE_LIMIT, parse_address_line};
pub use city::{CITY_LIMIT, parse_city};
pub use dimensions::{LENGTH_AND_GIRTH_LIMIT_INCHES, parse_dimensions};
pub use person_name::{PERSON_NAME_LIMIT, parse_person_name};
pub use phone::{PhoneNumber, parse_phone_number};
pub use postal_code::{PostalCode, ZipWarning, check_state, parse_postal_code};
pub use rejection::{Excerpt, Field, Rejection};
pub use state::{State, StateKind, parse_state};
pub use weight::{WEIGHT_LIMIT_POUNDS, parse_weight};

/// A stored or transmitted value that its parser doesn't accept.
///
/// It deliberately leaves out the value, which may be somebody's address or phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}")]
pub struct InvalidValue {
    what: &'static str,
}

impl InvalidValue {
    fn new(what: &'static str) -> Self {
        Self { what }
    }
}
