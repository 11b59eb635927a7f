//! Recipients and cities that provoke an error, so that a person can see each without any tool.
//!
//! Those that pass do so once for a shipment, that is for an order's own id, or for the same addresses where there is none:
//! "try again" then succeeds.

use super::fault::{Fault, Operation};
use super::request::{Address, NewShipment};

/// How often "Server Error" fails: as often as a client may try before it tells the person.
const SERVER_ERRORS: u32 = 3;
/// In milliseconds.
const SLOW: u64 = 3_000;

/// A city that no carrier knows.
const NOWHERE: &str = "nowhere";
/// A recipient whom no carrier serves.
const NO_RATES: &str = "no rates";
/// A recipient whose label fails to be made.
const FAILED_LABEL: &str = "failed label";
/// A recipient whose label takes a while to be made.
const SLOW_LABEL: &str = "slow label";
/// A recipient whose label can't be given back.
const USED_LABEL: &str = "used label";

/// The fault that `to` provokes, if any. `seen` says how often this operation came for this shipment before.
pub(super) fn fault(operation: Operation, to: &Address, seen: u32) -> Option<Fault> {
    let fault = Fault::of(operation);
    let first = seen == 0;
    let provoked = match (operation, name(to).as_str()) {
        (Operation::Rates, "rate limited") if first => Fault {
            status: Some(429),
            retry_after: Some(1),
            message: Some("Too many requests.".to_owned()),
            ..fault
        },
        (Operation::Rates, "server error") if seen < SERVER_ERRORS => Fault {
            status: Some(500),
            message: Some("Something went wrong on our side.".to_owned()),
            ..fault
        },
        (Operation::Rates | Operation::Buy, "slow carrier") => Fault {
            delay_ms: SLOW,
            ..fault
        },
        (Operation::Buy, "no funds") if first => Fault {
            status: Some(400),
            error_code: Some("insufficient_funds".to_owned()),
            message: Some("The carrier account has not enough funds for this label.".to_owned()),
            ..fault
        },
        (Operation::Buy, "carrier down") if first => Fault {
            status: Some(400),
            error_source: Some("carrier".to_owned()),
            message: Some("The carrier's system does not answer.".to_owned()),
            ..fault
        },
        (Operation::Buy, "lost answer") if first => Fault {
            drop_connection: true,
            after_effect: true,
            ..fault
        },
        (Operation::Buy, "lost order") if first => Fault {
            drop_connection: true,
            ..fault
        },
        _ => return None,
    };
    Some(provoked)
}

/// What tells the shipments apart for which a provocation passes once.
pub(super) fn shipment(shipment: &NewShipment) -> String {
    let place = |address: &Address| format!("{}|{}|{}", name(address), address.line1, address.postal_code);
    shipment
        .external_id
        .clone()
        .unwrap_or_else(|| format!("{}|{}", place(&shipment.from), place(&shipment.to)))
}

pub(super) fn is_nowhere(address: &Address) -> bool {
    plain(&address.city_locality) == NOWHERE
}

pub(super) fn has_no_rates(to: &Address) -> bool {
    name(to) == NO_RATES
}

pub(super) fn fails_to_be_made(to: &Address) -> bool {
    name(to) == FAILED_LABEL
}

pub(super) fn is_made_slowly(to: &Address) -> bool {
    name(to) == SLOW_LABEL
}

pub(super) fn is_used(to: &Address) -> bool {
    name(to) == USED_LABEL
}

fn name(address: &Address) -> String {
    plain(address.addressee())
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}
