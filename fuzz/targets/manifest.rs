//! A manifest is read or refused, and nothing in it is wider than itself.
#![no_main]

use cpi_policy::{Digest, Grant, HostConfig, Manifest, PluginRules, Settings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let start = "[plugin]\nname = \"x\"\nversion = \"1\"\ncontract = \"bosh:cpi@0.1\"\n";
    for text in [text.to_owned(), format!("{start}{text}")] {
        let Ok(manifest) = Manifest::parse(&text) else { continue };
        manifest.asks();
        assert_eq!(manifest.wider_than(&manifest, &PluginRules::default()), [""; 0]);
        Grant::new(&manifest, &Settings::default(), &HostConfig::default()).expect("no rules");
        let digest = Digest::of_hex(&"0".repeat(64)).expect("a digest");
        let full = PluginRules::default().in_full(&manifest, digest);
        full.check(&manifest).expect("the table in full is within the manifest");
    }
});
