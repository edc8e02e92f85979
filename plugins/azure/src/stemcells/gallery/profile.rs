use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::settings::same_location;

/// Where a version has copies, and how many: `publishingProfile`, as ARM has it. It is replaced as a whole, so what is not
/// changed goes back as it came.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(transparent)]
pub(crate) struct Profile(Map<String, Value>);

/// What ARM says of it and does not take back.
const READ_ONLY: &str = "publishedDate";

impl Profile {
    /// That of a new version, as it is sent.
    pub(crate) fn first(location: &str, replicas: u64) -> Value {
        json!({"replicaCount": replicas, "targetRegions": [{"name": location}]})
    }

    /// The profile for VMs in a location, too; nothing when all is as it should be.
    pub(crate) fn change(&self, location: &str, replicas: u64) -> Option<Value> {
        let mut changed = self.0.clone();
        let count = self.0.get("replicaCount").and_then(Value::as_u64);
        if count.is_some_and(|count| count != replicas) {
            changed.insert("replicaCount".to_owned(), json!(replicas));
        }
        let mut regions = self.0.get("targetRegions").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_here = |region: &Value| {
            region.get("name").and_then(Value::as_str).is_some_and(|name| same_location(name, location))
        };
        let has_it = regions.iter().any(is_here);
        if has_it && changed == self.0 {
            return None;
        }
        if !has_it {
            regions.push(json!({"name": location}));
        }
        // Azure shows the count of all in each region, where it would keep the old one.
        for region in regions.iter_mut().filter_map(Value::as_object_mut) {
            if count.is_some() && region.get("regionalReplicaCount").and_then(Value::as_u64) == count {
                region.remove("regionalReplicaCount");
            }
        }
        changed.insert("targetRegions".to_owned(), Value::Array(regions));
        changed.remove(READ_ONLY);
        Some(Value::Object(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(json: Value) -> Profile {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_missing_is_added_and_the_rest_stays() {
        let west = json!({"name": "West US", "regionalReplicaCount": 4});
        let there = profile(json!({"replicaCount": 3, "targetRegions": [west], "publishedDate": "2026"}));
        assert_eq!(there.change("westus", 3), None);
        assert_eq!(there.change("westus", 1), Some(json!({"replicaCount": 1, "targetRegions": [west]})));
        let both = json!({"replicaCount": 3, "targetRegions": [west, {"name": "eastus"}]});
        assert_eq!(there.change("eastus", 3), Some(both));
        assert_eq!(profile(json!({"targetRegions": [{"name": "eastus"}]})).change("eastus", 3), None);
        assert_eq!(profile(Profile::first("eastus", 3)).change("EastUS", 3), None);
    }

    #[test]
    fn a_new_count_reaches_the_regions_that_had_the_old_one() {
        let region = json!({"name": "West US", "regionalReplicaCount": 3, "storageAccountType": "Standard_LRS"});
        let there = profile(json!({"replicaCount": 3, "targetRegions": [region]}));
        let regions = json!([{"name": "West US", "storageAccountType": "Standard_LRS"}]);
        assert_eq!(there.change("westus", 5), Some(json!({"replicaCount": 5, "targetRegions": regions})));
    }
}
