//! No secret is left in a text, however the secrets overlap.
#![no_main]

use cpi_protocol::Mask;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<String>, String)| {
    let (secrets, text) = input;
    // What stands for secrets is no secret, and neither is what is too short.
    let secrets: Vec<_> =
        secrets.into_iter().filter(|secret| secret.len() >= 6 && !secret.contains(['<', '>', 'r', 'e', 'd'])).collect();
    let mut mask = Mask::default();
    secrets.iter().for_each(|secret| mask.add(secret));
    let text = secrets.iter().fold(text, |text, secret| format!("{text}{secret}"));
    let masked = mask.apply(&text);
    for secret in &secrets {
        assert!(!masked.contains(secret.as_str()), "{secret:?} in {masked:?}");
    }
});
