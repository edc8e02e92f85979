use cpi_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::Value;

use crate::arm::nullable;
use crate::properties::Properties;

/// A pool of a load balancer or an application gateway that a VM joins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pool {
    /// Of the balancer.
    pub name: String,
    pub resource_group: String,
    /// None: its first pool.
    pub backend: Option<String>,
    /// Of configurations for IPv6; none: they join no pool.
    pub backend_v6: Option<String>,
}

/// A name, several with commas between them, an object, or a list of both.
pub(crate) fn parse(all: &Properties, key: &str, default_group: &str) -> Result<Vec<Pool>, Failure> {
    let wrong = || Failure::rejected(format!("Property '{key}' must be a String, Hash, or Array."));
    let Ok(names) = all.strings(key) else {
        return match (all.object(key), all.values(key)) {
            (Ok(one), _) => of_object(&one, default_group),
            (_, Some(items)) => {
                let each = items.iter().map(|item| match item {
                    Value::String(names) => Ok(of_names(names, default_group)),
                    Value::Object(object) => of_object(&all.inner(key, object.clone()), default_group),
                    _ => Err(wrong()),
                });
                Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
            }
            _ => Err(wrong()),
        };
    };
    Ok(names.iter().flat_map(|names| of_names(names, default_group)).collect())
}

fn of_names(names: &str, group: &str) -> Vec<Pool> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let pool =
        |name: &str| Pool { name: name.to_owned(), resource_group: group.to_owned(), backend: None, backend_v6: None };
    names.map(pool).collect()
}

fn of_object(object: &Properties, default_group: &str) -> Result<Vec<Pool>, Failure> {
    let group = object.text("resource_group_name")?.unwrap_or_else(|| default_group.to_owned());
    let (backend, backend_v6) = (object.text("backend_pool_name")?, object.text("backend_pool_name_v6")?);
    let mut pools = of_names(&object.text("name")?.unwrap_or_default(), &group);
    for one in &mut pools {
        (one.backend, one.backend_v6) = (backend.clone(), backend_v6.clone());
    }
    Ok(pools)
}

/// What is read of a load balancer or an application gateway.
#[derive(Debug, Deserialize)]
pub(crate) struct Balancer {
    pub properties: BalancerProperties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BalancerProperties {
    #[serde(default, deserialize_with = "nullable")]
    backend_address_pools: Vec<NamedId>,
    #[serde(rename = "frontendIPConfigurations", default, deserialize_with = "nullable")]
    frontends: Vec<Frontend>,
}

#[derive(Debug, Deserialize)]
struct NamedId {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Frontend {
    #[serde(default, deserialize_with = "nullable")]
    properties: FrontendProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrontendProperties {
    #[serde(default, deserialize_with = "nullable")]
    inbound_nat_rules: Vec<NamedId>,
}

impl Balancer {
    /// The id of the pool to join; a balancer without pools is joined by being named.
    pub(crate) fn pool(&self, wanted: Option<&str>, name: &str) -> Result<Option<String>, Failure> {
        let pools = &self.properties.backend_address_pools;
        let Some(wanted) = wanted else { return Ok(pools.first().map(|pool| pool.id.clone())) };
        let found = pools.iter().find(|pool| pool.name == wanted).map(|pool| Some(pool.id.clone()));
        found.ok_or_else(|| {
            let names: Vec<_> = pools.iter().map(|pool| pool.name.as_str()).collect();
            Failure::rejected(format!("'{name}' does not have a backend_pool named '{wanted}': {}", names.join(", ")))
        })
    }

    /// Ids of the rules on its first frontend.
    pub(crate) fn nat_rules(&self) -> Vec<String> {
        let rules = self.properties.frontends.first().map(|frontend| &frontend.properties.inbound_nat_rules);
        rules.into_iter().flatten().map(|rule| rule.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> Result<Vec<Pool>, Failure> {
        parse(&Properties::parse(&json!({"lb": value}).to_string()).unwrap(), "lb", "rg")
    }

    fn named(name: &str, group: &str, pool: Option<&str>) -> Pool {
        Pool { name: name.into(), resource_group: group.into(), backend: pool.map(str::to_owned), backend_v6: None }
    }

    #[test]
    fn every_writing_is_read() {
        assert_eq!(of(&json!(null)).unwrap(), []);
        assert_eq!(of(&json!("a, b")).unwrap(), [named("a", "rg", None), named("b", "rg", None)]);
        let object = json!({"name": "a", "resource_group_name": "g", "backend_pool_name": "p"});
        assert_eq!(of(&object).unwrap(), [named("a", "g", Some("p"))]);
        assert_eq!(of(&json!([object, "b"])).unwrap(), [named("a", "g", Some("p")), named("b", "rg", None)]);
        assert_eq!(of(&json!({"backend_pool_name": "p"})).unwrap(), []);
        assert_eq!(of(&json!(7)).unwrap_err().message(), "Property 'lb' must be a String, Hash, or Array.");
    }

    #[test]
    fn pools_are_the_first_or_the_named_one() {
        let balancer: Balancer = serde_json::from_value(json!({"properties": {
            "backendAddressPools": [{"id": "/1", "name": "one"}, {"id": "/2", "name": "two"}],
            "frontendIPConfigurations": [{"properties": {"inboundNatRules": [{"id": "/r"}]}}],
        }}))
        .unwrap();
        assert_eq!(balancer.pool(None, "lb").unwrap().as_deref(), Some("/1"));
        assert_eq!(balancer.pool(Some("two"), "lb").unwrap().as_deref(), Some("/2"));
        let refusal = balancer.pool(Some("x"), "lb").unwrap_err();
        assert_eq!(refusal.message(), "'lb' does not have a backend_pool named 'x': one, two");
        assert_eq!(balancer.nat_rules(), ["/r"]);
    }
}
