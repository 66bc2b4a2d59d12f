//! Sends one HTTP request from one vantage, and classifies the answer or its absence.

pub mod certificate;
mod classify;
mod coding;
mod connection;
pub mod http;
mod message;
mod names;
mod request;
#[cfg(test)]
mod tests;
mod trust;

pub use http::{Route, send};
pub use request::{Request, RequestError, TlsTrust, check_url, endpoint};
pub use url::Url;
