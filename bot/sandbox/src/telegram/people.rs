//! The people who can write to bots.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use super::object::Object;

/// The first id that is drawn for a person who comes without one.
const FIRST_DRAWN_ID: i64 = 2001;

/// One simulated person. Never changes: a new version replaces it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) first_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language_code: Option<String>,
}

impl Person {
    /// The Bot API's `User`.
    pub(crate) fn user(&self) -> Object<'_> {
        let mut user = Object::new()
            .with("id", self.id)
            .with("is_bot", false)
            .with("first_name", &*self.first_name);
        user.put_some("last_name", self.last_name.as_deref());
        user.put_some("username", self.username.as_deref());
        user.put_some("language_code", self.language_code.as_deref());
        user
    }

    /// The Bot API's `Chat` of the private chat with this person.
    pub(crate) fn private_chat(&self) -> Object<'_> {
        let mut chat = Object::new()
            .with("id", self.id)
            .with("type", "private")
            .with("first_name", &*self.first_name);
        chat.put_some("last_name", self.last_name.as_deref());
        chat.put_some("username", self.username.as_deref());
        chat
    }
}

/// What somebody says about a new person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    #[serde(default)]
    pub(crate) id: Option<i64>,
    pub(crate) first_name: String,
    #[serde(default)]
    pub(crate) last_name: Option<String>,
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) language_code: Option<String>,
}

/// Everybody, by id.
#[derive(Debug)]
pub(crate) struct People {
    by_id: RwLock<BTreeMap<i64, Arc<Person>>>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            by_id: RwLock::new(people_at_start()),
        }
    }
}

fn people_at_start() -> BTreeMap<i64, Arc<Person>> {
    let person = |id, first_name: &str, last_name: &str, username: &str, language: &str| {
        let person = Person {
            id,
            first_name: first_name.to_owned(),
            last_name: Some(last_name.to_owned()),
            username: Some(username.to_owned()),
            language_code: Some(language.to_owned()),
        };
        (id, Arc::new(person))
    };
    BTreeMap::from([
        person(1001, "Anna", "Miller", "anna_miller", "en"),
        person(1002, "Борис", "Волков", "boris_volkov", "ru"),
        person(1003, "Chloe", "Nguyen", "chloe_nguyen", "en"),
    ])
}

impl People {
    pub(crate) fn get(&self, id: i64) -> Option<Arc<Person>> {
        self.by_id.read().get(&id).map(Arc::clone)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Person>> {
        self.by_id.read().values().map(Arc::clone).collect()
    }

    /// Adds a person, or replaces the one of that id.
    ///
    /// # Errors
    /// A message that says what is wrong with the person.
    pub(crate) fn put(&self, new: NewPerson) -> Result<Arc<Person>, String> {
        if new.first_name.trim().is_empty() {
            return Err("first_name is empty".to_owned());
        }
        if new.id.is_some_and(|id| id <= 0) {
            return Err("id must be above 0".to_owned());
        }
        let mut people = self.by_id.write();
        let id = new.id.unwrap_or_else(|| {
            let highest = people.last_key_value().map_or(0, |(id, _)| *id);
            highest.saturating_add(1).max(FIRST_DRAWN_ID)
        });
        let person = Arc::new(Person {
            id,
            first_name: new.first_name,
            last_name: new.last_name,
            username: new.username,
            language_code: new.language_code,
        });
        people.insert(id, Arc::clone(&person));
        Ok(person)
    }

    pub(crate) fn reset(&self) {
        *self.by_id.write() = people_at_start();
    }

    /// Puts exactly these in the place of all others.
    pub(crate) fn restore(&self, people: Vec<Arc<Person>>) {
        *self.by_id.write() = people.into_iter().map(|person| (person.id, person)).collect();
    }
}
