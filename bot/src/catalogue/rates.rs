//! What carriers ask for a parcel, for everybody who sends such a one.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepkeep_core::cache::{
    CacheConfig, CacheError, CacheKey, CacheStatistics, Loaded, ReadThroughCache, SecondLevel, Source,
};
use stepkeep_core::{Clock, Timestamp};

use super::services::SharedServices;
use crate::shipping::{
    Address, Dimensions, Operation, Quote, Shipment, ShippingApi, ShippingError, ShippingErrorKind, Weight,
};

/// The offers for a parcel, and what they are worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// What the carriers ask. Whoever is offered the same shares it.
    pub quote: Arc<Quote>,
    /// Since when, and for how long.
    pub terms: QuoteTerms,
}

/// Since when offers are known, and how far they can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteTerms {
    /// When the carriers were asked.
    pub asked_at: Timestamp,
    /// Until when the prices hold. Whoever buys later asks again first.
    pub valid_until: Timestamp,
    /// Whether the carriers were asked for this very shipment. Only then a label may be bought by the rates' ids: those of
    /// an equal parcel have other people's names on them.
    pub is_own: bool,
}

impl QuoteTerms {
    /// Whether the prices hold at an instant.
    pub fn hold_at(&self, instant: Timestamp) -> bool {
        instant < self.valid_until
    }
}

/// Offers that can be had without asking anybody.
pub trait RatesAtHand: fmt::Debug + Send + Sync {
    /// Those for a shipment, when they are known and their prices hold. Does no I/O.
    fn at_hand(&self, shipment: &Shipment) -> Option<Offers>;
}

/// The rates that were asked for in the last minutes. Clones share them.
///
/// They are kept by what a price depends on: the two addresses without the people at them, the weight and the size.
#[derive(Debug, Clone)]
pub struct RatesCatalogue {
    carriers: Carriers,
    cache: ReadThroughCache<PricedParcel, Carriers>,
    clock: Arc<dyn Clock>,
}

impl RatesCatalogue {
    /// The catalogue's name, in statistics and in the second level.
    pub const NAME: &'static str = "rates";

    /// A catalogue of what this API answers. Prices hold for as long as `config` takes them as fresh.
    pub fn new(api: Arc<dyn ShippingApi>, config: CacheConfig, clock: Arc<dyn Clock>) -> Self {
        let carriers = Carriers {
            api,
            services: Arc::default(),
        };
        Self {
            cache: ReadThroughCache::new(Self::NAME, carriers.clone(), config, Arc::clone(&clock)),
            carriers,
            clock,
        }
    }

    /// What the carriers ask for a shipment: as it is known, or as they answer now.
    ///
    /// Offers whose prices don't hold any more are answered when the carriers can't be asked; their
    /// [terms](Offers::terms) tell.
    ///
    /// # Errors
    /// As for [`ShippingApi::rates`], when there is nothing to answer.
    ///
    /// # Cancellation
    /// Dropping the future leaves no trace; what others wait for comes all the same.
    pub async fn offers(&self, shipment: &Shipment) -> Result<Offers, Arc<ShippingError>> {
        let parcel = PricedParcel::to_ask_for(shipment);
        let failed = |kind, message: &str| Arc::new(ShippingError::new(kind, Operation::Rates, message));
        let cached = self.cache.get(&parcel).await.map_err(|error| match error {
            CacheError::Failed(error) => error,
            CacheError::TimedOut { .. } => {
                failed(ShippingErrorKind::Timeout, "the carriers did not answer in time")
            }
            _ => failed(ShippingErrorKind::Unavailable, "the carriers could not be asked"),
        })?;
        let cached = cached.ok_or_else(|| failed(ShippingErrorKind::NoRates, "there are no rates"))?;
        if !cached.is_stale() {
            // Perhaps another process had asked. A stale answer is being renewed.
            parcel.forget_shipment();
        }
        Ok(cached
            .value
            .offers(shipment, cached.loaded_at, cached.fresh_until))
    }

    /// What the carriers ask now, whatever is known: for who is about to pay.
    ///
    /// # Errors
    /// As for [`ShippingApi::rates`].
    pub async fn fresh_offers(&self, shipment: &Shipment) -> Result<Offers, Arc<ShippingError>> {
        // Not by way of the cache: it may be asking for an equal parcel of somebody else at the moment.
        let known = self.carriers.ask(shipment).await.map_err(Arc::new)?;
        let now = self.clock.now();
        let offers = known.offers(shipment, now, now + self.cache.config().ttl);
        self.cache
            .insert(&PricedParcel::of(shipment), Loaded::present(known))
            .await;
        Ok(offers)
    }

    /// The same, shared with other processes.
    #[must_use]
    pub fn shared_by(self, level: &Arc<dyn SecondLevel>) -> Self {
        let cache = self.cache.with_second_level(Arc::clone(level));
        Self { cache, ..self }
    }

    /// What it did.
    pub fn statistics(&self) -> CacheStatistics {
        self.cache.statistics()
    }
}

impl RatesAtHand for RatesCatalogue {
    fn at_hand(&self, shipment: &Shipment) -> Option<Offers> {
        let cached = self.cache.at_hand(&PricedParcel::of(shipment))?;
        let offers = cached
            .value
            .offers(shipment, cached.loaded_at, cached.fresh_until);
        offers.terms.hold_at(self.clock.now()).then_some(offers)
    }
}

/// Who is asked for rates.
#[derive(Debug, Clone)]
struct Carriers {
    api: Arc<dyn ShippingApi>,
    services: Arc<SharedServices>,
}

impl Carriers {
    async fn ask(&self, shipment: &Shipment) -> Result<Arc<KnownQuote>, ShippingError> {
        let quote = self.api.rates(shipment).await?;
        Ok(KnownQuote::new(self.services.share(quote), shipment))
    }
}

#[async_trait]
impl Source<PricedParcel> for Carriers {
    type Value = Arc<KnownQuote>;
    type Error = ShippingError;

    async fn load(&self, parcel: &PricedParcel) -> Result<Loaded<Self::Value>, ShippingError> {
        let Some(shipment) = parcel.shipment() else {
            let message = "the shipment is not known any more";
            return Err(ShippingError::new(
                ShippingErrorKind::Unavailable,
                Operation::Rates,
                message,
            ));
        };
        let known = self.ask(&shipment).await?;
        parcel.forget_shipment();
        Ok(Loaded::present(known))
    }
}

/// A quote, and for whose parcel it was asked. Holds nothing of the person.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct KnownQuote {
    quote: Arc<Quote>,
    asked_for: String,
}

impl KnownQuote {
    fn new(quote: Quote, shipment: &Shipment) -> Arc<Self> {
        Arc::new(Self {
            quote: Arc::new(quote),
            asked_for: digest(shipment),
        })
    }

    fn offers(&self, shipment: &Shipment, asked_at: Timestamp, valid_until: Timestamp) -> Offers {
        Offers {
            quote: Arc::clone(&self.quote),
            terms: QuoteTerms {
                asked_at,
                valid_until,
                is_own: self.asked_for == digest(shipment),
            },
        }
    }
}

/// A parcel as far as its price goes: equal ones cost the same. It is known by a digest, which tells nobody's address, to
/// other processes too.
#[derive(Debug, Clone)]
struct PricedParcel {
    digest: Arc<str>,
    /// What the carriers are asked about. The cache keeps its keys for as long as prices hold, and need not keep people's
    /// addresses for that: when the carriers have answered, nobody asks by this key again.
    asked: Option<Arc<Mutex<Option<Arc<Shipment>>>>>,
}

impl PricedParcel {
    /// To look it up, or to say what is known.
    fn of(shipment: &Shipment) -> Self {
        let Shipment {
            from,
            to,
            weight,
            dimensions,
            external_id: _,
        } = shipment;
        let digest = digest(&(
            Place::of(from),
            Place::of(to),
            weighed(*weight),
            dimensions.as_ref().map(Dimensions::to_string),
        ));
        Self {
            digest: digest.into(),
            asked: None,
        }
    }

    /// The same, for whom the carriers may have to be asked.
    fn to_ask_for(shipment: &Shipment) -> Self {
        Self {
            asked: Some(Arc::new(Mutex::new(Some(Arc::new(shipment.clone()))))),
            ..Self::of(shipment)
        }
    }

    fn shipment(&self) -> Option<Arc<Shipment>> {
        self.asked.as_ref()?.lock().clone()
    }

    fn forget_shipment(&self) {
        if let Some(asked) = &self.asked {
            asked.lock().take();
        }
    }
}

impl CacheKey for PricedParcel {
    fn cache_key(&self) -> Cow<'_, str> {
        (&*self.digest).into()
    }
}

impl PartialEq for PricedParcel {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for PricedParcel {}

impl Hash for PricedParcel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

/// An address without the person at it, however it was typed.
#[derive(Serialize)]
struct Place {
    line1: String,
    city: String,
    state: String,
    postal_code: String,
    country: String,
}

impl Place {
    fn of(address: &Address) -> Self {
        let Address {
            name: _,
            phone: _,
            line1,
            city,
            state,
            postal_code,
            country,
        } = address;
        let normal = |text: &str| {
            text.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .to_lowercase()
        };
        Self {
            line1: normal(line1),
            city: normal(city),
            state: normal(state),
            postal_code: normal(postal_code),
            country: normal(country),
        }
    }
}

/// A weight in grams, so that 1 lb and 16 oz are the same; one beyond all bounds stays as it is.
fn weighed(weight: Weight) -> String {
    weight
        .grams()
        .map_or_else(|| weight.to_string(), |grams| grams.to_string())
}

/// What a value comes to in 32 digits.
fn digest(value: &impl Serialize) -> String {
    // These are structs of texts and numbers, which can always be written.
    let text = serde_json::to_vec(value).unwrap_or_default();
    let digest = Sha256::digest(&text);
    let mut text = String::with_capacity(32);
    for byte in &digest[..16] {
        // Writing into a text never fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rust_decimal::Decimal;
    use stepkeep_sandbox::{Config, Part, Sandbox};
    use url::Url;

    use super::*;
    use crate::shipping::{LengthUnit, ShippingClient, ShippingConfig, WeightUnit};

    fn address(name: &str, line1: &str) -> Address {
        Address {
            name: name.to_owned(),
            phone: None,
            line1: line1.to_owned(),
            city: "Austin".to_owned(),
            state: "TX".to_owned(),
            postal_code: "78701".to_owned(),
            country: "US".to_owned(),
        }
    }

    fn shipment() -> Shipment {
        let side = |inches: i64| Decimal::from(inches);
        Shipment {
            from: address("Ann Lee", "1 Congress Ave"),
            to: address("Bob Ray", "2 Congress Ave"),
            weight: Weight::new(Decimal::ONE, WeightUnit::Pound),
            dimensions: Some(Dimensions::new(side(10), side(6), side(4), LengthUnit::Inch)),
            external_id: Some("order-1".to_owned()),
        }
    }

    #[test]
    fn a_price_depends_on_the_parcel_and_not_on_the_people() {
        let mut same = shipment();
        same.from.name = "Eve Poe".to_owned();
        same.to.phone = Some("+15125550100".to_owned());
        same.to.line1 = " 2  CONGRESS Ave".to_owned();
        same.weight = Weight::new(Decimal::from(16), WeightUnit::Ounce);
        same.external_id = None;
        assert_eq!(PricedParcel::of(&same), PricedParcel::of(&shipment()));

        let changes: [fn(&mut Shipment); 5] = [
            |other| other.to.line1 = "3 Congress Ave".to_owned(),
            |other| other.from.postal_code = "78702".to_owned(),
            |other| other.weight = Weight::new(Decimal::TWO, WeightUnit::Pound),
            |other| other.dimensions = None,
            |other| std::mem::swap(&mut other.from, &mut other.to),
        ];
        for change in changes {
            let mut other = shipment();
            change(&mut other);
            assert_ne!(
                PricedParcel::of(&other),
                PricedParcel::of(&shipment()),
                "{other:?}"
            );
        }
    }

    #[test]
    fn offers_are_a_persons_own_only_for_the_very_same_order() {
        let quote = Quote {
            shipment_id: None,
            rates: Vec::new(),
            notes: Vec::new(),
        };
        let known = KnownQuote::new(quote, &shipment());
        let is_own = |shipment: &Shipment| {
            known
                .offers(shipment, Timestamp::EPOCH, Timestamp::EPOCH)
                .terms
                .is_own
        };
        assert!(is_own(&shipment()));
        let changes: [fn(&mut Shipment); 2] = [
            |other| other.to.name = "Eve Poe".to_owned(),
            |other| other.external_id = Some("order-2".to_owned()),
        ];
        for change in changes {
            let mut other = shipment();
            change(&mut other);
            assert!(!is_own(&other), "{other:?}");
        }
    }

    fn carriers(url: &str) -> Carriers {
        let config = ShippingConfig::new(Url::parse(url).unwrap(), "key".into());
        Carriers {
            api: Arc::new(ShippingClient::new(config).unwrap()),
            services: Arc::default(),
        }
    }

    #[tokio::test]
    async fn a_shipment_is_known_until_the_carriers_have_answered() {
        let parts = Config {
            parts: BTreeSet::from([Part::Shipping]),
            ..Config::default()
        };
        let stand_in = Sandbox::start(parts).await.unwrap();
        let parcel = PricedParcel::to_ask_for(&shipment());
        let kept = parcel.clone();
        carriers("http://127.0.0.1:1").load(&parcel).await.unwrap_err();
        assert_eq!(kept.shipment().as_deref(), Some(&shipment()));
        let there = carriers(&format!("{}/shipping", stand_in.url()));
        there.load(&parcel).await.unwrap();
        assert_eq!(kept.shipment(), None);
        let again = there.load(&kept).await.unwrap_err();
        assert_eq!(again.kind(), ShippingErrorKind::Unavailable);
    }

    #[tokio::test]
    async fn offers_for_two_parcels_share_their_services() {
        let parts = Config {
            parts: BTreeSet::from([Part::Shipping]),
            ..Config::default()
        };
        let stand_in = Sandbox::start(parts).await.unwrap();
        let carriers = carriers(&format!("{}/shipping", stand_in.url()));
        let mut other = shipment();
        other.to.line1 = "3 Congress Ave".to_owned();
        let one = carriers.ask(&shipment()).await.unwrap();
        let other = carriers.ask(&other).await.unwrap();
        let services = |known: &KnownQuote| -> Vec<_> {
            let rates = known.quote.rates.iter();
            rates.map(|rate| Arc::as_ptr(&rate.service)).collect()
        };
        assert_eq!(services(&one), services(&other));
    }

    #[test]
    fn what_is_shared_tells_nobodys_name_or_address() {
        let parcel = PricedParcel::of(&shipment());
        let quote = Quote {
            shipment_id: None,
            rates: Vec::new(),
            notes: Vec::new(),
        };
        let known = serde_json::to_string(&*KnownQuote::new(quote, &shipment())).unwrap();
        for private in ["Ann", "Bob", "Congress", "78701", "order-1"] {
            assert!(!parcel.cache_key().contains(private), "{private}");
            assert!(!known.contains(private), "{private}: {known}");
        }
    }
}
