/// Exports a [`Provider`](crate::Provider) as the component, once in a crate, and embeds the manifest.
///
/// ```ignore
/// cpi_plugin_sdk::export!(MyProvider, manifest: "plugin.toml");
/// ```
///
/// The path is relative to the crate's `Cargo.toml`. The host reads the manifest from the custom section
/// `bosh:cpi/manifest`, and grants nothing that it does not ask for. Every key is in `docs/plugins.md` of the repository; a whole one:
///
/// ```toml
/// [plugin]
/// name = "example"
/// version = "0.1.0"
/// contract = "bosh:cpi@0.1"
/// settings = ["endpoint"]                 # the keys of cloud.properties.example that the plugin reads
/// identity = ["endpoint"]                 # those that tell one cloud from another: state and intents belong to them
///
/// [credentials.example]                   # requests name it; the host has the token, from a setting that no plugin reads
/// scheme = "bearer"
/// token = "api_token"
///
/// [[http]]
/// hosts = ["https://api.example.com"]
/// endpoint = "endpoint"                   # a URL under this settings key takes the place of the hosts
/// methods = ["GET", "POST", "DELETE"]
/// paths = ["/vms", "/vms/*"]
/// credential = "example"
/// image = true                            # requests here may carry blocks of a stemcell image; without it none do
/// ```
#[macro_export]
macro_rules! export {
    ($provider:ty, manifest: $manifest:literal) => {
        const _: () = {
            type Component = $crate::Adapter<$provider>;
    $crate::bindings::export_world!(Component with_types_in $crate::bindings);

            const SIZE: usize = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $manifest)).len();

            #[cfg(target_family = "wasm")]
            #[unsafe(link_section = "bosh:cpi/manifest")]
            #[used]
            static MANIFEST: [u8; SIZE] = *include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $manifest));
        };
    };
}
