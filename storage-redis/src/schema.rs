//! What describes a namespace in the database: the version of its layout, and its number of buckets.

use redis::{Value, from_redis_value};
use stepkeep_core::{SchemaStatus, StoreErrorKind};

use crate::config::RedisConfig;
use crate::connection::Connection;
use crate::error::Failure;
use crate::keys::description;
use crate::scripts::Scripts;

/// The version of the layout that this release reads and writes.
pub(crate) const VERSION: u32 = 1;

/// A namespace as it is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    version: u32,
    pub(crate) buckets: u16,
}

impl Description {
    /// # Errors
    /// `TooNew` and `Corrupt`; `None` where there is none.
    fn read(prefix: &str, values: &[Value]) -> Result<Option<Self>, Failure> {
        if values.iter().all(|value| *value == Value::Nil) {
            return Ok(None);
        }
        let number = |index: usize| -> Option<u32> {
            let value = values.get(index)?.clone();
            from_redis_value::<String>(value).ok()?.parse().ok()
        };
        let corrupt = || {
            let message = format!("what {} says of the namespace can't be read", description(prefix));
            Failure::new(StoreErrorKind::Corrupt, message)
        };
        let version = number(0).ok_or_else(corrupt)?;
        if version > VERSION {
            return Err(Failure::new(
                StoreErrorKind::TooNew,
                format!(
                    "the namespace {prefix:?} has layout {version}, and this version knows up to {VERSION}: use the newer \
                     version that made it"
                ),
            ));
        }
        let buckets = number(1).and_then(|buckets| u16::try_from(buckets).ok());
        let buckets = buckets.filter(|buckets| (1..=RedisConfig::MAX_BUCKETS).contains(buckets));
        Ok(Some(Self {
            version,
            buckets: buckets.ok_or_else(corrupt)?,
        }))
    }

    pub(crate) fn status(description: Option<Self>) -> SchemaStatus {
        match description {
            None => SchemaStatus::Missing,
            Some(Self { version, .. }) if version < VERSION => SchemaStatus::Outdated {
                found: version,
                needed: VERSION,
            },
            Some(Self { version, .. }) => SchemaStatus::Current { version },
        }
    }
}

/// Looks, and changes nothing.
pub(crate) async fn look(
    connection: &Connection,
    config: &RedisConfig,
) -> Result<Option<Description>, Failure> {
    let mut command = redis::cmd("HMGET");
    command
        .arg(description(&config.prefix))
        .arg("schema")
        .arg("buckets");
    let values: Vec<Value> = connection.query(&command).await?;
    checked(config, Description::read(&config.prefix, &values)?)
}

/// Describes the namespace, unless somebody has.
pub(crate) async fn set_up(
    connection: &Connection,
    scripts: &Scripts,
    config: &RedisConfig,
) -> Result<Option<Description>, Failure> {
    let (key, version) = (description(&config.prefix), VERSION.to_string());
    let buckets = config.buckets_of_new().to_string();
    let arguments = [version.as_bytes(), buckets.as_bytes()];
    let values: Vec<Value> = connection.call(&scripts.set_up, &[&key], &arguments).await?;
    checked(config, Description::read(&config.prefix, &values)?)
}

/// Sessions would be looked for where they are not if the number of buckets were another one.
fn checked(config: &RedisConfig, found: Option<Description>) -> Result<Option<Description>, Failure> {
    match (config.buckets, found) {
        (Some(wanted), Some(Description { buckets, .. })) if wanted != buckets => Err(Failure::new(
            StoreErrorKind::Invalid,
            format!(
                "the namespace {:?} was set up with buckets={buckets}, not {wanted}: leave the parameter out, or copy the \
                 sessions into a namespace with another prefix",
                config.prefix
            ),
        )),
        _ => Ok(found),
    }
}
