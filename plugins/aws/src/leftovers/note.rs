use cpi_plugin_sdk::{Failure, Leftover, Tag};
use serde_json::{Value, json};

use crate::properties::Properties;

/// The tag by which a volume or snapshot is found. EC2 finds neither by a client token.
pub(crate) const TAG: &str = "bosh-intent";

/// More tags than this a thing cannot have.
const MOST_TAGS: usize = 50;

/// Tags with the one that finds the thing, if there is room, and the note that says whether there was.
pub(crate) fn tagged(mut tags: Vec<Tag>, key: &str) -> (Vec<Tag>, Value) {
    let room = tags.len() < MOST_TAGS;
    if room {
        tags.push(Tag { key: TAG.to_owned(), value: key.to_owned() });
    }
    (tags, json!({"tagged": room}))
}

/// The description of things that EC2 finds by their description.
pub(crate) fn description(key: &str) -> String {
    format!("BOSH {key}")
}

/// Something that a call left behind, or may have.
#[derive(Debug, PartialEq)]
pub(crate) enum Thing {
    Vm { interfaces: Vec<String> },
    NetworkInterface,
    Disk { tagged: bool },
    Snapshot { tagged: bool },
    Stemcell { name: String },
    Address { allocation: String, interface: String },
    Route { table: String, destination: String, targets: Vec<String> },
}

impl Thing {
    pub(crate) fn of(leftover: &Leftover) -> Result<Self, Failure> {
        let note = Properties::parse(&leftover.intent.note)?;
        let text = |key| {
            let missing = || Failure::rejected(format!("the record of this {} lacks '{key}'", leftover.intent.kind));
            note.text(key)?.ok_or_else(missing)
        };
        let tagged = || Ok::<_, Failure>(note.flag("tagged")?.unwrap_or(true));
        Ok(match leftover.intent.kind.as_str() {
            "vm" => Self::Vm { interfaces: note.strings("network_interfaces")? },
            "network-interface" => Self::NetworkInterface,
            "disk" => Self::Disk { tagged: tagged()? },
            "snapshot" => Self::Snapshot { tagged: tagged()? },
            "stemcell" => Self::Stemcell { name: text("name")? },
            "address" => Self::Address { allocation: text("allocation")?, interface: text("interface")? },
            "route" => Self::Route {
                table: text("table")?,
                destination: text("destination")?,
                targets: note.strings("targets")?,
            },
            other => return Err(Failure::rejected(format!("this version of the plugin knows no '{other}'"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use cpi_plugin_sdk::IntentRecord;

    use super::*;

    fn of(kind: &str, note: &str) -> Result<Thing, Failure> {
        let intent = IntentRecord { kind: kind.to_owned(), key: "key".to_owned(), note: note.to_owned() };
        Thing::of(&Leftover { intent, id: None })
    }

    #[test]
    fn records_are_read_back() {
        let vm = of("vm", r#"{"network_interfaces": ["eni-1"]}"#).unwrap();
        assert_eq!(vm, Thing::Vm { interfaces: vec!["eni-1".to_owned()] });
        assert_eq!(of("disk", "{}").unwrap(), Thing::Disk { tagged: true });
        assert!(of("route", "{}").unwrap_err().message().contains("lacks 'table'"));
        assert!(of("teapot", "{}").unwrap_err().message().contains("no 'teapot'"));
    }

    #[test]
    fn a_thing_with_all_its_tags_gets_no_more() {
        let tags = |count| (0..count).map(|n| Tag { key: n.to_string(), value: String::new() }).collect();
        assert_eq!(tagged(tags(49), "key").0.len(), 50);
        assert_eq!(tagged(tags(50), "key"), (tags(50), json!({"tagged": false})));
    }
}
