//! The names under which the order's answers are stored. Never change one.

pub(super) const SENDER_NAME: &str = "sender_name";
pub(super) const SENDER_ADDRESS: &str = "sender_address";
pub(super) const SENDER_CITY: &str = "sender_city";
pub(super) const SENDER_STATE: &str = "sender_state";
pub(super) const SENDER_POSTAL_CODE: &str = "sender_postal_code";
pub(super) const SENDER_PHONE: &str = "sender_phone";
pub(super) const RECIPIENT_NAME: &str = "recipient_name";
pub(super) const RECIPIENT_ADDRESS: &str = "recipient_address";
pub(super) const RECIPIENT_CITY: &str = "recipient_city";
pub(super) const RECIPIENT_STATE: &str = "recipient_state";
pub(super) const RECIPIENT_POSTAL_CODE: &str = "recipient_postal_code";
pub(super) const RECIPIENT_PHONE: &str = "recipient_phone";
pub(super) const WEIGHT: &str = "weight";
pub(super) const DIMENSIONS: &str = "dimensions";
/// Our own id of the order.
pub(super) const ORDER_ID: &str = "order_id";
/// The offers that the person chooses from.
pub(super) const RATES: &str = "rates";
/// Since when the offers are known, and until when they hold.
pub(super) const QUOTE_TERMS: &str = "quote_terms";
/// The id of the chosen offer.
pub(super) const CHOSEN_RATE: &str = "chosen_rate";
/// The label, once it is bought.
pub(super) const LABEL: &str = "label";
/// The id of the charge for the label: once it is bought, and while it is not known whether it was.
pub(super) const CHARGE: &str = "charge";
