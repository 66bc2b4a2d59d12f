//! How to ask: one HTTP request from one vantage, and what the answer (or its absence) was.

pub mod certificate;
mod classify;
pub mod http;
mod names;
mod request;
#[cfg(test)]
mod tests;

pub use http::{Route, ask};
pub use request::{Request, RequestError, TlsTrust, check_url, endpoint};
pub use reqwest::Url;
