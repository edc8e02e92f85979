//! Tests that run the real program with real components.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "tests end at the first thing that is not as it should be"
)]

mod account_keys;
mod answers;
mod bad_endpoints;
mod bad_input;
mod catalog;
mod compiling;
mod credentials;
mod doctor;
mod example;
mod images;
mod imports;
mod kills;
mod limits;
mod many_processes;
mod operator;
mod orphans;
mod person;
mod proxies;
mod registry;
mod repair;
mod retries;
mod signals;
mod sim;
mod stalls;
mod tape;
mod updates;
