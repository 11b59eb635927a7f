//! The log: lines for people or JSON for machines, on standard error.

mod turn;

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};
use url::Url;

use crate::config::{LogFormat, LogSettings};
use crate::traces::{self, Traces};
pub(crate) use turn::TurnIds;
use turn::{Form, WithTurn};

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
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(colours);
    match format {
        LogFormat::Text => {
            let form = Form::Text { has_colours: colours };
            let lines = tracing_subscriber::fmt::format().with_ansi(colours);
            layer.event_format(WithTurn::new(lines, form)).boxed()
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::format()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(true);
            let layer = layer.fmt_fields(JsonFields::new());
            layer.event_format(WithTurn::new(lines, Form::Json)).boxed()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use stepkeep_core::{BotId, ChatId, SessionKey, UserId};

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
    fn the_filter_may_look_for_the_turns_of_one_chat() {
        let (bot, user) = (BotId(1), UserId(7));
        for (filter, told) in [
            ("error,[turn]=debug", "78"),
            ("error,[turn{chat_id=8}]=debug", "8"),
        ] {
            let log = logged(filter, "text", || {
                for chat in [7, 8] {
                    let key = SessionKey::new(bot, ChatId(chat), user);
                    let turn = TurnIds::new(&key, None).within(async { tracing::debug!("in turn {chat}") });
                    futures::executor::block_on(turn);
                }
                tracing::debug!("in no turn");
            });
            let chats: String = log.lines().filter_map(|line| line.chars().last()).collect();
            assert_eq!(chats, told, "{log}");
        }
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

    /// A line that is told within `around`, which is a turn of some kind, without its time.
    fn told_in(
        format: LogFormat,
        colours: bool,
        has_inner_span: bool,
        around: impl FnOnce(&dyn Fn()),
    ) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let at_info = tracing::level_filters::LevelFilter::INFO;
        let lines = lines(format, move || writer.clone(), colours);
        let subscriber = Registry::default().with(at_info).with(lines);
        tracing::subscriber::with_default(subscriber, || {
            around(&|| {
                let _inner = has_inner_span.then(|| tracing::info_span!("send", replies = 2).entered());
                tracing::warn!(attempt = 2, "given back: WARN \"spans\":[ }}");
            });
        });
        let bytes = captured.0.lock().clone();
        let line = String::from_utf8(bytes).unwrap();
        match format {
            LogFormat::Text => line.split_once("WARN").unwrap().1.to_owned(),
            LogFormat::Json => {
                let mut object: serde_json::Value = serde_json::from_str(&line).unwrap();
                object["timestamp"] = "".into();
                object.to_string()
            }
        }
    }

    #[test]
    fn a_line_of_a_turn_has_its_ids_as_if_its_span_were_there() {
        let (bot, chat, user) = (BotId(1), ChatId(-1_001_234_567_890), UserId(7));
        let key = SessionKey::new(bot, chat, user);
        for (format, colours) in [
            (LogFormat::Text, false),
            (LogFormat::Text, true),
            (LogFormat::Json, false),
        ] {
            for has_inner_span in [false, true] {
                for update_id in [Some(3), None] {
                    let by_ids = told_in(format, colours, has_inner_span, |tell| {
                        let turn = TurnIds::new(&key, update_id).within(async { tell() });
                        futures::executor::block_on(turn);
                    });
                    let by_span = told_in(format, colours, has_inner_span, |tell| {
                        let span = tracing::info_span!("turn", chat_id = chat.0, user_id = user.0, update_id);
                        span.in_scope(tell);
                    });
                    assert_eq!(by_ids, by_span);
                }
            }
        }
    }
}
