//! Rust types and traits for the contract in `wit/`.
#![allow(missing_docs, reason = "generated; the contract documents itself")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { default: trappable },
    exports: { default: async },
    additional_derives: [serde::Serialize, serde::Deserialize],
    with: {
        "bosh:cpi/images.image": cpi_broker::Image,
        "bosh:cpi/intents.pending": crate::host::Pending,
        "bosh:cpi/state.lease": crate::host::Lease,
    },
});
