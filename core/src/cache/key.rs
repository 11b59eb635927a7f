//! Keys as other processes know them.

use std::borrow::Cow;
use std::sync::Arc;

/// A key with a form that all processes agree on, in this version and the next: for caches with a second level.
///
/// Different keys must have different forms, and a form should be short, for it is sent with every call.
pub trait CacheKey {
    /// The form.
    fn cache_key(&self) -> Cow<'_, str>;
}

impl CacheKey for String {
    fn cache_key(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl CacheKey for Arc<str> {
    fn cache_key(&self) -> Cow<'_, str> {
        (**self).into()
    }
}

impl CacheKey for &'static str {
    fn cache_key(&self) -> Cow<'_, str> {
        (*self).into()
    }
}

macro_rules! as_decimal {
    ($($number:ty),*) => {
        $(impl CacheKey for $number {
            fn cache_key(&self) -> Cow<'_, str> {
                self.to_string().into()
            }
        })*
    };
}

as_decimal!(i32, u32, i64, u64);

/// For a cache that has one value.
impl CacheKey for () {
    fn cache_key(&self) -> Cow<'_, str> {
        "".into()
    }
}
