//! The services that are offered, each kept once however many offers there are for it.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::shipping::{Quote, Service};

/// More services than all carriers together have. What an API makes up beyond that begins a new table.
const MOST_SERVICES: usize = 1_000;

/// The services of known offers: there are some dozens of them, and a dozen offers for each parcel.
#[derive(Debug, Default)]
pub(super) struct SharedServices(Mutex<HashSet<Arc<Service>>>);

impl SharedServices {
    /// The same quote, without names of its own where they are known.
    pub(super) fn share(&self, mut quote: Quote) -> Quote {
        let mut known = self.0.lock();
        for rate in &mut quote.rates {
            if let Some(shared) = known.get(&rate.service) {
                rate.service = Arc::clone(shared);
                continue;
            }
            if known.len() >= MOST_SERVICES {
                known.clear();
            }
            known.insert(Arc::clone(&rate.service));
        }
        // It is kept as it is from now on.
        quote.rates.shrink_to_fit();
        quote
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Money};
    use crate::shipping::{Rate, RateId};

    fn quote(codes: impl IntoIterator<Item = String>) -> Quote {
        let rate = |code: String| Rate {
            rate_id: RateId::new("se-1").unwrap(),
            service: Arc::new(Service {
                carrier: "UPS".into(),
                carrier_code: "ups".into(),
                name: "UPS Ground".into(),
                code: code.into(),
            }),
            price: Money::from_minor(843, Currency::USD),
            days: None,
            estimated_delivery: None,
            guaranteed: false,
        };
        Quote {
            shipment_id: None,
            rates: codes.into_iter().map(rate).collect(),
            notes: Vec::new(),
        }
    }

    fn of(codes: &[&str]) -> Quote {
        quote(codes.iter().map(|code| (*code).to_owned()))
    }

    #[test]
    fn offers_for_the_same_service_share_it_and_say_what_they_said() {
        let services = SharedServices::default();
        let first = services.share(of(&["ground", "air"]));
        let second = services.share(of(&["air", "ground", "sea"]));
        assert_eq!(second, of(&["air", "ground", "sea"]));
        assert!(Arc::ptr_eq(&first.rates[0].service, &second.rates[1].service));
        assert!(Arc::ptr_eq(&first.rates[1].service, &second.rates[0].service));
    }

    #[test]
    fn the_table_has_an_end() {
        let services = SharedServices::default();
        let many = quote((0..MOST_SERVICES + 10).map(|number| number.to_string()));
        assert_eq!(services.share(many.clone()), many);
        assert_eq!(services.0.lock().len(), 10);
    }
}
