//! The second level of read-through caches.

mod level;
mod message;
mod names;
mod subscription;

pub use level::RedisCacheLevel;
