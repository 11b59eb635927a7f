//! Where the stand-in is, as its caller sees it: what links begin with.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::header::HOST;
use axum::http::request::Parts;

/// The address that everything is under, without a slash at the end.
pub(super) struct Base(pub(super) String);

impl Base {
    /// The address that files are under.
    pub(super) fn files(&self) -> String {
        format!("{}/files", self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let inner = parts.uri.path();
        let outer = parts.extensions.get::<OriginalUri>();
        let outer = outer.map_or(inner, |OriginalUri(uri)| uri.path());
        // What the router is nested under.
        let prefix = outer.strip_suffix(inner).unwrap_or_default();
        Ok(Self(format!("http://{}{prefix}", host.unwrap_or("localhost"))))
    }
}
