//! The calls of the API, and of the people's side.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri, Path, Query, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{self, Failure};
use super::carriers::{self, CARRIERS, Carrier};
use super::fault::{Fault, Operation, under};
use super::label as label_file;
use super::request::{self, RatesRequest, Subject};
use super::world::{Label, LabelFilter, Status, World};

const API_KEY: HeaderName = HeaderName::from_static("api-key");
/// The key that is refused.
const INVALID_KEY: &str = "invalid";
/// What test keys start with.
const TEST_KEY: &str = "TEST_";
const LARGEST_PAGE: usize = 500;

/// A caller with a good key.
pub(super) struct Caller {
    test: bool,
    /// The address of this API as the caller knows it, without `/v2`.
    base: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let key = parts
            .headers
            .get(API_KEY)
            .and_then(|key| key.to_str().ok())
            .unwrap_or_default();
        if key.is_empty() || key == INVALID_KEY {
            let message = if key.is_empty() {
                "The API-Key header is missing."
            } else {
                "The API key is not valid."
            };
            return Err(Failure::new(401, "security", "unauthorized", message));
        }
        let test = key.starts_with(TEST_KEY);
        let whole = match OriginalUri::from_request_parts(parts, state).await {
            Ok(OriginalUri(uri)) => uri,
            Err(never) => match never {},
        };
        Ok(Self {
            test,
            base: base(&parts.headers, &whole, &parts.uri),
        })
    }
}

/// The address before `/v2`: the host that was asked for, and the path under which this router hangs.
fn base(headers: &HeaderMap, whole: &Uri, inner: &Uri) -> String {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(&HOST).unwrap_or("localhost");
    let scheme = text(&HeaderName::from_static("x-forwarded-proto")).unwrap_or("http");
    let prefix = whole.path().strip_suffix(inner.path()).unwrap_or_default();
    format!("{scheme}://{host}{prefix}")
}

type Known = State<Arc<World>>;

pub(super) async fn carriers(State(world): Known, _: Caller) -> Response {
    under(world.fault(Operation::Carriers, None), || {
        let carriers: Vec<_> = CARRIERS.iter().map(carrier_json).collect();
        answer::ok(&json!({ "carriers": carriers, "request_id": Uuid::new_v4().to_string(), "errors": [] }))
    })
    .await
}

pub(super) async fn carrier(State(world): Known, _: Caller, Path(id): Path<String>) -> Response {
    one_carrier(&world, &id, carrier_json).await
}

pub(super) async fn carrier_services(State(world): Known, _: Caller, Path(id): Path<String>) -> Response {
    one_carrier(
        &world,
        &id,
        |carrier| json!({ "services": services_json(carrier) }),
    )
    .await
}

pub(super) async fn carrier_packages(State(world): Known, _: Caller, Path(id): Path<String>) -> Response {
    one_carrier(
        &world,
        &id,
        |carrier| json!({ "packages": packages_json(carrier) }),
    )
    .await
}

async fn one_carrier(world: &World, id: &str, show: fn(&Carrier) -> Value) -> Response {
    under(
        world.fault(Operation::Carriers, None),
        || match carriers::carrier(id) {
            Some(carrier) => answer::ok(&show(carrier)),
            None => Failure::not_found("carrier", id).into_response(),
        },
    )
    .await
}

fn carrier_json(carrier: &Carrier) -> Value {
    json!({
        "carrier_id": carrier.id,
        "carrier_code": carrier.code,
        "account_number": carrier.account_number,
        "requires_funded_amount": carrier.code == "stamps_com",
        "balance": 1000.0,
        "nickname": carrier.nickname,
        "friendly_name": carrier.name,
        "primary": true,
        "has_multi_package_supporting_services": carrier.code != "stamps_com",
        "supports_label_messages": true,
        "disabled_by_billing_plan": false,
        "services": services_json(carrier),
        "packages": packages_json(carrier),
        "options": [],
    })
}

fn services_json(carrier: &Carrier) -> Vec<Value> {
    let show = |service: &carriers::Service| {
        json!({
            "carrier_id": carrier.id,
            "carrier_code": carrier.code,
            "service_code": service.code,
            "name": service.name,
            "domestic": true,
            "international": false,
            "is_multi_package_supported": carrier.code != "stamps_com",
        })
    };
    carrier.services.iter().map(show).collect()
}

fn packages_json(carrier: &Carrier) -> Vec<Value> {
    let show = |(code, name): &(&str, &str)| json!({ "package_id": null, "package_code": code, "name": name, "description": name });
    carrier.packages.iter().map(show).collect()
}

pub(super) async fn rates(State(world): Known, _: Caller, body: Bytes) -> Response {
    let request = request::parse(&body);
    let described = match &request {
        Ok(RatesRequest {
            subject: Subject::New(shipment),
            ..
        }) => Some(&**shipment),
        _ => None,
    };
    let fault = world.fault(Operation::Rates, described);
    under(fault, || match request.and_then(|request| world.quote(request)) {
        Ok(quote) => answer::ok(&quote.shown()),
        Err(failure) => failure.into_response(),
    })
    .await
}

pub(super) async fn rate(State(world): Known, _: Caller, Path(id): Path<String>) -> Response {
    match world.rate(&id) {
        Some(rate) => answer::ok(&rate.shown()),
        None => Failure::not_found("rate", &id).into_response(),
    }
}

#[derive(Debug, Default, Deserialize)]
struct BuyBody {
    #[serde(rename = "label_format")]
    format: Option<String>,
    #[serde(rename = "label_layout")]
    layout: Option<String>,
    #[serde(rename = "label_download_type")]
    download: Option<String>,
}

impl BuyBody {
    fn read(body: &[u8]) -> Result<Self, Failure> {
        let wanted: Self = if body.is_empty() {
            Self::default()
        } else {
            serde_json::from_slice(body)
                .map_err(|error| Failure::validation("invalid_field_value", &format!("The body: {error}.")))?
        };
        let only = |field: &str, value: &Option<String>, served: &str| match value.as_deref() {
            Some(value) if value != served => {
                Err(Failure::invalid(field, &format!("can only be {served} here")))
            }
            _ => Ok(()),
        };
        only("label_format", &wanted.format, "pdf")?;
        only("label_layout", &wanted.layout, "4x6")?;
        only("label_download_type", &wanted.download, "url")?;
        Ok(wanted)
    }
}

pub(super) async fn buy(
    State(world): Known,
    caller: Caller,
    Path(rate_id): Path<String>,
    body: Bytes,
) -> Response {
    let shipment = world.shipment_of(&rate_id);
    let fault = world.fault(
        Operation::Buy,
        shipment.as_deref().map(|shipment| &shipment.described),
    );
    under(fault, || {
        let bought = BuyBody::read(&body).and_then(|_| world.buy(&rate_id, caller.test));
        match bought {
            Ok(label) => answer::ok(&label.json(&caller.base)),
            Err(failure) => failure.into_response(),
        }
    })
    .await
}

#[derive(Debug, Deserialize)]
pub(super) struct LabelQuery {
    rate_id: Option<String>,
    shipment_id: Option<String>,
    label_status: Option<String>,
    carrier_id: Option<String>,
    service_code: Option<String>,
    tracking_number: Option<String>,
    page: Option<usize>,
    page_size: Option<usize>,
}

pub(super) async fn labels(
    State(world): Known,
    caller: Caller,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<LabelQuery>,
) -> Response {
    under(world.fault(Operation::Labels, None), || {
        let found = world.labels(&LabelFilter {
            rate_id: query.rate_id.as_deref(),
            shipment_id: query.shipment_id.as_deref(),
            status: query.label_status.as_deref(),
            carrier_id: query.carrier_id.as_deref(),
            service_code: query.service_code.as_deref(),
            tracking_number: query.tracking_number.as_deref(),
        });
        let size = query.page_size.unwrap_or(25).clamp(1, LARGEST_PAGE);
        let page = query.page.unwrap_or(1).max(1);
        let pages = found.len().div_ceil(size).max(1);
        let shown: Vec<_> = found
            .iter()
            .skip((page - 1).saturating_mul(size))
            .take(size)
            .map(|label| label.json(&caller.base))
            .collect();
        let link = |page: usize| json!({ "href": page_link(&caller.base, &uri, page) });
        answer::ok(&json!({
            "labels": shown,
            "total": found.len(),
            "page": page,
            "pages": pages,
            "links": {
                "first": link(1),
                "last": link(pages),
                "prev": if page > 1 { link(page - 1) } else { json!({}) },
                "next": if page < pages { link(page + 1) } else { json!({}) },
            },
        }))
    })
    .await
}

/// The same list at another page.
fn page_link(base: &str, uri: &Uri, page: usize) -> String {
    let mut link = format!("{base}/v2/labels?page={page}");
    for pair in uri.query().unwrap_or_default().split('&') {
        if !pair.is_empty() && !pair.starts_with("page=") {
            // Writing to a string never fails.
            let _ = write!(link, "&{pair}");
        }
    }
    link
}

pub(super) async fn label(State(world): Known, caller: Caller, Path(id): Path<String>) -> Response {
    under(world.fault(Operation::Labels, None), || {
        match world.read_label(&id) {
            Some(label) => answer::ok(&label.json(&caller.base)),
            None => Failure::not_found("label", &id).into_response(),
        }
    })
    .await
}

pub(super) async fn void(State(world): Known, _: Caller, Path(id): Path<String>) -> Response {
    under(world.fault(Operation::Void, None), || match world.void(&id) {
        Ok(Ok(())) => answer::ok(&json!({
            "approved": true,
            "message": "The label is void; the carrier was asked for the refund.",
        })),
        Ok(Err(reason)) => {
            let message = match reason {
                "label_already_voided" => "The label was voided before.",
                _ => "The label was used: the parcel is on its way.",
            };
            answer::ok(&json!({ "approved": false, "message": message, "reason_code": reason }))
        }
        Err(failure) => failure.into_response(),
    })
    .await
}

/// The file of a label. Like a signed address it needs no key: its middle part can't be guessed.
pub(super) async fn download(
    State(world): Known,
    Path((_, secret, filename)): Path<(String, String, String)>,
) -> Response {
    under(world.fault(Operation::Download, None), || {
        let label = world
            .label_by_secret(&secret)
            .filter(|label| filename == format!("label-{}.pdf", label.id))
            .filter(|label| matches!(label.status, Status::Completed | Status::Voided(_)));
        match label {
            Some(label) => {
                let pdf = HeaderValue::from_static("application/pdf");
                ([(CONTENT_TYPE, pdf)], label_file::pdf(&label)).into_response()
            }
            None => Failure::not_found("file", &filename).into_response(),
        }
    })
    .await
}

pub(super) async fn no_such_path(uri: Uri) -> Response {
    Failure::not_found("path", uri.path()).into_response()
}

pub(super) async fn sim_labels(State(world): Known) -> Response {
    let labels: Vec<_> = world.all_labels().iter().map(Label::sim_json).collect();
    answer::ok(&json!(labels))
}

pub(super) async fn add_fault(State(world): Known, body: Bytes) -> Response {
    match serde_json::from_slice::<Fault>(&body) {
        Ok(fault) if fault.times == 0 => sim_error("times must be at least 1"),
        Ok(fault) => {
            world.add_fault(fault);
            answer::ok(&json!({}))
        }
        Err(error) => sim_error(&error.to_string()),
    }
}

pub(super) async fn clear_faults(State(world): Known) -> Response {
    world.clear_faults();
    answer::ok(&json!({}))
}

pub(super) async fn reset(State(world): Known) -> Response {
    world.reset();
    answer::ok(&json!({}))
}

fn sim_error(message: &str) -> Response {
    answer::answer(StatusCode::BAD_REQUEST, &json!({ "error": message }))
}
