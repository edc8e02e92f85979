//! The contract, as Rust. What an author needs from here is re-exported by the crate root.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::unwrap_used
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "plugin",
    additional_derives: [PartialEq],
    export_macro_name: "export_world",
    pub_export_macro: true,
    default_bindings_module: "cpi_plugin_sdk::bindings",
});
