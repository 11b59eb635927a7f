//! Which turn a line of the log belongs to.
//!
//! Every turn may log something, and hardly any does, while a span that a log at its default level keeps is 3 % of all that a turn
//! takes. So a turn's span is at debug level, and the ids that lines begin with are beside the task: they are written where a line
//! is, as if the span were there.

use std::fmt::{self, Write as _};

use stepkeep_core::SessionKey;
use tracing::field::Empty;
use tracing::{Event, Instrument as _, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The span's name.
const TURN: &str = "turn";

tokio::task_local! {
    static CURRENT: TurnIds;
}

/// What a turn is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TurnIds {
    chat: i64,
    user: i64,
    update: Option<i64>,
}

impl TurnIds {
    /// A turn of this conversation. `update_id` is that of the update that it answers, if it answers one.
    pub(crate) fn new(key: &SessionKey, update_id: Option<i64>) -> Self {
        Self {
            chat: key.chat().0,
            user: key.user().0,
            update: update_id,
        }
    }

    /// Whatever `turn` logs on its task is the turn's. Its span, if there is any, gets `flow` and `step` when they are known.
    pub(crate) fn within<F: Future>(self, turn: F) -> impl Future<Output = F::Output> + use<F> {
        let span = tracing::debug_span!(
            TURN,
            chat_id = self.chat,
            user_id = self.user,
            update_id = self.update,
            flow = Empty,
            step = Empty,
        );
        CURRENT.scope(self, turn.instrument(span))
    }

    /// Name and value, in their order.
    fn all(self) -> impl Iterator<Item = (&'static str, i64)> {
        let ids = [("chat_id", self.chat), ("user_id", self.user)];
        ids.into_iter()
            .chain(self.update.map(|update| ("update_id", update)))
    }
}

/// A form of the log's lines.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Text { has_colours: bool },
    Json,
}

impl Form {
    /// Adds a turn to a line that is told in it, as if its span were around all others that the line names.
    fn add(self, turn: TurnIds, level: &str, names_spans: bool, line: &mut String) {
        let (place, text) = match self {
            Self::Text { has_colours } => {
                let space = if names_spans { "" } else { " " };
                (after_word(line, level), turn.as_text(has_colours) + space)
            }
            // Within a text there is no quotation mark without a backslash.
            Self::Json => match line.find(SPANS) {
                Some(spans) => (spans + SPANS.len(), turn.as_object() + ","),
                None => (
                    line.rfind('}').unwrap_or(line.len()),
                    format!(",{SPANS}{}]", turn.as_object()),
                ),
            },
        };
        line.insert_str(place, &text);
    }
}

const SPANS: &str = "\"spans\":[";

/// Where the word behind this one begins.
fn after_word(line: &str, word: &str) -> usize {
    let end = line.find(word).map_or(0, |start| start + word.len());
    let space = line.get(end..).and_then(|rest| rest.find(' '));
    space.map_or(end, |space| end + space + 1)
}

impl TurnIds {
    fn as_text(self, has_colours: bool) -> String {
        let (bold, italic, dimmed, plain) = if has_colours {
            ("\u{1b}[1m", "\u{1b}[3m", "\u{1b}[2m", "\u{1b}[0m")
        } else {
            ("", "", "", "")
        };
        let fields = self
            .all()
            .map(|(name, id)| format!("{italic}{name}{plain}{dimmed}={plain}{id}"));
        let fields = fields.collect::<Vec<_>>().join(" ");
        format!("{bold}{TURN}{plain}{bold}{{{plain}{fields}{bold}}}{plain}{dimmed}:{plain}")
    }

    fn as_object(self) -> String {
        let mut object = String::from("{");
        for (name, id) in self.all() {
            // To write to a text never fails.
            let _ = write!(object, "\"{name}\":{id},");
        }
        object + "\"name\":\"" + TURN + "\"}"
    }
}

/// Lines as the library writes them, with the turn that they are told in.
pub(super) struct WithTurn<F> {
    lines: F,
    form: Form,
}

impl<F> WithTurn<F> {
    pub(super) const fn new(lines: F, form: Form) -> Self {
        Self { lines, form }
    }
}

impl<S, N, F> FormatEvent<S, N> for WithTurn<F>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let around = || context.event_scope().into_iter().flatten();
        let turn = CURRENT.try_with(|turn| *turn).ok();
        let Some(turn) = turn.filter(|_| around().all(|span| span.name() != TURN)) else {
            return self.lines.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        let level = event.metadata().level().as_str();
        self.form.add(turn, level, around().next().is_some(), &mut line);
        writer.write_str(&line)
    }
}
