//! A plugin that imports sockets, which the host has to refuse by name before it runs.
#![cfg(target_family = "wasm")]

use std::net::{TcpListener, TcpStream, ToSocketAddrs};

use cpi_plugin_sdk::{About, Call, Failure, Provider};

#[derive(Default)]
struct Sockets;

impl Provider for Sockets {
    fn info(&self) -> About {
        About { stemcell_formats: Vec::new(), api_version: 3 }
    }

    async fn has_vm(&self, _call: &Call, vm: &str) -> Result<bool, Failure> {
        Err(Failure::Rejected(format!(
            "{:?} {:?} {:?}",
            (vm, 1).to_socket_addrs().map(Iterator::collect::<Vec<_>>),
            TcpStream::connect("127.0.0.1:1").map(drop),
            TcpListener::bind("127.0.0.1:0").map(drop),
        )))
    }
}

cpi_plugin_sdk::export!(Sockets, manifest: "plugin.toml");
