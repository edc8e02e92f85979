use std::cmp::Reverse;

use cpi_plugin_sdk::{Failure, Size};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::arm::nullable;
use crate::settings::same_location;

/// What Azure says of one thing that can be had.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sku {
    name: String,
    #[serde(default, deserialize_with = "nullable")]
    resource_type: String,
    #[serde(default, deserialize_with = "nullable")]
    locations: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    restrictions: Vec<IgnoredAny>,
    #[serde(default, deserialize_with = "nullable")]
    capabilities: Vec<Capability>,
}

#[derive(Debug, Deserialize)]
struct Capability {
    name: String,
    value: String,
}

/// Cloud properties with all sizes that are large enough, the best first.
pub(super) fn properties(skus: &[Sku], location: &str, wanted: &Size) -> Result<Value, Failure> {
    let mut fitting: Vec<_> = skus
        .iter()
        .filter(|sku| {
            sku.resource_type == "virtualMachines"
                && sku.restrictions.is_empty()
                && sku.locations.first().is_some_and(|first| same_location(first, location))
                && sku.capability("CpuArchitectureType") != Some("Arm64")
        })
        .filter_map(Machine::of)
        .filter(|machine| machine.cores >= wanted.cpu && machine.ram_mib >= wanted.ram_mib)
        .collect();
    fitting.sort_by(|one, other| {
        let size = one.cores.total_cmp(&other.cores).then(one.ram_mib.total_cmp(&other.ram_mib));
        let rest = |machine: &Machine<'_>| (Reverse(machine.series), Reverse(machine.generation));
        let rest = rest(one).cmp(&rest(other)).then(one.name.cmp(other.name));
        other.premium.cmp(&one.premium).then(size).then(rest)
    });
    if fitting.is_empty() {
        return Err(Failure::rejected(unmet(wanted)));
    }
    let names: Vec<_> = fitting.iter().map(|machine| machine.name).collect();
    Ok(json!({"instance_types": names, "ephemeral_disk": {"size": whole_gib(wanted.ephemeral_disk_mib)}}))
}

/// That there is no size which is large enough.
pub(super) fn unmet(wanted: &Size) -> String {
    format!("Unable to meet desired instance size: {} CPU, {} MB RAM", wanted.cpu, wanted.ram_mib)
}

/// Rounded up to whole GiB, in MiB.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts saturate")]
fn whole_gib(mib: f64) -> u64 {
    ((mib / 1024.0).ceil() as u64).saturating_mul(1024)
}

/// A size that is considered.
struct Machine<'a> {
    name: &'a str,
    cores: f64,
    ram_mib: f64,
    premium: bool,
    series: u32,
    generation: u32,
}

impl<'a> Machine<'a> {
    fn of(sku: &'a Sku) -> Option<Self> {
        let number = |name: &str| sku.capability(name)?.parse::<f64>().ok();
        Some(Self {
            name: &sku.name,
            cores: number("vCPUs")?,
            ram_mib: (number("MemoryGB")? * 1024.0).floor(),
            premium: sku.capability("PremiumIO") == Some("True"),
            series: series(&sku.name)?,
            generation: generation(&sku.name),
        })
    }
}

impl Sku {
    /// Whether it is the one of this name and type in a location.
    pub(super) fn is(&self, kind: &str, name: &str, location: &str) -> bool {
        let here = self.locations.first().is_some_and(|first| same_location(first, location));
        here && self.resource_type.eq_ignore_ascii_case(kind) && self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn capability(&self, name: &str) -> Option<&str> {
        self.capabilities.iter().find(|known| known.name == name).map(|known| known.value.as_str())
    }
}

/// The families for all purposes first. Others, such as those with graphics, are not chosen for anybody.
fn series(name: &str) -> Option<u32> {
    let lower = name.to_ascii_lowercase();
    let mut letters = lower.split_once("standard_")?.1.chars();
    let (letter, digit) = (letters.next()?, letters.next()?);
    if !digit.is_ascii_digit() {
        return None;
    }
    match letter {
        'd' => Some(5),
        'f' | 'e' => Some(4),
        'b' | 'l' => Some(3),
        'a' => Some(2),
        'h' => Some(1),
        _ => None,
    }
}

fn generation(name: &str) -> u32 {
    let lower = name.to_ascii_lowercase();
    let digits =
        lower.split_once("_v").map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(name: &str, cores: &str, memory: &str, premium: bool) -> Value {
        json!({
            "name": name, "resourceType": "virtualMachines", "locations": ["EastUS"], "restrictions": [],
            "capabilities": [
                {"name": "vCPUs", "value": cores}, {"name": "MemoryGB", "value": memory},
                {"name": "PremiumIO", "value": if premium { "True" } else { "False" }},
            ],
        })
    }

    fn names(skus: Value, cpu: f64, ram_mib: f64) -> Result<Value, Failure> {
        let skus: Vec<Sku> = serde_json::from_value(skus).unwrap();
        properties(&skus, "eastus", &Size { cpu, ram_mib, ephemeral_disk_mib: 2049.0 })
    }

    #[test]
    fn the_smallest_of_the_best_family_comes_first() {
        let mut arm = sku("Standard_D2ps_v5", "2", "8", true);
        arm["capabilities"].as_array_mut().unwrap().push(json!({"name": "CpuArchitectureType", "value": "Arm64"}));
        let mut restricted = sku("Standard_D2s_v9", "2", "8", true);
        restricted["restrictions"] = json!([{"type": "Location"}]);
        let skus = json!([
            sku("Standard_D4s_v3", "4", "16", true),
            sku("Standard_D2_v3", "2", "8", false),
            sku("Standard_E2s_v5", "2", "8", true),
            sku("Standard_D2s_v3", "2", "8", true),
            sku("Standard_D2s_v5", "2", "8", true),
            sku("Standard_NC6", "2", "8", true),
            sku("Standard_B1s", "1", "1", true),
            arm,
            restricted,
        ]);
        let chosen = names(skus, 2.0, 4096.0).unwrap();
        let order =
            json!(["Standard_D2s_v5", "Standard_D2s_v3", "Standard_E2s_v5", "Standard_D4s_v3", "Standard_D2_v3"]);
        assert_eq!(chosen, json!({"instance_types": order, "ephemeral_disk": {"size": 3072}}));
    }

    #[test]
    fn nothing_is_large_enough() {
        let refusal = names(json!([sku("Standard_B1s", "1", "1", true)]), 64.0, 1.0).unwrap_err();
        assert_eq!(refusal.message(), "Unable to meet desired instance size: 64 CPU, 1 MB RAM");
    }
}
