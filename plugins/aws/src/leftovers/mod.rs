//! What a call makes is on record with the host before it exists, and can be found and removed when the call is killed.
//!
//! | kind | key | how it is found without its id |
//! |---|---|---|
//! | `vm` | client token | through its network interfaces, which the note names |
//! | `network-interface` | client token | by its description, which ends with the key |
//! | `disk`, `snapshot`, `stemcell` | client token | with setting `intent_tags` by the tag `bosh-intent`, a copied image by its description; else candidates are named |
//! | `stemcell-upload` | client token | by its description, which ends with the key; not when an image is made from it |
//! | `image` | random | by its name, which ends with the key |
//! | `address` | allocation and interface | by them |
//! | `route` | table and destination | by them; it must lead to the interface or instance of the note |

pub(crate) mod note;

#[cfg(target_family = "wasm")]
pub(crate) mod declare;
#[cfg(target_family = "wasm")]
pub(crate) mod find;
#[cfg(target_family = "wasm")]
pub(crate) mod remove;
