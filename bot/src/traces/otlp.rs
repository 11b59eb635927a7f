//! The way to the collector: protobuf over HTTP, in batches, on a thread of its own.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, trace::Tracer};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Filter, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};
use url::Url;

use super::Traces;
use crate::config::LogSettings;
use crate::logging::{self, AlreadyLogging};

/// How long a batch may take to be taken by the collector.
const EXPORT_DEADLINE: Duration = Duration::from_secs(5);

/// How long the end of the process waits for the last batch.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// Traces can't be sent.
#[derive(Debug, thiserror::Error)]
#[error("the client of the traces' collector can't be set up")]
pub struct TracesError(#[source] ExporterBuildError);

/// Sets the log of the process up, with traces beside it. The log's filter is for the log alone.
pub(crate) fn init(settings: &LogSettings, endpoint: &Url) -> anyhow::Result<Traces> {
    let (layer, traces) = exported_to(endpoint)?;
    let lines = logging::lines(settings.format, std::io::stderr, logging::has_colours());
    let filter: Box<dyn Filter<_> + Send + Sync> = match settings.filter.to_targets() {
        Some(targets) => Box::new(targets),
        None => Box::new(settings.filter.to_filter()),
    };
    let subscriber = Registry::default().with(layer).with(lines.with_filter(filter));
    tracing::subscriber::set_global_default(subscriber).map_err(AlreadyLogging)?;
    Ok(traces)
}

/// A layer for a subscriber that sends the bot's spans to a collector, and what is to be ended at the end.
///
/// # Errors
/// [`TracesError`] when no HTTP client can be made.
pub fn exported_to<S>(endpoint: &Url) -> Result<(impl Layer<S> + Send + Sync + use<S>, Traces), TracesError>
where
    S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
{
    let endpoint = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_DEADLINE)
        .build()
        .map_err(TracesError)?;
    let resource = Resource::builder()
        .with_service_name("stepkeep")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build();
    let layer = layer(provider.tracer("stepkeep"));
    let provider = Some(provider);
    Ok((layer, Traces { provider }))
}

fn layer<S>(tracer: SdkTracer) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    SdkTracer: Tracer,
{
    // The client that sends traces has spans too; they would be sent as well, for ever. Spans are at debug level where the log
    // has no need of them; what is told at that level within them is for the log.
    let ours = filter_fn(|metadata| {
        let quietest = if metadata.is_span() {
            Level::DEBUG
        } else {
            Level::INFO
        };
        metadata.target().starts_with("stepkeep") && *metadata.level() <= quietest
    });
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_filter(ours.with_max_level_hint(Level::DEBUG))
}

/// The exporter's thread is waited for, which must not happen on one of the runtime's.
pub(super) async fn end(provider: SdkTracerProvider) {
    let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(END_DEADLINE)).await;
    if let Ok(Err(error)) = ended {
        tracing::warn!(%error, "the last traces could not be sent");
    }
}
