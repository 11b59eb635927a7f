//! Answers that never arrive.

use std::io;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header::CONTENT_LENGTH},
    response::Response,
};
use futures::stream;

/// Breaks the connection off: a body is announced, and the connection ends instead.
pub(crate) fn dropped() -> Response {
    let lost = async { Err::<Bytes, _>(io::Error::other("the connection is dropped on purpose")) };
    let mut response = Response::new(Body::from_stream(stream::once(lost)));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from_static("1024"));
    response
}
