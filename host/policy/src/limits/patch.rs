use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use cpi_protocol::{Method, printable};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::units::{Size, Time};

/// The `[limits]` table of a manifest or of the host's configuration: what is absent stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitsPatch {
    pub(super) memory: Option<Size>,
    pub(super) table_elements: Option<usize>,
    pub(super) instances: Option<usize>,
    pub(super) handles: Option<usize>,
    pub(super) values: Option<Size>,
    pub(super) cpu: Option<Time>,
    #[serde(default)]
    pub(super) wall: WallPatch,
    #[serde(default)]
    pub(super) http: HttpPatch,
    #[serde(default)]
    pub(super) retries: RetriesPatch,
    pub(super) log: Option<Size>,
    pub(super) state: Option<Size>,
}

/// `wall = { default = "10m", create_stemcell = "4h" }`: a method's name, or `default`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WallPatch {
    pub(super) default: Option<Time>,
    pub(super) of: BTreeMap<Method, Time>,
}

/// `http = { in-flight = 16, response = "16MiB" }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct HttpPatch {
    pub(super) in_flight: Option<NonZeroUsize>,
    pub(super) per_second: Option<NonZeroUsize>,
    pub(super) requests: Option<usize>,
    pub(super) request: Option<Size>,
    pub(super) response: Option<Size>,
    pub(super) timeout: Option<Time>,
}

/// `retries = { tries = 100, waiting = "10m", deadline = "5m" }`; zero means never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RetriesPatch {
    pub(super) tries: Option<usize>,
    #[serde(default, with = "humantime_serde::option")]
    pub(super) waiting: Option<Duration>,
    #[serde(default, with = "humantime_serde::option")]
    pub(super) deadline: Option<Duration>,
}

impl<'de> Deserialize<'de> for WallPatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Walls)
    }
}

struct Walls;

impl<'de> Visitor<'de> for Walls {
    type Value = WallPatch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("times by method, such as { default = \"2h\", create_vm = \"30m\" }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WallPatch, A::Error> {
        let mut patch = WallPatch::default();
        while let Some((name, time)) = map.next_entry::<String, Time>()? {
            if name == "default" {
                patch.default = Some(time);
            } else {
                let method = Method::from_name(&name).ok_or_else(|| unknown(&name))?;
                patch.of.insert(method, time);
            }
        }
        Ok(patch)
    }
}

fn unknown<E: de::Error>(name: &str) -> E {
    let known: Vec<_> = Method::ALL.into_iter().map(Method::name).collect();
    let name = printable(name, 60);
    E::custom(format!("wall has no method '{name}': write default or one of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        toml::from_str::<LimitsPatch>(text).unwrap_err().to_string()
    }

    #[test]
    fn a_method_that_does_not_exist_is_named_with_those_that_do() {
        let text = refusal("wall = { create_vms = \"1h\" }");
        assert!(text.contains("no method 'create_vms'") && text.contains("create_vm, delete_vm"), "{text}");
    }

    #[test]
    fn what_would_let_nothing_happen_is_refused() {
        for text in
            ["http = { in-flight = 0 }", "http = { per-second = 0 }", "cpu = \"0s\"", "wall = { default = \"0s\" }"]
        {
            refusal(text);
        }
        toml::from_str::<LimitsPatch>("retries = { tries = 0, waiting = \"0s\", deadline = \"0s\" }").unwrap();
    }
}
