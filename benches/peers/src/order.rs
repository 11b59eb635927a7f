//! What is kept of a person: fifteen answers of an order, about 600 bytes as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The session of a person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Order {
    /// The question that is next.
    pub step: String,
    /// The answers so far.
    pub fields: BTreeMap<String, String>,
}

impl Order {
    /// One with all answers.
    pub fn complete() -> Self {
        let fields = (0..15).map(|number| (format!("field_{number}"), "500 West 2nd St, Apt 4".to_owned()));
        Self {
            step: "field_0".to_owned(),
            fields: fields.collect(),
        }
    }

    /// What an answer changes: one field and the step.
    pub fn answer(&mut self, number: u64) {
        let name = format!("field_{}", number % 15);
        self.fields
            .insert(name.clone(), "2 Santana Row, Suite 1010".to_owned());
        self.step = name;
    }
}
