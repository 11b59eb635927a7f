//! The data of a session as a type of the program's own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::change::SessionChange;
use crate::field::FieldValue;
use crate::fields::Fields;
use crate::name::FieldName;
use crate::session::Session;

/// Data that doesn't fit its type. It names fields, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The session's data can't be read as the type.
    #[error("the session's data is no {type_name}: {problem}")]
    Unreadable {
        /// The type.
        type_name: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A value of the type can't be a session's data: it is no object, or a member's name is none of a field.
    #[error("a {type_name} can't be the data of a session: {problem}")]
    Unwritable {
        /// The type.
        type_name: &'static str,
        /// What is wrong.
        problem: String,
    },
}

impl Session {
    /// The data as a struct (or map) whose members are the fields.
    ///
    /// ```
    /// # use stepkeep_core::{BotId, FieldName, FieldValue, NewSession, SessionChange, SessionKey, Timestamp, UserId};
    /// #[derive(serde::Deserialize)]
    /// struct Order {
    ///     city: String,
    /// }
    ///
    /// # let change = SessionChange::new(Timestamp::EPOCH).set(FieldName::constant("city"), FieldValue::text("Austin"));
    /// # let session = NewSession::new(SessionKey::private(BotId(7), UserId(42)), change).session();
    /// let order: Order = session.typed()?;
    /// assert_eq!(order.city, "Austin");
    /// # Ok::<(), stepkeep_core::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Unreadable`] with the field that doesn't fit, or that is missing.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        read(self.data())
    }
}

impl SessionChange {
    /// Sets every member of a struct (or map) as a field. Fields that it doesn't have stay.
    ///
    /// # Errors
    /// [`DataError::Unwritable`].
    pub fn set_typed<T: Serialize + ?Sized>(self, data: &T) -> Result<Self, DataError> {
        let fields = write(data)?;
        Ok(fields
            .into_iter()
            .fold(self, |change, (name, value)| change.set(name, value)))
    }
}

fn read<T: DeserializeOwned>(fields: &Fields) -> Result<T, DataError> {
    let mut json = String::from("{");
    // Where each field ends, to name the one that an error is about.
    let mut ends = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        if !ends.is_empty() {
            json.push(',');
        }
        // A field's name has no character that JSON would escape.
        json.push('"');
        json.push_str(name.as_str());
        json.push_str("\":");
        json.push_str(value.json());
        ends.push((json.len(), name));
    }
    json.push('}');
    serde_json::from_str(&json).map_err(|error| DataError::Unreadable {
        type_name: std::any::type_name::<T>(),
        problem: problem_without_data(&error, &json, &ends),
    })
}

/// What is wrong, in words that hold names only: serde's message about a wrong value has the value in it.
fn problem_without_data(error: &serde_json::Error, json: &str, ends: &[(usize, &FieldName)]) -> String {
    let message = error.to_string();
    if message.starts_with("missing field") {
        let end = message.find(" at line").unwrap_or(message.len());
        return message[..end].to_owned();
    }
    let lines_before: usize = json
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let offset = lines_before + error.column();
    match ends.iter().find(|(end, _)| offset <= *end) {
        Some((_, name)) => format!("the field `{name}` has another form"),
        None => "it has another form".to_owned(),
    }
}

pub(crate) fn write<T: Serialize + ?Sized>(data: &T) -> Result<Fields, DataError> {
    let unwritable = |problem: String| DataError::Unwritable {
        type_name: std::any::type_name::<T>(),
        problem,
    };
    let value = FieldValue::new(data).map_err(|_| unwritable("it has no JSON form".to_owned()))?;
    let members: std::collections::BTreeMap<String, FieldValue> = value
        .get()
        .map_err(|_| unwritable("its JSON form is no object".to_owned()))?;
    members
        .into_iter()
        .map(|(name, value)| {
            let name = FieldName::new(&name).map_err(|error| unwritable(error.to_string()))?;
            Ok((name, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BotId, NewSession, SessionKey, Timestamp, UserId};
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Order {
        city: String,
        grams: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
    }

    fn session(change: SessionChange) -> Session {
        NewSession::new(SessionKey::private(BotId(7), UserId(42)), change).session()
    }

    fn change() -> SessionChange {
        SessionChange::new(Timestamp::EPOCH)
    }

    #[test]
    fn data_comes_back_as_the_type_that_it_was() {
        let order = Order {
            city: "Austin".into(),
            grams: 900,
            phone: None,
        };
        let session = session(change().set_typed(&order).unwrap());
        assert_eq!(session.typed::<Order>().unwrap(), order);
        assert_eq!(session.field("phone"), None);
    }

    #[test]
    fn an_error_names_the_field_and_shows_no_value() {
        let grams = FieldName::constant("grams");
        let city = FieldName::constant("city");
        let wrong = session(
            change()
                .set(city.clone(), FieldValue::text("Austin"))
                .set(grams, FieldValue::text("1 Congress Ave")),
        );
        let error = wrong.typed::<Order>().unwrap_err().to_string();
        insta::assert_snapshot!(error, @"the session's data is no stepkeep_core::typed::tests::Order: the field `grams` has another form");

        let spread = FieldValue::from_json("[\n1,\n2]".to_owned()).unwrap();
        let wrong = session(
            change()
                .set(city.clone(), spread)
                .set(FieldName::constant("z"), FieldValue::text("z")),
        );
        let error = wrong.typed::<Order>().unwrap_err().to_string();
        assert!(error.ends_with("the field `city` has another form"), "{error}");

        let missing = session(change().set(city, FieldValue::text("Austin")));
        let error = missing.typed::<Order>().unwrap_err().to_string();
        assert!(error.ends_with("missing field `grams`"), "{error}");
    }

    #[test]
    fn what_is_no_object_of_fields_is_refused() {
        let refused = change().set_typed(&5).unwrap_err().to_string();
        assert!(refused.ends_with("its JSON form is no object"), "{refused}");
        let dotted = std::collections::BTreeMap::from([("a.b", 1)]);
        assert!(matches!(
            change().set_typed(&dotted),
            Err(DataError::Unwritable { .. })
        ));
    }
}
