//! The log: lines for people or JSON for machines, on standard error.

mod fields;

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};
use url::Url;

use crate::config::{LogFormat, LogSettings};
use crate::traces::{self, Traces};
use fields::{JsonFields, TextFields};

/// The process has a log already.
#[derive(Debug, thiserror::Error)]
#[error("the process has a log already")]
pub struct AlreadyLogging(#[source] pub(crate) tracing::subscriber::SetGlobalDefaultError);

/// Sets the log of the whole process up. Colours are used on a terminal, unless `NO_COLOR` is set.
///
/// # Errors
///
/// [`AlreadyLogging`] at the second call in a process.
pub fn init(settings: &LogSettings) -> Result<(), AlreadyLogging> {
    let subscriber = subscriber(settings, std::io::stderr, has_colours());
    tracing::subscriber::set_global_default(subscriber).map_err(AlreadyLogging)
}

/// Whether the log's reader sees colours.
pub(crate) fn has_colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// The same, and what goes on is sent to a collector of traces too, if there is an address of one. What comes back is to be
/// [ended](Traces::end) when the process is, so that the last traces arrive.
///
/// # Errors
///
/// When the process has a log already, or the client of the collector can't be set up.
pub fn init_with_traces(settings: &LogSettings, endpoint: Option<&Url>) -> anyhow::Result<Traces> {
    let Some(endpoint) = endpoint else {
        init(settings)?;
        return Ok(Traces::none());
    };
    traces::init(settings, endpoint)
}

/// What [`init`] sets up, writing wherever it is told to.
pub fn subscriber<W>(
    settings: &LogSettings,
    writer: W,
    colours: bool,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = match settings.filter.to_targets() {
        Some(targets) => targets.boxed(),
        None => settings.filter.to_filter().boxed(),
    };
    Registry::default()
        .with(filter)
        .with(lines(settings.format, writer, colours))
}

pub(crate) fn lines<S, W>(format: LogFormat, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => layer.with_ansi(colours).fmt_fields(TextFields).boxed(),
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .fmt_fields(JsonFields)
            .boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::config::{Setting, SettingFlags, Sources};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, format: &str, log: impl FnOnce()) -> String {
        let mut flags = SettingFlags::default();
        flags.insert(Setting::by_key("log").unwrap(), filter.to_owned());
        flags.insert(Setting::by_key("log_format").unwrap(), format.to_owned());
        let settings = LogSettings::load(&Sources::new().with_flags(&flags)).unwrap();
        let captured = Captured::default();
        let writer = captured.clone();
        tracing::subscriber::with_default(subscriber(&settings, move || writer.clone(), false), log);
        let bytes = captured.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_filter_decides_what_is_logged() {
        let log = logged("warn", "text", || {
            tracing::info!("a quiet remark");
            tracing::warn!("a loud remark");
        });
        assert!(!log.contains("quiet"), "{log}");
        assert!(log.contains("a loud remark"), "{log}");
    }

    #[test]
    fn the_filter_may_look_into_spans() {
        let log = logged("error,[turn]=info", "text", || {
            tracing::info!("outside");
            tracing::info_span!("turn").in_scope(|| tracing::info!("inside"));
        });
        assert!(!log.contains("outside") && log.contains("inside"), "{log}");
    }

    #[test]
    fn json_has_an_object_per_line_with_the_fields_of_event_and_spans() {
        let log = logged("info", "json", || {
            tracing::info_span!("turn", chat_id = -7, update_id = 3)
                .in_scope(|| tracing::info!(duration_ms = 2, "committed"));
        });
        let line: serde_json::Value = serde_json::from_str(log.trim()).unwrap();
        assert_eq!(line["message"], "committed");
        assert_eq!(line["duration_ms"], 2);
        assert_eq!(line["spans"][0]["chat_id"], -7);
        assert_eq!(line["spans"][0]["update_id"], 3);
    }

    /// Logs fields of every kind, also those that become known later, once with our way of writing and once with the library's.
    fn of_every_kind() {
        #[derive(Debug, thiserror::Error)]
        #[error("a worse thing")]
        struct Worse(#[source] io::Error);
        let error = Worse(io::Error::other("the cause"));
        let span = tracing::info_span!(
            "turn",
            chat_id = -1_001_234_567_890_i64,
            update_id = u64::MAX,
            is_late = true,
            ratio = 0.5,
            kind = "a \"kind\"\n\u{1b}[31m",
            flow = tracing::field::Empty,
            step = tracing::field::Empty,
            r#type = 3,
            shown = %"as it is",
            debugged = ?Some("x"),
        );
        span.in_scope(|| tracing::warn!("first"));
        span.record("flow", "shipping");
        span.record("step", tracing::field::display("a step"));
        let _outer = span.enter();
        tracing::info_span!("empty").in_scope(|| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                answer = 42,
                message = "second"
            );
        });
    }

    #[test]
    fn fields_are_written_as_the_library_writes_them() {
        let by_library = |format: LogFormat, colours: bool| {
            let captured = Captured::default();
            let writer = captured.clone();
            let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
            let layer = match format {
                LogFormat::Text => layer.with_ansi(colours).boxed(),
                LogFormat::Json => layer
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_span_list(true)
                    .boxed(),
            };
            tracing::subscriber::with_default(Registry::default().with(layer), of_every_kind);
            let bytes = captured.0.lock().clone();
            String::from_utf8(bytes).unwrap()
        };
        let by_us = |format: LogFormat, colours: bool| {
            let captured = Captured::default();
            let writer = captured.clone();
            let layer = lines(format, move || writer.clone(), colours);
            tracing::subscriber::with_default(Registry::default().with(layer), of_every_kind);
            let bytes = captured.0.lock().clone();
            String::from_utf8(bytes).unwrap()
        };
        // Without the time in front.
        let texts = |log: &str| -> Vec<String> {
            let lines = log.lines().filter_map(|line| line.split_once("WARN"));
            lines.map(|(_, text)| text.to_owned()).collect()
        };
        for colours in [false, true] {
            let (ours, theirs) = (
                by_us(LogFormat::Text, colours),
                by_library(LogFormat::Text, colours),
            );
            assert_eq!(texts(&ours).len(), 2, "{ours}");
            assert_eq!(texts(&ours), texts(&theirs));
        }
        let objects = |log: &str| -> Vec<serde_json::Value> {
            let objects = log.lines().map(|line| {
                let mut object: serde_json::Value = serde_json::from_str(line).unwrap();
                object["timestamp"] = "".into();
                object
            });
            objects.collect()
        };
        let (ours, theirs) = (by_us(LogFormat::Json, false), by_library(LogFormat::Json, false));
        assert_eq!(objects(&ours).len(), 2, "{ours}");
        assert_eq!(objects(&ours), objects(&theirs));
    }
}
