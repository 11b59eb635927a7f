//! What buying a label and giving it back have to do with the person's money, as it is stored with the calls.

use serde::{Deserialize, Serialize};
use stepkeep_core::UserId;

use crate::ledger::PaidBy;
use crate::money::Money;
use crate::shipping::{Label, LabelId, RateId, ShippingErrorSummary, Voiding};

/// A label that is to be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredPurchase")]
pub struct PurchaseRequest {
    /// The offer.
    pub rate_id: RateId,
    /// Who pays what; nobody does in an order of a version that kept no balances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<LabelCharge>,
}

/// What a person pays for a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCharge {
    /// Who pays.
    pub user: UserId,
    /// The charge's id: the same whenever it is about the same label.
    pub id: String,
    /// The price that the person agreed to.
    pub amount: Money,
    /// The service, for the history.
    pub service: String,
}

/// As versions have stored it: earlier ones stored the rate alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredPurchase {
    Rate(RateId),
    Charged {
        rate_id: RateId,
        #[serde(default)]
        charge: Option<LabelCharge>,
    },
}

impl From<StoredPurchase> for PurchaseRequest {
    fn from(stored: StoredPurchase) -> Self {
        match stored {
            StoredPurchase::Rate(rate_id) => Self {
                rate_id,
                charge: None,
            },
            StoredPurchase::Charged { rate_id, charge } => Self { rate_id, charge },
        }
    }
}

impl LabelCharge {
    const PREFIX: &'static str = "label:";

    /// The id of a charge for the label of this rate. `token` tells one attempt from the next, so that what failed for sure
    /// can be paid for anew.
    pub fn id_of(token: &str, rate_id: &RateId) -> String {
        format!("{}{token}:{rate_id}", Self::PREFIX)
    }

    /// The rate whose label a charge with this id is for.
    pub fn rate_of(id: &str) -> Option<RateId> {
        let (_, rate_id) = id.strip_prefix(Self::PREFIX)?.rsplit_once(':')?;
        RateId::new(rate_id).ok()
    }
}

/// What came of buying a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseOutcome {
    /// The label.
    Done(Box<Bought>),
    /// Why there is none.
    Failed(ShippingErrorSummary),
    /// There is not enough money; nothing was bought.
    Short(Shortfall),
    /// The money could not be reserved for another reason; nothing was bought.
    NotReserved(NotReserved),
}

/// A label that was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bought {
    /// The label.
    pub label: Label,
    /// What it cost the person, where balances are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

/// Money that went, or came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// How much.
    pub amount: Money,
    /// Who paid.
    pub paid_by: PaidBy,
    /// What the person can spend now, if it could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Money>,
}

/// How much money is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    /// How much more it takes.
    pub missing: Money,
    /// How much there is.
    pub available: Money,
    /// Whether it is an admin's limit that is used up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_daily_limit: bool,
}

/// Why money could not be reserved, though it may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotReserved {
    /// The balances could not be read or written.
    Unavailable,
    /// The price is in another currency than the balances.
    Currency,
    /// Too many purchases of the person are unclear.
    TooManyOpen,
}

/// A label that is to be given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredVoid")]
pub struct VoidRequest {
    /// The label.
    pub label_id: LabelId,
    /// Whose charge comes back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<ChargeReference>,
}

/// A charge of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeReference {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub id: String,
}

/// As versions have stored it: earlier ones stored the label alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredVoid {
    Label(LabelId),
    Charged {
        label_id: LabelId,
        #[serde(default)]
        charge: Option<ChargeReference>,
    },
}

impl From<StoredVoid> for VoidRequest {
    fn from(stored: StoredVoid) -> Self {
        match stored {
            StoredVoid::Label(label_id) => Self {
                label_id,
                charge: None,
            },
            StoredVoid::Charged { label_id, charge } => Self { label_id, charge },
        }
    }
}

/// The carrier's answer to a label that was to be given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided {
    /// The carrier's words.
    pub voiding: Voiding,
    /// What came back to the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<Receipt>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn what_the_version_before_stored_is_bought_without_a_charge() {
        let bought: PurchaseRequest = serde_json::from_str(r#""se-5001""#).unwrap();
        assert_eq!(bought.rate_id.as_str(), "se-5001");
        assert_eq!(bought.charge, None);
        let voided: VoidRequest = serde_json::from_str(r#""se-7001""#).unwrap();
        assert_eq!((voided.label_id.as_str(), voided.charge), ("se-7001", None));
    }

    #[test]
    fn a_request_comes_back_as_it_was_stored() {
        let rate_id = RateId::new("se-5001").unwrap();
        let id = LabelCharge::id_of("token", &rate_id);
        assert_eq!(LabelCharge::rate_of(&id), Some(rate_id.clone()));
        let request = PurchaseRequest {
            rate_id,
            charge: Some(LabelCharge {
                user: UserId(7),
                id,
                amount: Money::from_minor(843, Currency::USD),
                service: "UPS Ground".to_owned(),
            }),
        };
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<PurchaseRequest>(&json).unwrap(), request);
    }
}
