//! How the fields of spans are written. Every turn has a span with its ids, and hardly ever a line in the log; the library's
//! writing of those fields is half of what the log costs a bot that has nothing to tell. Here numbers and texts go the short way,
//! and all else is left to the library.

use std::error::Error;
use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, FormatFields, Writer};

/// Fields as lines for people have them: `chat_id=7 flow="home"`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = TextVisitor {
            writer,
            is_first: true,
            result: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct TextVisitor<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl TextVisitor<'_> {
    /// Leaves a field to the library.
    fn at_length(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        if self.result.is_err() {
            return;
        }
        let mut visitor = DefaultVisitor::new(self.writer.by_ref(), self.is_first);
        record(&mut visitor);
        self.result = visitor.finish();
        self.is_first = false;
    }

    /// Writes a number. The name of the field stands for itself: colours, and names with a meaning, are the library's.
    fn number(&mut self, field: &Field, digits: &str) {
        if self.result.is_ok() {
            let space = if self.is_first { "" } else { " " };
            self.is_first = false;
            self.result = [space, field.name(), "=", digits]
                .into_iter()
                .try_for_each(|part| self.writer.write_str(part));
        }
    }

    fn is_short(&self, field: &Field) -> bool {
        !self.writer.has_ansi_escapes() && is_plain(field)
    }
}

/// Whether a field is nothing but a name and a value, to the library.
fn is_plain(field: &Field) -> bool {
    let name = field.name();
    name != "message" && !name.starts_with("r#") && !name.starts_with("log.")
}

impl Visit for TextVisitor<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        if self.is_short(field) {
            self.number(field, itoa::Buffer::new().format(value));
        } else {
            self.at_length(|visitor| visitor.record_i64(field, value));
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.is_short(field) {
            self.number(field, itoa::Buffer::new().format(value));
        } else {
            self.at_length(|visitor| visitor.record_u64(field, value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.at_length(|visitor| visitor.record_str(field, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.at_length(|visitor| visitor.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.at_length(|visitor| visitor.record_debug(field, value));
    }
}

/// Fields as JSON has them: an object. What is added later goes into the same one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JsonFields;

impl<'w> FormatFields<'w> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = JsonVisitor::default();
        fields.record(&mut visitor);
        writer.write_char('{')?;
        writer.write_str(&visitor.members)?;
        writer.write_char('}')
    }

    fn add_fields(&self, current: &'w mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut visitor = JsonVisitor::default();
        fields.record(&mut visitor);
        let object = &mut current.fields;
        if object.pop().is_none() {
            object.push('{');
        }
        if object.len() > 1 && !visitor.members.is_empty() {
            object.push(',');
        }
        object.push_str(&visitor.members);
        object.push('}');
        Ok(())
    }
}

#[derive(Default)]
struct JsonVisitor {
    members: String,
}

impl JsonVisitor {
    fn member(&mut self, field: &Field, value: &str) {
        if field.name().starts_with("log.") {
            return;
        }
        if !self.members.is_empty() {
            self.members.push(',');
        }
        let name = field.name();
        self.text(name.strip_prefix("r#").unwrap_or(name));
        self.members.push(':');
        self.members.push_str(value);
    }

    fn text(&mut self, text: &str) {
        self.members.push_str(&quoted(text));
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

impl Visit for JsonVisitor {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, itoa::Buffer::new().format(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, itoa::Buffer::new().format(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, if value { "true" } else { "false" });
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, &serde_json::Value::from(value).to_string());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, &quoted(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field, &quoted(&format!("{value:?}")));
    }
}
