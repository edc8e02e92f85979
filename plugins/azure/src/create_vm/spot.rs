use cpi_plugin_sdk::Failure;
use serde_json::{Map, Value, json};

use crate::properties::Properties;

/// Capacity that Azure sells for less, and takes back when it needs it. See "Use Azure Spot Virtual Machines".
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spot {
    /// What becomes of the VM then; none: Azure stops it.
    eviction: Option<String>,
    /// US dollars in an hour; none: never taken back for its price.
    max_price: Option<f64>,
    /// Where there is none, a VM at the usual price does.
    pub or_on_demand: bool,
}

impl Spot {
    /// `priority`, `eviction_policy`, `max_price` and `spot_ondemand_fallback`.
    pub(crate) fn parse(all: &Properties) -> Result<Option<Self>, Failure> {
        match all.text("priority")?.as_deref() {
            Some("Spot") => {}
            None | Some("Regular") => {
                let lost = ["eviction_policy", "max_price", "spot_ondemand_fallback"]
                    .into_iter()
                    .find(|key| all.is_given(key));
                return lost.map_or(Ok(None), |key| Err(Failure::rejected(format!("'{key}' needs 'priority: Spot'"))));
            }
            Some(other) => {
                return Err(Failure::rejected(format!("'priority' can be Regular or Spot, got: '{other}'")));
            }
        }
        let eviction = all.text("eviction_policy")?;
        if let Some(other) = eviction.as_ref().filter(|policy| !["Deallocate", "Delete"].contains(&policy.as_str())) {
            return Err(Failure::rejected(format!("'eviction_policy' can be Deallocate or Delete, got: '{other}'")));
        }
        let price = |text: String| match text.parse() {
            Ok(price) if price > 0.0 => Ok(price),
            _ => {
                Err(Failure::rejected(format!("'max_price' must be more than 0 US dollars in an hour, got: '{text}'")))
            }
        };
        let max_price = all.decimal("max_price")?.filter(|text| text != "-1").map(price).transpose()?;
        Ok(Some(Self { eviction, max_price, or_on_demand: all.flag("spot_ondemand_fallback")?.unwrap_or(false) }))
    }

    /// Adds it to the properties of a VM.
    pub(super) fn add_to(&self, properties: &mut Map<String, Value>) {
        properties.insert("priority".to_owned(), json!("Spot"));
        if let Some(policy) = &self.eviction {
            properties.insert("evictionPolicy".to_owned(), json!(policy));
        }
        if let Some(price) = self.max_price {
            properties.insert("billingProfile".to_owned(), json!({"maxPrice": price}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &Value) -> Result<Option<Spot>, Failure> {
        Spot::parse(&Properties::parse(&value.to_string()).unwrap())
    }

    fn body(value: &Value) -> Value {
        let mut properties = Map::new();
        parse(value).unwrap().unwrap().add_to(&mut properties);
        Value::Object(properties)
    }

    #[test]
    fn the_price_may_be_left_open() {
        assert_eq!(body(&json!({"priority": "Spot", "max_price": -1})), json!({"priority": "Spot"}));
        assert_eq!(
            body(&json!({"priority": "Spot", "max_price": "0.05", "eviction_policy": "Delete"})),
            json!({"priority": "Spot", "evictionPolicy": "Delete", "billingProfile": {"maxPrice": 0.05}})
        );
        assert_eq!(parse(&json!({"priority": "Regular"})).unwrap(), None);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let refusal = |value: Value| parse(&value).unwrap_err().message().to_owned();
        assert!(refusal(json!({"max_price": 1})).contains("'max_price' needs 'priority: Spot'"));
        assert!(refusal(json!({"priority": "Low"})).contains("got: 'Low'"));
        assert!(refusal(json!({"priority": "Spot", "max_price": 0})).contains("'max_price' must be more than 0"));
        assert!(refusal(json!({"priority": "Spot", "eviction_policy": "Keep"})).contains("got: 'Keep'"));
    }
}
