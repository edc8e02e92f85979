use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cpi_plugin_sdk::{Failure, Leftover, Tag};
use serde_json::{Map, Value, json};

use crate::properties::Properties;

/// The tag by which a volume or snapshot is found, if the settings want one. EC2 finds neither by a client token.
pub(crate) const TAG: &str = "bosh-intent";

/// More tags than this a thing cannot have.
const MOST_TAGS: usize = 50;

/// A signature is not older than that when EC2 takes it, so no clock is further off.
const CLOCKS_DIFFER: Duration = Duration::from_mins(15);

/// By the end of this, nobody tries any more to make what was begun.
const LONGEST_CALL: Duration = Duration::from_hours(4);

/// How something is found again whose id was never learnt.
#[derive(Debug, PartialEq)]
pub(crate) struct Trace {
    /// By a mark of its own, and surely. Else there are only candidates.
    pub marked: bool,
    /// When it was about to be ordered, in milliseconds since 1970.
    since: u64,
    /// What is known of it: names and values of EC2's filters.
    pub filters: Vec<(String, String)>,
}

impl Trace {
    /// Tags with the one that finds the thing, if one is wanted and there is room, and the note that says so.
    pub(crate) fn leave(
        wanted: bool,
        mut tags: Vec<Tag>,
        key: &str,
        now: SystemTime,
        like: &[(&str, String)],
    ) -> (Vec<Tag>, Value) {
        let marked = wanted && tags.len() < MOST_TAGS;
        if marked {
            tags.push(Tag { key: TAG.to_owned(), value: key.to_owned() });
        }
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let filters: Map<_, _> = like.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        (tags, json!({"marked": marked, "since": u64::try_from(since).unwrap_or(u64::MAX), "filters": filters}))
    }

    fn of(note: &Properties) -> Result<Self, Failure> {
        let filters = note.object("filters")?;
        let filters = filters.keys().map(|name| Ok((name.to_owned(), filters.text(name)?.unwrap_or_default())));
        Ok(Self {
            marked: note.flag("marked")?.unwrap_or(false),
            since: note.number("since")?.unwrap_or_default(),
            filters: filters.collect::<Result<_, Failure>>()?,
        })
    }

    /// Whether something of that age, in seconds since 1970, can be what was ordered.
    pub(crate) fn fits(&self, created: Option<i64>) -> bool {
        let since = self.since / 1000;
        let (early, late) = (since.saturating_sub(CLOCKS_DIFFER.as_secs()), since + LONGEST_CALL.as_secs());
        created.is_none_or(|seconds| u64::try_from(seconds).is_ok_and(|seconds| (early..=late).contains(&seconds)))
    }

    /// What was found, as what is left behind: candidates are not touched.
    pub(crate) fn surely(&self, kind: &str, found: Vec<String>) -> Result<Vec<String>, Failure> {
        if self.marked || found.is_empty() {
            return Ok(found);
        }
        Err(Failure::rejected(format!(
            "its id was never learnt, and EC2 has {} like it from that time: {}. Delete the {kind} yourself if nobody uses it. \
             The setting 'intent_tags' of 'aws' gives each a tag of its own, so that it can be told and deleted here",
            found.len(),
            found.join(", ")
        )))
    }
}

/// The description of things that EC2 finds by their description.
pub(crate) fn description(key: &str) -> String {
    format!("BOSH {key}")
}

/// The name of an image that was made from a snapshot. A name is taken once in an account.
pub(crate) fn image_name(key: &str) -> String {
    format!("BOSH-{key}")
}

/// Something that a call left behind, or may have.
#[derive(Debug, PartialEq)]
pub(crate) enum Thing {
    Vm { interfaces: Vec<String> },
    NetworkInterface,
    Disk(Trace),
    Snapshot(Trace),
    Stemcell(Trace),
    Upload,
    Image,
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
        Ok(match leftover.intent.kind.as_str() {
            "vm" => Self::Vm { interfaces: note.strings("network_interfaces")? },
            "network-interface" => Self::NetworkInterface,
            "disk" => Self::Disk(Trace::of(&note)?),
            "snapshot" => Self::Snapshot(Trace::of(&note)?),
            "stemcell" => Self::Stemcell(Trace::of(&note)?),
            "stemcell-upload" => Self::Upload,
            "image" => Self::Image,
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
        assert!(of("route", "{}").unwrap_err().message().contains("lacks 'table'"));
        assert!(of("teapot", "{}").unwrap_err().message().contains("no 'teapot'"));
    }

    fn trace(wanted: bool, tags: usize) -> (usize, Trace) {
        let tags = (0..tags).map(|n| Tag { key: n.to_string(), value: String::new() }).collect();
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let (tags, note) = Trace::leave(wanted, tags, "key", now, &[("size", 3.to_string())]);
        match of("disk", &note.to_string()).unwrap() {
            Thing::Disk(trace) => (tags.len(), trace),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_tag_is_put_where_it_is_wanted_and_has_room() {
        assert_eq!((trace(true, 49).0, trace(true, 49).1.marked), (50, true));
        assert_eq!((trace(true, 50).0, trace(true, 50).1.marked), (50, false));
        assert_eq!((trace(false, 0).0, trace(false, 0).1.marked), (0, false));
    }

    #[test]
    fn without_a_tag_there_are_candidates_of_that_time() {
        let (_, trace) = trace(false, 0);
        assert_eq!(trace.filters, [("size".to_owned(), "3".to_owned())]);
        assert!(trace.fits(Some(1_000_000)) && trace.fits(Some(999_200)) && trace.fits(Some(1_014_000)));
        assert!(!trace.fits(Some(999_000)) && !trace.fits(Some(1_015_000)) && !trace.fits(Some(-1)));
        assert_eq!(trace.surely("disk", Vec::new()).unwrap(), Vec::<String>::new());
        let unsure = trace.surely("disk", vec!["vol-1".to_owned()]).unwrap_err();
        assert!(unsure.message().contains("vol-1") && unsure.message().contains("intent_tags"), "{unsure:?}");
    }
}
