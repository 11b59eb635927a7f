//! A shipping API that sells labels, and that loses requests and answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use stepkeep::money::{Currency, Money};
use stepkeep::shipping::{
    Carrier, Label, LabelId, LabelStatus, Operation, Quote, Rate, RateId, Service, Shipment, ShippingApi,
    ShippingError, ShippingErrorKind, Voiding,
};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::weather::{Life, Weather};

/// The shipping API. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Shipping {
    sales: Arc<Mutex<Sales>>,
    /// How long a client takes to send a purchase off, once it has looked it up.
    before_purchases: Duration,
    /// How long every call is on its way, whatever the weather.
    distance: Duration,
    weather: Weather,
}

#[derive(Debug, Default)]
pub(crate) struct Sales {
    /// The labels that were sold, by rate. A second one for a rate is what must not be.
    pub(crate) labels: BTreeMap<String, Vec<Label>>,
    rates: u64,
}

/// A process's way to the shipping API.
#[derive(Debug)]
pub(crate) struct ShippingLink {
    pub(crate) shipping: Shipping,
    pub(crate) life: Life,
}

impl Shipping {
    pub(crate) fn new(weather: Weather) -> Self {
        Self {
            sales: Arc::default(),
            before_purchases: Duration::ZERO,
            distance: Duration::ZERO,
            weather,
        }
    }

    /// The same, where purchases take so long to be sent off.
    pub(crate) fn slow_before_purchases(self, before_purchases: Duration) -> Self {
        Self {
            before_purchases,
            ..self
        }
    }

    /// The same, so far away.
    pub(crate) fn at_a_distance(self, distance: Duration) -> Self {
        Self { distance, ..self }
    }

    /// How often somebody asked for rates, and was answered.
    pub(crate) fn rates_asked(&self) -> u64 {
        self.sales().rates / 2
    }

    pub(crate) fn sales(&self) -> parking_lot::MutexGuard<'_, Sales> {
        self.sales.lock()
    }

    /// Sells, whatever was sold before.
    fn sell(&self, rate: &RateId) -> Label {
        let mut sales = self.sales.lock();
        let number = sales.labels.values().map(Vec::len).sum::<usize>() + 1;
        let label = Label {
            label_id: LabelId::new(&format!("label-{number}")).expect("an id"),
            status: LabelStatus::Completed,
            shipment_id: None,
            tracking_number: Some(format!("TRACK{number}")),
            tracking_url: None,
            carrier_code: None,
            service_code: None,
            cost: None,
            test: false,
            pdf: Some("http://labels.invalid/label.pdf".parse().expect("a URL")),
        };
        let labels = sales.labels.entry(rate.to_string()).or_default();
        labels.push(label.clone());
        label
    }
}

impl ShippingLink {
    /// A read that may fail.
    async fn read<T>(
        &self,
        operation: Operation,
        read: impl FnOnce(&mut Sales) -> Result<T, ShippingError> + Send,
    ) -> Result<T, ShippingError> {
        let weather = &self.shipping.weather;
        self.life.goes_on().await;
        sleep(self.shipping.distance).await;
        weather.pass(50, 400, 20_000).await;
        let kinds = [
            ShippingErrorKind::Unavailable,
            ShippingErrorKind::Timeout,
            ShippingErrorKind::RateLimited,
        ];
        let result = match weather.strikes().then(|| weather.chance.pick(&kinds)).flatten() {
            Some(kind) => Err(ShippingError::new(*kind, operation, "simulated")),
            None => read(&mut self.shipping.sales()),
        };
        let end = result.as_ref().err().map_or("ok", |error| error.kind().as_str());
        weather
            .trace
            .note(format_args!("p{} {}: {end}", self.life.name, operation.as_str()));
        self.life.goes_on().await;
        result
    }
}

#[async_trait]
impl ShippingApi for ShippingLink {
    async fn carriers(&self) -> Result<Vec<Carrier>, ShippingError> {
        self.read(Operation::Carriers, |_| Ok(Vec::new())).await
    }

    async fn rates(&self, _: &Shipment) -> Result<Quote, ShippingError> {
        self.read(Operation::Rates, |sales| {
            let mut rate = |service: &str, price| {
                sales.rates += 1;
                Rate {
                    rate_id: RateId::new(&format!("rate-{}", sales.rates)).expect("an id"),
                    service: Arc::new(Service {
                        carrier: "USPS".into(),
                        carrier_code: "usps".into(),
                        name: service.into(),
                        code: service.to_lowercase().replace(' ', "_").into(),
                    }),
                    price: Money::from_minor(price, Currency::USD),
                    days: Some(3),
                    estimated_delivery: None,
                    guaranteed: false,
                }
            };
            Ok(Quote {
                shipment_id: None,
                rates: vec![rate("USPS Ground", 599), rate("USPS Priority", 899)],
                notes: Vec::new(),
            })
        })
        .await
    }

    /// The request goes its own way once it is sent: it arrives, or not, whatever becomes of whoever waits for it. It is
    /// on its way for four seconds at most, which is less than what calls are ended before their lease.
    async fn buy_label(&self, rate: &RateId) -> Result<Label, ShippingError> {
        let weather = self.shipping.weather.clone();
        sleep(self.shipping.before_purchases).await;
        self.life.goes_on().await;
        let failed = |kind| Err(ShippingError::new(kind, Operation::Buy, "simulated"));
        if weather.strikes() && weather.chance.happens(300) {
            return failed(ShippingErrorKind::Unavailable);
        }
        let (answer, bought) = oneshot::channel();
        let (shipping, rate, name) = (self.shipping.clone(), rate.clone(), self.life.name);
        tokio::spawn(async move {
            weather.pass(20, 500, 4_000).await;
            let trouble = weather.strikes().then(|| weather.chance.below(3));
            if trouble == Some(0) {
                weather
                    .trace
                    .note(format_args!("p{name} buy_label of {rate}: lost"));
                return;
            }
            let label = shipping.sell(&rate);
            weather
                .trace
                .note(format_args!("p{name} buy_label of {rate}: sold"));
            if trouble.is_none() {
                weather.pass(20, 500, 30_000).await;
                let _ = answer.send(label);
            }
        });
        let answer = bought.await;
        self.life.goes_on().await;
        match answer {
            Ok(label) => Ok(label),
            Err(_) => failed(ShippingErrorKind::Unclear),
        }
    }

    async fn buy_label_after_lookup(&self, rate: &RateId) -> Result<Label, ShippingError> {
        match self.find_label(rate).await? {
            Some(label) => Ok(label),
            None => self.buy_label(rate).await,
        }
    }

    async fn find_label(&self, rate: &RateId) -> Result<Option<Label>, ShippingError> {
        self.read(Operation::FindLabel, |sales| {
            let labels = sales.labels.get(rate.as_str()).into_iter().flatten();
            Ok(labels.clone().find(|label| label.status.is_bought()).cloned())
        })
        .await
    }

    async fn label(&self, id: &LabelId) -> Result<Label, ShippingError> {
        self.read(Operation::Label, |sales| {
            let label = sales
                .labels
                .values()
                .flatten()
                .find(|label| label.label_id == *id);
            let missing = || ShippingError::new(ShippingErrorKind::NotFound, Operation::Label, "simulated");
            label.cloned().ok_or_else(missing)
        })
        .await
    }

    async fn void_label(&self, id: &LabelId) -> Result<Voiding, ShippingError> {
        self.read(Operation::Void, |sales| {
            for label in sales
                .labels
                .values_mut()
                .flatten()
                .filter(|label| label.label_id == *id)
            {
                label.status = LabelStatus::Voided;
            }
            Ok(Voiding {
                approved: true,
                message: String::new(),
                reason: None,
            })
        })
        .await
    }

    async fn download_label(&self, _: &Label) -> Result<Bytes, ShippingError> {
        self.read(Operation::Download, |_| Ok(Bytes::from_static(b"%PDF-1.7")))
            .await
    }
}
