//! Runs the program as a director would, against endpoints on loopback.

#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests end at the first thing that is not as it should be"
)]

pub mod archive;
pub mod coverage;
mod crowd;
pub mod ebs;
mod ec2;
mod endpoint;
mod error_types;
mod host;
pub mod identity;
mod memory;
mod moto;
mod note;
mod plugins;
mod proxy;
mod registry;
mod relay;
mod service;
mod tls;
mod tunnel;

pub use crowd::Crowd;
pub use ec2::Ec2;
pub use endpoint::{Endpoint, read_request};
pub use error_types::ERROR_TYPES;
pub use host::{Answer, Host, component, dist, request, test_plugins};
pub use memory::{memory_of, wait_with_peak};
pub use moto::{Account, Moto, texts};
pub use note::note;
pub use plugins::{Plugins, another};
pub use proxy::{Held, Proxy};
pub use registry::Registry;
pub use relay::{Relay, Turn};
pub use service::{Asked, Reply, Service};
pub use tls::{Authority, Identity, TlsEndpoint, TlsStream, listen};
pub use tunnel::Tunnel;
