//! What a plugin may do: the manifest asks, the operator grants, and some things are denied to everyone.
//!
//! [`Manifest`] is what the author ships. [`Settings::split`] parts the provider's settings into what the plugin may
//! read and what only the host may know. [`Grant::new`] computes what is allowed, once; [`Grant::check`] is the only
//! way to a [`Permit`], and the broker sends nothing but permits. Nothing here does I/O.

#![forbid(unsafe_code)]

mod action;
mod address;
mod config_line;
mod credential;
mod digest;
mod endpoint;
mod grant;
mod host_config;
mod limits;
mod manifest;
mod pattern;
mod plugin_rules;
mod proxy;
mod request;
mod retry;
mod settings;
mod wider;

pub use address::{AddressRule, is_public};
pub use config_line::ConfigLine;
pub use credential::{AccountKey, Audience, Credential, KeyRequest, KeyService};
pub use digest::Digest;
pub use endpoint::{Endpoint, MadeEndpoint, is_domain, normalise_endpoint};
pub use grant::{Denial, Grant, Permit, Reach, Scope, Signing};
pub use host_config::{AllowedAddress, CompileLimits, CredentialStore, Egress, HostConfig, HostConfigError, Images};
pub use limits::{Limits, LimitsPatch, in_words, size_in_words};
pub use manifest::{Agents, Encoding, Manifest, ManifestError, Placement, is_plugin_name};
pub use pattern::{HostEntry, HostPattern, NamePattern, PathPattern, replace};
pub use plugin_rules::{PluginRules, RuleError};
pub use proxy::{NoProxy, Proxy};
pub use request::{Method, Outgoing};
pub use retry::{Again, Refusal, Retry, error_code};
pub use settings::{HostSettings, Settings};
