use cpi_plugin_sdk::{Failure, Size};
use serde::{Deserialize, Serialize};

use super::Properties;

/// The cloud properties of a VM that mean something here. Others are kept all the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Machine {
    cpu: u32,
    /// MiB.
    ram: u32,
    /// MiB; zero for none.
    pub(super) ephemeral_disk: u32,
}

impl Machine {
    /// The smallest that fits.
    pub(crate) fn fitting(size: Size) -> Result<Self, Failure> {
        Ok(Self {
            cpu: whole("cpu", size.cpu, 256)?.max(1),
            ram: whole("ram", size.ram_mib, 16 << 20)?.max(1),
            ephemeral_disk: whole("ephemeral_disk_size", size.ephemeral_disk_mib, 64 << 20)?,
        })
    }

    pub(super) fn of(properties: &Properties) -> Result<Self, Failure> {
        serde_json::from_value(properties.clone().into())
            .map_err(|error| Failure::invalid(format!("cloud_properties: {error}")))
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self { cpu: 1, ram: 1024, ephemeral_disk: 0 }
    }
}

fn whole(what: &str, wanted: f64, most: u32) -> Result<u32, Failure> {
    if !(0.0..=f64::from(most)).contains(&wanted) {
        return Err(Failure::rejected(format!("no VM of the simulated cloud has {what} {wanted}: the most is {most}")));
    }
    Ok(wanted.ceil() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(cpu: f64) -> Size {
        Size { cpu, ram_mib: 512.5, ephemeral_disk_mib: 0.0 }
    }

    #[test]
    fn fractions_are_rounded_up_and_the_answer_is_accepted_again() {
        let machine = Machine::fitting(size(1.5)).unwrap();
        assert_eq!(machine, Machine { cpu: 2, ram: 513, ephemeral_disk: 0 });
        let properties = serde_json::to_value(&machine).unwrap();
        assert_eq!(Machine::of(properties.as_object().unwrap()).unwrap(), machine);
    }

    #[test]
    fn the_impossible_is_refused() {
        for cpu in [257.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Machine::fitting(size(cpu)), Err(Failure::Rejected(_))), "{cpu}");
        }
    }
}
