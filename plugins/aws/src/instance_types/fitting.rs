use cpi_plugin_sdk::{Failure, Size};
use serde_json::{Number, Value, json};

/// Cloud properties of the first type of the list that is large enough.
pub(crate) fn properties_for(size: Size) -> Result<String, Failure> {
    let fits = |(_, cpu, gib): &&(&str, f64, f64)| *cpu >= size.cpu && gib * 1024.0 >= size.ram_mib;
    let Some((name, ..)) = TYPES.iter().find(fits) else {
        return Err(Failure::rejected(format!(
            "Unable to meet requested VM requirements: {} CPU, {} RAM. \
             Largest known VM type is 'r5.16xlarge': 64 CPU, 524288 RAM.",
            size.cpu, size.ram_mib
        )));
    };
    Ok(json!({"instance_type": name, "ephemeral_disk": {"size": number(size.ephemeral_disk_mib)}}).to_string())
}

/// Whole numbers without a fraction, as the caller wrote them.
#[expect(clippy::cast_possible_truncation, reason = "only numbers without a fraction, and casts saturate")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 { Value::from(value as i64) } else { Number::from_f64(value).into() }
}

/// Name, CPUs and memory in GiB, in the order of preference.
const TYPES: &[(&str, f64, f64)] = &[
    ("t2.nano", 1.0, 0.5),
    ("t2.micro", 1.0, 1.0),
    ("t2.small", 1.0, 2.0),
    ("c5.large", 2.0, 4.0),
    ("m5.large", 2.0, 8.0),
    ("r5.large", 2.0, 16.0),
    ("c5.xlarge", 4.0, 8.0),
    ("m5.xlarge", 4.0, 16.0),
    ("r5.xlarge", 4.0, 32.0),
    ("c5.2xlarge", 8.0, 16.0),
    ("m5.2xlarge", 8.0, 32.0),
    ("r5.2xlarge", 8.0, 64.0),
    ("c5.4xlarge", 16.0, 32.0),
    ("m5.4xlarge", 16.0, 64.0),
    ("r5.4xlarge", 16.0, 128.0),
    ("c5.9xlarge", 36.0, 72.0),
    ("m5.8xlarge", 32.0, 128.0),
    ("r5.8xlarge", 32.0, 256.0),
    ("c5.12xlarge", 48.0, 96.0),
    ("m5.12xlarge", 48.0, 192.0),
    ("r5.12xlarge", 48.0, 384.0),
    ("m5.16xlarge", 64.0, 256.0),
    ("r5.16xlarge", 64.0, 512.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(cpu: f64, ram_mib: f64, ephemeral_disk_mib: f64) -> String {
        properties_for(Size { cpu, ram_mib, ephemeral_disk_mib }).unwrap_or_else(|failure| failure.message().to_owned())
    }

    #[test]
    fn the_first_that_fits() {
        for (cpu, ram, name) in [
            (1.0, 128.0, "t2.nano"),
            (2.0, 8192.0, "m5.large"),
            (8.0, 12_288.0, "c5.2xlarge"),
            (32.0, 64.0, "c5.9xlarge"),
            (1.0, 8192.0, "m5.large"),
            (0.5, 512.5, "t2.micro"),
        ] {
            assert!(fit(cpu, ram, 1.0).contains(&format!("\"{name}\"")), "{cpu} {ram}");
        }
    }

    #[test]
    fn sizes_stay_as_written() {
        assert_eq!(fit(1.0, 512.0, 2048.0), r#"{"instance_type":"t2.nano","ephemeral_disk":{"size":2048}}"#);
        assert_eq!(fit(0.5, 512.5, 1024.5), r#"{"instance_type":"t2.micro","ephemeral_disk":{"size":1024.5}}"#);
    }

    #[test]
    fn too_large_is_refused_with_the_largest() {
        assert_eq!(
            fit(128.0, 1024.0, 1.0),
            "Unable to meet requested VM requirements: 128 CPU, 1024 RAM. \
             Largest known VM type is 'r5.16xlarge': 64 CPU, 524288 RAM."
        );
    }
}
