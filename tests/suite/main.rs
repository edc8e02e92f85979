//! Tests that run the real program with real components.
#![allow(missing_docs, clippy::needless_pass_by_value)]

mod answers;
mod bad_endpoints;
mod bad_input;
mod catalog;
mod imports;
mod retries;
mod sandbox;
mod secrets;
mod signals;
mod sim;
