//! The order as the answers make it.

use serde::de::DeserializeOwned;
use stepkeep_core::{Fields, FlowError};

use super::fields;
use super::payment::LabelCharge;
use crate::catalogue::QuoteTerms;
use crate::flows::parts::read;
use crate::flows::speech::Speech;
use crate::localization::Args;
use crate::shipping::{Address, Dimensions, Label, Rate, RateId, Shipment, Weight};
use crate::validation::{PhoneNumber, PostalCode, State};

fn required<T: DeserializeOwned>(data: &Fields, field: &str) -> Result<T, FlowError> {
    read(data, field)?
        .ok_or_else(|| FlowError::new("missing_answer", format!("the field {field} is missing")))
}

/// The shipment that rates are asked for.
///
/// # Errors
/// When an answer is missing or can't be read.
pub(super) fn shipment(data: &Fields) -> Result<Shipment, FlowError> {
    let weight: Weight = required(data, fields::WEIGHT)?;
    let dimensions: Option<Dimensions> = read(data, fields::DIMENSIONS)?;
    Ok(Shipment {
        from: address(data, &SENDER)?,
        to: address(data, &RECIPIENT)?,
        weight,
        dimensions,
        external_id: read(data, fields::ORDER_ID)?,
    })
}

/// The fields of one side of the order.
struct Side {
    name: &'static str,
    address: &'static str,
    city: &'static str,
    state: &'static str,
    postal_code: &'static str,
    phone: &'static str,
}

const SENDER: Side = Side {
    name: fields::SENDER_NAME,
    address: fields::SENDER_ADDRESS,
    city: fields::SENDER_CITY,
    state: fields::SENDER_STATE,
    postal_code: fields::SENDER_POSTAL_CODE,
    phone: fields::SENDER_PHONE,
};

const RECIPIENT: Side = Side {
    name: fields::RECIPIENT_NAME,
    address: fields::RECIPIENT_ADDRESS,
    city: fields::RECIPIENT_CITY,
    state: fields::RECIPIENT_STATE,
    postal_code: fields::RECIPIENT_POSTAL_CODE,
    phone: fields::RECIPIENT_PHONE,
};

fn address(data: &Fields, side: &Side) -> Result<Address, FlowError> {
    let state: State = required(data, side.state)?;
    let postal_code: PostalCode = required(data, side.postal_code)?;
    let phone: Option<PhoneNumber> = read(data, side.phone)?;
    Ok(Address {
        name: required(data, side.name)?,
        phone: phone.map(|phone| phone.e164()),
        line1: required(data, side.address)?,
        city: required(data, side.city)?,
        state: state.code().to_owned(),
        postal_code: postal_code.as_str().to_owned(),
        country: "US".to_owned(),
    })
}

/// The summary of all answers.
pub(super) fn summary(data: &Fields, speech: &Speech<'_>) -> Result<String, FlowError> {
    let shipment = shipment(data)?;
    let not_given = || speech.plain("not-given");
    let phone = |field| -> Result<String, FlowError> {
        let phone: Option<PhoneNumber> = read(data, field)?;
        Ok(phone.map_or_else(not_given, |phone| phone.to_string()))
    };
    let args = Args::new()
        .with("sender-name", shipment.from.name)
        .with("sender-address", shipment.from.line1)
        .with("sender-city", shipment.from.city)
        .with("sender-state", shipment.from.state)
        .with("sender-postal-code", shipment.from.postal_code)
        .with("sender-phone", phone(fields::SENDER_PHONE)?)
        .with("recipient-name", shipment.to.name)
        .with("recipient-address", shipment.to.line1)
        .with("recipient-city", shipment.to.city)
        .with("recipient-state", shipment.to.state)
        .with("recipient-postal-code", shipment.to.postal_code)
        .with("recipient-phone", phone(fields::RECIPIENT_PHONE)?)
        .with(
            "weight",
            speech.localizer.weight(speech.language, &shipment.weight),
        )
        .with(
            "dimensions",
            shipment.dimensions.map_or_else(not_given, |dimensions| {
                speech.localizer.dimensions(speech.language, &dimensions)
            }),
        );
    Ok(speech.text("summary", &args))
}

/// The offers that the person chooses from.
pub(super) fn rates(data: &Fields) -> Result<Vec<Rate>, FlowError> {
    Ok(read(data, fields::RATES)?.unwrap_or_default())
}

/// Since when the offers are known, and until when they hold. An order of an earlier version doesn't say.
pub(super) fn terms(data: &Fields) -> Result<Option<QuoteTerms>, FlowError> {
    read(data, fields::QUOTE_TERMS)
}

/// The chosen offer, if it is still among the offers.
pub(super) fn chosen_rate(data: &Fields) -> Result<Option<Rate>, FlowError> {
    let chosen: Option<RateId> = read(data, fields::CHOSEN_RATE)?;
    Ok(rates(data)?
        .into_iter()
        .find(|rate| Some(&rate.rate_id) == chosen.as_ref()))
}

/// The bought label, if there is one.
pub(super) fn label(data: &Fields) -> Result<Option<Label>, FlowError> {
    read(data, fields::LABEL)
}

/// The charge for the label that was bought, or that may have been.
pub(super) fn charge(data: &Fields) -> Result<Option<String>, FlowError> {
    read(data, fields::CHARGE)
}

/// Whether it is not known if the label of this offer was bought.
pub(super) fn is_unclear(data: &Fields, rate_id: &RateId) -> Result<bool, FlowError> {
    let charge = charge(data)?;
    Ok(charge.is_some_and(|id| LabelCharge::rate_of(&id).as_ref() == Some(rate_id)))
}
