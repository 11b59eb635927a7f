//! What the stand-in knows: shipments, rates, labels, and the faults to come.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use parking_lot::{Mutex, MutexGuard};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::answer::Failure;
use super::carriers::{self, Carrier, Service};
use super::fault::{Fault, Operation};
use super::pricing::{self, Price, Refusal};
use super::request::{NewShipment, RatesRequest, Subject};
use super::{provoke, tracking};
use crate::state::Changes;

/// How many shipments keep their rates; the oldest are forgotten first, as if they had expired.
const MOST_SHIPMENTS: usize = 20_000;
/// How many readings a slowly made label is still in the making.
const SLOW_READINGS: u32 = 2;

/// A shipment that rates were asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shipment {
    pub(super) id: String,
    pub(super) described: NewShipment,
    pub(super) ship_date: Date,
    pub(super) created_at: Timestamp,
}

/// An offer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Rate {
    pub(super) id: String,
    pub(super) shipment: Arc<Shipment>,
    #[serde(with = "carriers::by_id")]
    pub(super) carrier: &'static Carrier,
    #[serde(with = "carriers::by_code")]
    pub(super) service: &'static Service,
    pub(super) price: Price,
    pub(super) zone: u8,
    pub(super) days: u8,
    pub(super) delivery: Date,
}

/// Whether a label can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    /// Ready after so many readings more.
    Processing(u32),
    Completed,
    Error,
    Voided(Timestamp),
}

/// A bought label.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) id: String,
    pub(super) rate: Rate,
    pub(super) status: Status,
    pub(super) tracking_number: String,
    pub(super) created_at: Timestamp,
    /// What makes the download's address impossible to guess.
    pub(super) secret: String,
    pub(super) test: bool,
}

/// What a label is looked for by.
#[derive(Debug, Default)]
pub(super) struct LabelFilter<'a> {
    pub(super) rate_id: Option<&'a str>,
    pub(super) shipment_id: Option<&'a str>,
    pub(super) status: Option<&'a str>,
    pub(super) carrier_id: Option<&'a str>,
    pub(super) service_code: Option<&'a str>,
    pub(super) tracking_number: Option<&'a str>,
}

/// The answer to a request for rates.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) shipment: Arc<Shipment>,
    pub(super) rates: Vec<Rate>,
    pub(super) errors: Vec<Failure>,
}

/// Everything that one stand-in knows.
#[derive(Debug)]
pub(crate) struct World {
    /// A part of all ids that differs from start to start, so that what a bot remembers of an earlier sandbox is not
    /// taken for something else.
    run: String,
    inner: Mutex<Inner>,
    changes: Changes,
}

/// Everything that is written down of a [`World`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedWorld(Inner);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Inner {
    last_number: u64,
    last_serial: u64,
    shipments: HashMap<String, (Arc<Shipment>, Vec<String>)>,
    oldest_first: VecDeque<String>,
    rates: HashMap<String, Rate>,
    labels: Vec<Label>,
    faults: Vec<Fault>,
    #[serde(with = "crate::state::pairs")]
    seen: HashMap<(Operation, String), u32>,
}

impl World {
    pub(crate) fn new(changes: Changes) -> Self {
        let mut random = rand::rng();
        Self {
            run: letters_and_digits(5),
            inner: Mutex::new(Inner {
                last_number: 0,
                last_serial: random.random_range(0..5_000_000),
                shipments: HashMap::new(),
                oldest_first: VecDeque::new(),
                rates: HashMap::new(),
                labels: Vec::new(),
                faults: Vec::new(),
                seen: HashMap::new(),
            }),
            changes,
        }
    }

    /// What is to be written down.
    pub(crate) fn saved(&self) -> SavedWorld {
        // Not through `lock`: looking changes nothing.
        SavedWorld(self.inner.lock().clone())
    }

    /// Takes up what was written down. The run's part of new ids is a new one all the same.
    pub(crate) fn restore(&self, saved: SavedWorld) {
        *self.inner.lock() = saved.0;
    }

    /// The state, to be looked at or changed. It is taken for changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        let inner = self.inner.lock();
        // Only now: who hears of the change waits for this lock, and so sees the change whole.
        self.changes.mark();
        inner
    }

    /// Forgets everything. Ids and tracking numbers go on growing.
    pub(super) fn reset(&self) {
        let mut inner = self.lock();
        let Inner {
            last_number: _,
            last_serial: _,
            shipments,
            oldest_first,
            rates,
            labels,
            faults,
            seen,
        } = &mut *inner;
        shipments.clear();
        oldest_first.clear();
        rates.clear();
        labels.clear();
        faults.clear();
        seen.clear();
    }

    pub(super) fn add_fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    pub(super) fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// The fault that is due for a call: one that was asked for, else one that its shipment provokes.
    pub(super) fn fault(&self, operation: Operation, shipment: Option<&NewShipment>) -> Option<Fault> {
        let mut inner = self.lock();
        if let Some(index) = inner.faults.iter().position(|fault| fault.operation == operation) {
            let fault = inner.faults.get_mut(index)?;
            fault.times = fault.times.saturating_sub(1);
            let due = fault.clone();
            if due.times == 0 {
                inner.faults.remove(index);
            }
            return Some(due);
        }
        let shipment = shipment?;
        let key = (operation, provoke::shipment(shipment));
        let seen = inner.seen.get(&key).copied().unwrap_or_default();
        let fault = provoke::fault(operation, &shipment.to, seen)?;
        // Only what provokes is counted, so that the counts stay few.
        inner.seen.insert(key, seen + 1);
        Some(fault)
    }

    /// The shipment of a rate.
    pub(super) fn shipment_of(&self, rate_id: &str) -> Option<Arc<Shipment>> {
        let inner = self.lock();
        inner.rates.get(rate_id).map(|rate| Arc::clone(&rate.shipment))
    }

    /// Offers of the carriers that are asked.
    pub(super) fn quote(&self, request: RatesRequest) -> Result<Quote, Failure> {
        let now = Timestamp::now();
        let mut inner = self.lock();
        let shipment = match request.subject {
            Subject::Known(id) => match inner.shipments.get(&id) {
                Some((shipment, _)) => Arc::clone(shipment),
                None => return Err(Failure::not_found("shipment", &id)),
            },
            Subject::New(described) => {
                for (side, address) in [("sender", &described.from), ("recipient", &described.to)] {
                    if described.validates && provoke::is_nowhere(address) {
                        let message = format!("The {side}'s city {} is not known.", address.city_locality);
                        return Err(Failure::validation("invalid_address", &message));
                    }
                }
                let id = self.id(&mut inner.last_number);
                inner.remember(id, *described, now)
            }
        };
        let to = &shipment.described.to;
        if provoke::has_no_rates(to) {
            let message = "No carrier serves this recipient.";
            return Ok(Quote {
                errors: vec![Failure::new(200, "business_rules", "no_rates_returned", message).of_carrier()],
                rates: Vec::new(),
                shipment,
            });
        }
        let zone = pricing::zone(&shipment.described.from.postal_code, &to.postal_code);
        let mut rates = Vec::new();
        let mut errors = Vec::new();
        for carrier in request.carriers {
            let wanted = |service: &&Service| {
                request.service_codes.is_empty()
                    || request.service_codes.iter().any(|code| code == service.code)
            };
            for service in carrier.services.iter().filter(wanted) {
                match pricing::price(carrier, service, zone, &shipment.described.package) {
                    Ok(price) => {
                        let days = pricing::days(service, zone);
                        rates.push(Rate {
                            id: self.id(&mut inner.last_number),
                            shipment: Arc::clone(&shipment),
                            carrier,
                            service,
                            price,
                            zone,
                            days,
                            delivery: pricing::delivery(carrier, shipment.ship_date, days),
                        });
                    }
                    Err(refusal) => {
                        errors.push(refused(carrier, refusal));
                        break;
                    }
                }
            }
        }
        let ids: Vec<_> = rates.iter().map(|rate| rate.id.clone()).collect();
        for rate in &rates {
            inner.rates.insert(rate.id.clone(), rate.clone());
        }
        if let Some((_, of_shipment)) = inner.shipments.get_mut(&shipment.id) {
            of_shipment.extend(ids);
        }
        Ok(Quote {
            shipment,
            rates,
            errors,
        })
    }

    pub(super) fn rate(&self, id: &str) -> Option<Rate> {
        self.lock().rates.get(id).cloned()
    }

    /// Buys a label: each call makes one more, as with the real thing.
    pub(super) fn buy(&self, rate_id: &str, test: bool) -> Result<Label, Failure> {
        let mut inner = self.lock();
        let rate = match inner.rates.get(rate_id) {
            Some(rate) => rate.clone(),
            None => return Err(Failure::not_found("rate", rate_id)),
        };
        inner.last_serial += 1;
        let to = &rate.shipment.described.to;
        let key = (Operation::Labels, provoke::shipment(&rate.shipment.described));
        let status = if provoke::fails_to_be_made(to) && inner.seen.insert(key, 1).is_none() {
            Status::Error
        } else if provoke::is_made_slowly(to) {
            Status::Processing(SLOW_READINGS)
        } else {
            Status::Completed
        };
        let label = Label {
            id: self.id(&mut inner.last_number),
            tracking_number: tracking::number(rate.carrier.code, inner.last_serial),
            created_at: Timestamp::now(),
            secret: letters_and_digits(20),
            rate,
            status,
            test,
        };
        inner.labels.push(label.clone());
        Ok(label)
    }

    /// A label as it is read: one that is made slowly comes nearer to its end.
    pub(super) fn read_label(&self, id: &str) -> Option<Label> {
        let mut inner = self.lock();
        let label = inner.labels.iter_mut().find(|label| label.id == id)?;
        label.progress();
        Some(label.clone())
    }

    /// The label at a download's address.
    pub(super) fn label_by_secret(&self, secret: &str) -> Option<Label> {
        let inner = self.lock();
        inner.labels.iter().find(|label| label.secret == secret).cloned()
    }

    /// The labels that `filter` lets through, newest first.
    pub(super) fn labels(&self, filter: &LabelFilter<'_>) -> Vec<Label> {
        let mut inner = self.lock();
        let found = inner
            .labels
            .iter_mut()
            .rev()
            .filter(|label| filter.matches(label));
        found
            .map(|label| {
                label.progress();
                label.clone()
            })
            .collect()
    }

    /// All labels, oldest first, untouched.
    pub(super) fn all_labels(&self) -> Vec<Label> {
        self.lock().labels.clone()
    }

    /// Gives a label back, or says as which `reason_code` not.
    pub(super) fn void(&self, id: &str) -> Result<Result<(), &'static str>, Failure> {
        let mut inner = self.lock();
        let Some(label) = inner.labels.iter_mut().find(|label| label.id == id) else {
            return Err(Failure::not_found("label", id));
        };
        if let Status::Voided(_) = label.status {
            return Ok(Err("label_already_voided"));
        }
        if provoke::is_used(&label.rate.shipment.described.to) {
            return Ok(Err("label_already_used"));
        }
        label.status = Status::Voided(Timestamp::now());
        Ok(Ok(()))
    }

    fn id(&self, last_number: &mut u64) -> String {
        *last_number += 1;
        format!("se-{}-{last_number}", self.run)
    }
}

impl Inner {
    fn remember(&mut self, id: String, described: NewShipment, now: Timestamp) -> Arc<Shipment> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let shipment = Arc::new(Shipment {
            id: id.clone(),
            ship_date: described.ship_date.unwrap_or(today),
            described,
            created_at: now,
        });
        self.shipments
            .insert(id.clone(), (Arc::clone(&shipment), Vec::new()));
        self.oldest_first.push_back(id);
        if self.oldest_first.len() > MOST_SHIPMENTS
            && let Some((_, rates)) = self
                .oldest_first
                .pop_front()
                .and_then(|oldest| self.shipments.remove(&oldest))
        {
            for rate in rates {
                self.rates.remove(&rate);
            }
        }
        shipment
    }
}

impl LabelFilter<'_> {
    fn matches(&self, label: &Label) -> bool {
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        is(self.rate_id, &label.rate.id)
            && is(self.shipment_id, &label.rate.shipment.id)
            && is(self.status, label.status.word())
            && is(self.carrier_id, label.rate.carrier.id)
            && is(self.service_code, label.rate.service.code)
            && is(self.tracking_number, &label.tracking_number)
    }
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Processing(_) => "processing",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Voided(_) => "voided",
        }
    }
}

fn refused(carrier: &Carrier, refusal: Refusal) -> Failure {
    let message = match refusal {
        Refusal::TooHeavy { pounds } => format!("{} takes no package over {pounds} lb.", carrier.name),
        Refusal::TooLong { inches } => {
            format!(
                "{} takes no package over {inches} in of length plus girth.",
                carrier.name
            )
        }
    };
    Failure::new(200, "business_rules", "unspecified", &message).of_carrier()
}

fn letters_and_digits(count: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = rand::rng();
    (0..count)
        .filter_map(|_| ALPHABET.get(random.random_range(0..ALPHABET.len())))
        .map(|letter| char::from(*letter))
        .collect()
}

impl Rate {
    /// The whole price in cents.
    pub(super) fn total(&self) -> i64 {
        self.price.shipping + self.price.other
    }
}

impl Label {
    fn progress(&mut self) {
        if let Status::Processing(left) = self.status {
            self.status = match left {
                0 => Status::Completed,
                left => Status::Processing(left - 1),
            };
        }
    }
}
