//! How the state of a dialogue is written into a session.

use std::any::type_name;
use std::fmt;

use ::teloxide::dispatching::dialogue::Serializer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::field::FieldValue;

/// The field that holds a state as JSON.
pub(super) const JSON_FIELD: &str = "dialogue";

/// The field that holds the bytes of a [`Serializer`] of teloxide's, as base64.
pub(super) const BYTES_FIELD: &str = "dialogue_bytes";

/// How the state of a dialogue is written into a session: [`JsonFormat`] or [`Serialized`].
pub trait DialogueFormat<D>: sealed::Named + Send + Sync + 'static {
    /// The field's value.
    ///
    /// # Errors
    /// What is wrong, without values, when the state has no such form.
    fn write(&self, dialogue: &D) -> Result<FieldValue, String>;

    /// The state.
    ///
    /// # Errors
    /// What is wrong, without values, when the field's value is no such state.
    fn read(&self, value: &FieldValue) -> Result<D, String>;
}

pub(super) mod sealed {
    /// What a format is called, and which field is its own.
    pub trait Named {
        /// The format, in errors.
        fn name(&self) -> &'static str;

        /// The field that it writes.
        fn field(&self) -> &'static str;
    }
}

/// The state as JSON in the field `dialogue`: what operators can read and other programs can query.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonFormat;

impl sealed::Named for JsonFormat {
    fn name(&self) -> &'static str {
        "JSON"
    }

    fn field(&self) -> &'static str {
        JSON_FIELD
    }
}

impl<D: Serialize + DeserializeOwned> DialogueFormat<D> for JsonFormat {
    fn write(&self, dialogue: &D) -> Result<FieldValue, String> {
        FieldValue::new(dialogue).map_err(|_| format!("a {} has no JSON form", type_name::<D>()))
    }

    fn read(&self, value: &FieldValue) -> Result<D, String> {
        // The error's own text may quote what a person wrote; where it is, does not.
        value.get().map_err(|error| {
            format!(
                "its field is no {} (line {}, column {})",
                type_name::<D>(),
                error.line(),
                error.column()
            )
        })
    }
}

/// The state as bytes of one of teloxide's serializers, as base64 in the field `dialogue_bytes`.
///
/// It is for those whose state has no JSON form, or whose code counts on the very bytes.
#[derive(Clone, Copy, Default)]
pub struct Serialized<S>(pub S);

impl<S> fmt::Debug for Serialized<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Serialized({})", type_name::<S>())
    }
}

impl<S> sealed::Named for Serialized<S> {
    fn name(&self) -> &'static str {
        type_name::<S>()
    }

    fn field(&self) -> &'static str {
        BYTES_FIELD
    }
}

impl<D, S> DialogueFormat<D> for Serialized<S>
where
    S: Serializer<D> + Send + Sync + 'static,
{
    fn write(&self, dialogue: &D) -> Result<FieldValue, String> {
        let bytes = self.0.serialize(dialogue);
        let bytes = bytes.map_err(|_| format!("a {} has no such form", type_name::<D>()))?;
        Ok(FieldValue::text(&STANDARD.encode(bytes)))
    }

    fn read(&self, value: &FieldValue) -> Result<D, String> {
        let text: String = value.get().map_err(|_| "its field is no text".to_owned())?;
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| "its field is no base64".to_owned())?;
        let dialogue = self.0.deserialize(&bytes);
        dialogue.map_err(|_| format!("its bytes are no {}", type_name::<D>()))
    }
}
