use cpi_broker::{AgentFacts, Disks, Interface};
use serde_json::json;

use super::{CallState, Capabilities};
use crate::bindings::bosh::cpi::agents::{Host, Sealed, Settings};

impl Host for CallState {
    fn seal(&mut self, settings: Settings) -> wasmtime::Result<Result<Sealed, String>> {
        let Capabilities { agents, tape, .. } = &self.capabilities;
        let with = tape.note(|| json!(settings));
        tape.play_now("agents.seal", with, || {
            let sealed = facts(settings).and_then(|facts| agents.seal(facts))?;
            let size = u32::try_from(sealed.size).map_err(|_| "the document is larger than 4 GiB".to_owned())?;
            Ok(Sealed { token: sealed.token, size })
        })
    }
}

fn facts(settings: Settings) -> Result<AgentFacts, String> {
    let disks = settings.disks;
    Ok(AgentFacts {
        vm_name: settings.vm_name,
        interfaces: settings
            .interfaces
            .into_iter()
            .map(|facts| Interface { network: facts.network, mac: facts.mac, use_dhcp: facts.use_dhcp })
            .collect(),
        disks: Disks {
            system: disks.system,
            ephemeral: disks.ephemeral.map(|hint| read("disks.ephemeral", &hint)).transpose()?,
            raw_ephemeral: disks
                .raw_ephemeral
                .iter()
                .map(|hint| read("disks.raw-ephemeral", hint))
                .collect::<Result<_, _>>()?,
        },
        extra: read("extra", &settings.extra)?,
    })
}

fn read<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))
}
