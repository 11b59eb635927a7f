//! The client of ShipStation's API, version 2, and of every API of the same shape.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::BackoffBuilder;
use bytes::Bytes;
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde::Serialize;
use stepkeep_core::SystemClock;
use stepkeep_core::cache::{CacheConfig, CacheError, ReadThroughCache};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};
use url::Url;

use super::carrier_list::CarrierList;
use super::error::{Stage, by_code};
use super::retry::RetryPolicy;
use super::transport::{Answer, Call, Transport};
use super::wire::{
    AddressValidation, BuyRequest, InvalidRate, LabelsAnswer, RatesAnswer, RatesRequest, VoidAnswer,
    WireError, WireLabel, WireRate,
};
use super::{
    Carrier, CarrierId, Label, LabelId, LabelStatus, Operation, Quote, Rate, RateId, Shipment, ShippingApi,
    ShippingError, ShippingErrorKind, Voiding,
};
use crate::http::Repeatable;
use crate::observation::Observers;

/// How many remarks of carriers a quote keeps.
const MOST_NOTES: usize = 5;

/// How to reach the API.
///
/// The debug form leaves out the key.
#[derive(Debug, Clone)]
pub struct ShippingConfig {
    /// The address of the API, without the prefix.
    pub base_url: Url,
    /// What all paths start with after the address: `/v2`, or `/v1` for the API's twin of that version.
    pub prefix: String,
    /// The key, sent as `API-Key`.
    pub api_key: SecretString,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// How often, and after which pauses, calls are sent again.
    pub retry: RetryPolicy,
    /// What the API does with addresses before it asks the carriers.
    pub address_validation: AddressValidation,
    /// How long the list of carriers is taken as it was.
    pub carriers_kept_for: Duration,
    /// Who is told of every request.
    pub observers: Observers,
}

impl ShippingConfig {
    /// The address of ShipStation.
    pub const DEFAULT_BASE_URL: &str = "https://api.shipstation.com";
    /// The prefix of its version 2.
    pub const DEFAULT_PREFIX: &str = "/v2";

    /// The usual settings for the API at `base_url` with `api_key`.
    pub fn new(base_url: Url, api_key: SecretString) -> Self {
        Self {
            base_url,
            prefix: Self::DEFAULT_PREFIX.to_owned(),
            api_key,
            deadlines: Deadlines::default(),
            retry: RetryPolicy::default(),
            address_validation: AddressValidation::ValidateAndClean,
            carriers_kept_for: Duration::from_hours(1),
            observers: Observers::default(),
        }
    }
}

/// How long calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until there is a connection.
    pub connect: Duration,
    /// One attempt of a read, the answer included.
    pub request: Duration,
    /// The one attempt of a purchase, or of a voiding. Long: giving up early makes it unclear.
    pub purchase: Duration,
    /// One attempt to fetch a file.
    pub download: Duration,
    /// A read or a download with all its attempts and pauses.
    pub call: Duration,
    /// All look-ups after an unclear purchase.
    pub lookups: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(20),
            purchase: Duration::from_mins(1),
            download: Duration::from_secs(30),
            call: Duration::from_mins(1),
            lookups: Duration::from_secs(45),
        }
    }
}

/// Why a client can't be made of its settings. Its text holds neither key nor address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShippingConfigError {
    /// The address isn't a plain web address.
    #[error(
        "the shipping API's address must be http:// or https://, without user, password, query or fragment"
    )]
    Address,
    /// The key can't be sent.
    #[error("the shipping API's key is empty, or has characters that no header can carry")]
    Key,
    /// The HTTP client can't be set up.
    #[error("the HTTP client can't be set up")]
    Http(#[source] reqwest::Error),
}

/// A client of ShipStation's API, version 2. Cheap to share behind an `Arc`.
pub struct ShippingClient {
    transport: Arc<Transport>,
    deadlines: Deadlines,
    retry: RetryPolicy,
    address_validation: AddressValidation,
    carriers: ReadThroughCache<(), CarrierList>,
}

impl fmt::Debug for ShippingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShippingClient")
            .field("transport", &self.transport)
            .field("deadlines", &self.deadlines)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl ShippingClient {
    /// A client with these settings. It doesn't connect yet.
    ///
    /// # Errors
    ///
    /// [`ShippingConfigError`] when address or key can't be used.
    pub fn new(config: ShippingConfig) -> Result<Self, ShippingConfigError> {
        let ShippingConfig {
            base_url,
            prefix,
            api_key,
            deadlines,
            retry,
            address_validation,
            carriers_kept_for,
            observers,
        } = config;
        let transport = Transport::new(&base_url, &prefix, api_key, deadlines.connect, retry)?;
        let transport = Arc::new(transport.observed_by(observers));
        let list = CarrierList {
            transport: Arc::clone(&transport),
            deadlines,
        };
        let kept = CacheConfig {
            load_deadline: list.longest_load(),
            // Who presses "try again" means it: the client has its own pauses.
            retry_after_failure: Duration::ZERO,
            ..CacheConfig::with_ttl(carriers_kept_for)
        };
        Ok(Self {
            transport,
            deadlines,
            retry,
            address_validation,
            carriers: ReadThroughCache::new("carriers", list, kept, Arc::new(SystemClock)),
        })
    }

    /// A call that may be sent again, with all its attempts inside one deadline.
    async fn read(&self, call: Call<'_>) -> Result<Answer, ShippingError> {
        within(self.deadlines.call, call.operation, self.transport.call(&call)).await
    }

    async fn get(
        &self,
        operation: Operation,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer, ShippingError> {
        self.read(Call {
            operation,
            method: Method::GET,
            path,
            query,
            body: None,
            deadline: self.deadlines.request,
            repeatable: Repeatable::Always,
        })
        .await
    }

    async fn carrier_ids(&self) -> Result<Arc<[CarrierId]>, ShippingError> {
        let failed = |kind, message: &str| ShippingError::new(kind, Operation::Carriers, message);
        match self.carriers.get(&()).await {
            Ok(Some(carriers)) => Ok(carriers.value),
            Ok(None) => Err(failed(
                ShippingErrorKind::CarrierUnavailable,
                "there are no carriers",
            )),
            Err(CacheError::Failed(error)) => Err((*error).clone()),
            Err(CacheError::TimedOut { .. }) => {
                Err(failed(ShippingErrorKind::Timeout, "no list of carriers in time"))
            }
            Err(_) => Err(failed(
                ShippingErrorKind::Unavailable,
                "the list of carriers could not be asked for",
            )),
        }
    }

    /// The cache of the list of carriers.
    pub fn carrier_cache(&self) -> &ReadThroughCache<(), CarrierList> {
        &self.carriers
    }

    async fn ask_for_rates(&self, request: &RatesRequest<'_>) -> Result<Answer, ShippingError> {
        self.read(Call {
            operation: Operation::Rates,
            method: Method::POST,
            path: &["rates"],
            query: &[],
            body: Some(json(Operation::Rates, request)?),
            deadline: self.deadlines.request,
            repeatable: Repeatable::Always,
        })
        .await
    }

    fn read_rates(&self, answer: &Answer) -> Result<Quote, ShippingError> {
        let RatesAnswer {
            shipment_id,
            rate_response,
            errors,
        } = answer.read()?;
        let mut rates: Vec<Rate> = Vec::with_capacity(rate_response.rates.len());
        let mut notes: Vec<String> = Vec::new();
        for raw in &rate_response.rates {
            match serde_json::from_str::<WireRate>(raw.get()) {
                Ok(rate) => match rate.objection().map(ToOwned::to_owned) {
                    Some(objection) => notes.push(objection),
                    None => match rate.into_rate() {
                        Ok(rate) => rates.push(rate),
                        Err(error) => warn!(%error, "a rate's price can't be understood; left out"),
                    },
                },
                Err(error) => warn!(%error, "a rate can't be understood; left out"),
            }
        }
        let errors: Vec<WireError> = rate_response.errors.into_iter().chain(errors).collect();
        notes.extend(errors.iter().filter_map(|error| error.message.clone()));
        for raw in &rate_response.invalid_rates {
            if let Ok(invalid) = serde_json::from_str::<InvalidRate>(raw.get()) {
                notes.extend(invalid.error_messages);
            }
        }
        let mut notes: Vec<String> = notes
            .into_iter()
            .filter(|note| !note.is_empty())
            .map(|note| self.without_key(&note))
            .collect();
        notes.dedup();
        notes.truncate(MOST_NOTES);

        if rates.is_empty() {
            let still_working = rate_response.status.as_deref() == Some("working");
            return Err(self.no_rates(answer, errors, notes, still_working));
        }
        rates.sort_by(|a, b| {
            let key = |rate: &Rate| (rate.price.minor(), rate.days.unwrap_or(u32::MAX));
            key(a).cmp(&key(b))
        });
        rates.truncate(Quote::MOST_RATES);
        Ok(Quote {
            shipment_id: shipment_id.or(rate_response.shipment_id),
            rates,
            notes,
        })
    }

    /// Why a good answer has no rates: the reason that it gives by a code, else that there are none.
    fn no_rates(
        &self,
        answer: &Answer,
        errors: Vec<WireError>,
        notes: Vec<String>,
        still_working: bool,
    ) -> ShippingError {
        if still_working {
            let message = "the carriers are still working on the rates";
            let kind = ShippingErrorKind::CarrierUnavailable;
            return ShippingError::new(kind, Operation::Rates, message).with_request_id(answer.request_id());
        }
        let coded = errors
            .into_iter()
            .find_map(|error| by_code(&error).map(|kind| (kind, error)));
        let error = match coded {
            Some((kind, error)) => self
                .transport
                .described(Operation::Rates, Stage::Refused, answer.status, error)
                .with_kind(kind),
            None => ShippingError::new(
                ShippingErrorKind::NoRates,
                Operation::Rates,
                notes.into_iter().next().unwrap_or_default(),
            ),
        };
        error.with_request_id(answer.request_id())
    }

    fn without_key(&self, text: &str) -> String {
        self.transport.without_key(text)
    }

    /// Sends the purchase once, or more often only while it surely wasn't looked at.
    async fn purchase(&self, rate_id: &RateId) -> Result<Answer, ShippingError> {
        self.transport
            .call(&Call {
                operation: Operation::Buy,
                method: Method::POST,
                path: &["labels", "rates", rate_id.as_str()],
                query: &[],
                body: Some(json(Operation::Buy, &BuyRequest::PDF_4X6)?),
                deadline: self.deadlines.purchase,
                repeatable: Repeatable::OnlyIfNotDone,
            })
            .await
    }

    /// The label of an answer to a purchase; or, when that isn't in it, what is there to be looked up.
    fn bought(&self, answer: &Answer) -> Result<Label, ShippingError> {
        let garbled = match answer.read::<WireLabel>() {
            Ok(label) => return Ok(label.into_label()),
            Err(garbled) => garbled,
        };
        // A success without a label but with errors is a refusal in the clothes of a success.
        match answer.errors().errors.into_iter().next() {
            Some(error) => Err(self
                .transport
                .described(Operation::Buy, Stage::Refused, StatusCode::BAD_REQUEST, error)
                .with_request_id(answer.request_id())),
            None => Err(garbled),
        }
    }

    /// Looks for the label of a purchase whose outcome isn't known, a few times. When there is none, `otherwise` stands.
    async fn look_up(&self, rate_id: &RateId, otherwise: ShippingError) -> Result<Label, ShippingError> {
        warn!(
            %rate_id,
            kind = otherwise.kind().as_str(),
            status = otherwise.status(),
            request_id = otherwise.request_id(),
            "the outcome of a purchase is unclear; looking the label up"
        );
        let search = async {
            let mut refused = true;
            for pause in self.retry.before_lookups().build() {
                sleep(pause).await;
                match self.find_label(rate_id).await {
                    Ok(Some(label)) => return Ok(label),
                    Ok(None) => {}
                    Err(error) => {
                        // Without a look there is no word on whether the refusal was one.
                        refused = false;
                        warn!(%rate_id, kind = error.kind().as_str(), "the look-up of a label failed");
                    }
                }
            }
            Err(refused)
        };
        let refused = match timeout(self.deadlines.lookups, search).await {
            Ok(Ok(label)) => return Ok(label),
            Ok(Err(refused)) => refused,
            Err(_) => false,
        };
        if refused && otherwise.stage() == Stage::Refused {
            Err(otherwise)
        } else {
            Err(otherwise.into_unclear())
        }
    }

    /// Waits a while for a bought label to be ready, and sorts out one that isn't a purchase at all.
    async fn ready(&self, mut label: Label) -> Result<Label, ShippingError> {
        let failed = |message: &str| {
            ShippingError::new(ShippingErrorKind::CarrierUnavailable, Operation::Buy, message)
        };
        let mut pauses = self.retry.before_lookups().build();
        loop {
            match label.status {
                LabelStatus::Completed => return Ok(label),
                LabelStatus::Error => return Err(failed("the carrier failed to make the label")),
                LabelStatus::Voided => return Err(failed("the label was voided")),
                LabelStatus::Processing => {}
            }
            let Some(pause) = pauses.next() else {
                return Err(failed("the label is still in the making").into_unclear());
            };
            sleep(pause).await;
            match self.label(&label.label_id).await {
                Ok(newer) => label = newer,
                Err(error) => {
                    debug!(label_id = %label.label_id, kind = error.kind().as_str(), "no news of a label");
                }
            }
        }
    }
}

#[async_trait]
impl ShippingApi for ShippingClient {
    async fn carriers(&self) -> Result<Vec<Carrier>, ShippingError> {
        self.carriers.source().ask().await
    }

    async fn rates(&self, shipment: &Shipment) -> Result<Quote, ShippingError> {
        let carrier_ids = self.carrier_ids().await?;
        let request = RatesRequest::new(shipment, &carrier_ids, self.address_validation);
        let answer = match self.ask_for_rates(&request).await {
            // The order was asked about before under its id: the rates matter more than the id.
            Err(error) if error.code() == Some("identifier_conflict") => {
                self.ask_for_rates(&request.without_external_id()).await
            }
            answer => answer,
        };
        let quote = answer.and_then(|answer| self.read_rates(&answer));
        if let Err(error) = &quote
            && error.kind() == ShippingErrorKind::CarrierUnavailable
        {
            // Perhaps the account's carriers have changed.
            self.carriers.invalidate(&()).await;
        }
        quote
    }

    async fn buy_label(&self, rate_id: &RateId) -> Result<Label, ShippingError> {
        let error = match self.purchase(rate_id).await {
            Ok(answer) => match self.bought(&answer) {
                Ok(label) => return self.ready(label).await,
                Err(error) => error,
            },
            Err(error) => {
                let nothing_done = matches!(error.stage(), Stage::Unsent | Stage::Limited | Stage::Refused);
                // "It exists" may be the answer to our own purchase, seen twice on the way.
                let conflict = error.status() == Some(409) || error.code() == Some("identifier_conflict");
                if nothing_done && !conflict {
                    return Err(error);
                }
                error
            }
        };
        let label = self.look_up(rate_id, error).await?;
        self.ready(label).await
    }

    async fn buy_label_after_lookup(&self, rate_id: &RateId) -> Result<Label, ShippingError> {
        match self.find_label(rate_id).await? {
            Some(label) => self.ready(label).await,
            None => self.buy_label(rate_id).await,
        }
    }

    async fn find_label(&self, rate_id: &RateId) -> Result<Option<Label>, ShippingError> {
        let query = [("rate_id", rate_id.as_str()), ("page_size", "50")];
        let answer = self.get(Operation::FindLabel, &["labels"], &query).await?;
        let LabelsAnswer { labels } = answer.read()?;
        let of_this_rate =
            |label: &WireLabel| label.rate_id.as_deref().is_none_or(|id| id == rate_id.as_str());
        let mut labels: Vec<_> = labels.into_iter().filter(of_this_rate).collect();
        // One rate belongs to one shipment. Labels of several mean that the filter was not understood, and then any of
        // them may be somebody else's.
        let mut shipments: Vec<_> = labels
            .iter()
            .filter_map(|label| label.shipment_id.as_ref())
            .collect();
        shipments.dedup();
        if shipments.len() > 1 {
            return Err(ShippingError::at(
                ShippingErrorKind::Malformed,
                Operation::FindLabel,
                Stage::Garbled,
                "labels of several shipments for one rate",
            )
            .with_request_id(answer.request_id()));
        }
        labels.sort_by(|a, b| a.created_at.cmp(&b.created_at));
        let bought: Vec<_> = labels
            .into_iter()
            .map(WireLabel::into_label)
            .filter(|label| label.status.is_bought())
            .collect();
        if bought.len() > 1 {
            warn!(%rate_id, labels = bought.len(), "one rate has several labels");
        }
        let ready = bought
            .iter()
            .position(|label| label.status == LabelStatus::Completed);
        Ok(bought.into_iter().nth(ready.unwrap_or_default()))
    }

    async fn label(&self, label_id: &LabelId) -> Result<Label, ShippingError> {
        let answer = self
            .get(Operation::Label, &["labels", label_id.as_str()], &[])
            .await?;
        Ok(answer.read::<WireLabel>()?.into_label())
    }

    async fn void_label(&self, label_id: &LabelId) -> Result<Voiding, ShippingError> {
        let answer = self
            .transport
            .call(&Call {
                operation: Operation::Void,
                method: Method::PUT,
                path: &["labels", label_id.as_str(), "void"],
                query: &[],
                body: None,
                deadline: self.deadlines.purchase,
                repeatable: Repeatable::OnlyIfNotDone,
            })
            .await;
        let unclear_if_lost = |error: ShippingError| match error.stage() {
            Stage::Lost | Stage::Garbled => error.into_unclear(),
            Stage::Unsent | Stage::Limited | Stage::Refused => error,
        };
        let answer = answer.map_err(unclear_if_lost)?;
        let answer: VoidAnswer = answer.read().map_err(unclear_if_lost)?;
        Ok(answer.into())
    }

    async fn download_label(&self, label: &Label) -> Result<Bytes, ShippingError> {
        let Some(url) = &label.pdf else {
            let message = "the label has no file";
            let kind = ShippingErrorKind::NotFound;
            return Err(ShippingError::new(kind, Operation::Download, message));
        };
        let download = self.transport.download(url, self.deadlines.download);
        let file = within(self.deadlines.call, Operation::Download, download).await?;
        if file.starts_with(b"%PDF-") {
            Ok(file)
        } else {
            let message = "the label's file is no PDF";
            let kind = ShippingErrorKind::Malformed;
            Err(ShippingError::new(kind, Operation::Download, message))
        }
    }
}

pub(super) async fn within<T>(
    deadline: Duration,
    operation: Operation,
    call: impl Future<Output = Result<T, ShippingError>>,
) -> Result<T, ShippingError> {
    timeout(deadline, call).await.unwrap_or_else(|_| {
        Err(ShippingError::at(
            ShippingErrorKind::Timeout,
            operation,
            Stage::Lost,
            "",
        ))
    })
}

fn json(operation: Operation, body: &impl Serialize) -> Result<Vec<u8>, ShippingError> {
    serde_json::to_vec(body).map_err(|error| {
        let message = "the request can't be written";
        ShippingError::new(ShippingErrorKind::InvalidInput, operation, message).with_source(error)
    })
}
