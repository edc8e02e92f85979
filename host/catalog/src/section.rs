use wasmparser::{Parser, Payload};

use crate::CatalogError;

/// The custom section in which a component carries its manifest.
const SECTION: &str = "bosh:cpi/manifest";

/// The manifest inside a component, in whichever of its modules the compiler put it.
pub fn manifest_of(component: &[u8]) -> Result<String, CatalogError> {
    let mut found = None;
    for payload in Parser::new(0).parse_all(component) {
        // What cannot be parsed cannot be compiled either, and the compiler says more about it.
        let Ok(payload) = payload else { break };
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            // Two manifests would leave it open which of them counts.
            if found.is_some() {
                return Err(CatalogError::NoManifest);
            }
            found = Some(String::from_utf8_lossy(section.data()).into_owned());
        }
    }
    found.ok_or(CatalogError::NoManifest)
}
