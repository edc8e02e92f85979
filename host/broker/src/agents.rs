use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cpi_policy::{Encoding, Permit, Placement};
use cpi_protocol::{Object, is_disk_hint};
use serde_json::{Value, json};

use crate::lock::lock;

/// What the host knows of the agent on the VM of a `create_vm` call. Most of it is secret.
#[derive(Clone)]
pub struct AgentContext {
    /// Argument 1.
    pub agent_id: String,
    /// Argument 4, as it came.
    pub networks: Object,
    /// Whether networks that share an interface are told which one it is.
    pub alias_nic_groups: bool,
    /// Argument 6, as it came.
    pub env: Option<Object>,
    /// `cloud.properties.agent`: message bus, time servers, blob store.
    pub config: Object,
    /// The registry, where there is one. Only agents of old stemcells ask it.
    pub registry: Option<String>,
    /// Whether the agent finds its settings there: the cloud then gets a document that only points there.
    pub settings_in_registry: bool,
}

/// What the provider knows of it.
#[derive(Debug, Clone, Default)]
pub struct AgentFacts {
    /// A free choice.
    pub vm_name: String,
    /// Facts about networks of the call.
    pub interfaces: Vec<Interface>,
    /// Where the disks are.
    pub disks: Disks,
    /// Merged over the document last.
    pub extra: Object,
}

/// What the provider knows about one network of the call.
#[derive(Debug, Clone)]
pub struct Interface {
    /// Name of the network.
    pub network: String,
    /// Hardware address of its interface.
    pub mac: Option<String>,
    /// Whether the agent asks DHCP for the address.
    pub use_dhcp: bool,
}

/// Disk hints for the agent.
#[derive(Debug, Clone, Default)]
pub struct Disks {
    /// Path of the root disk.
    pub system: Option<String>,
    /// Hint for the ephemeral disk.
    pub ephemeral: Option<Value>,
    /// Hints for disks left raw.
    pub raw_ephemeral: Vec<Value>,
}

/// A settings document that the plugin may place but not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Stands for the document.
    pub token: String,
    /// Length of the document in bytes.
    pub size: usize,
}

/// The settings documents of one call.
pub struct AgentVault {
    /// Or why no document can be made.
    context: Result<AgentContext, String>,
    documents: Mutex<Vec<Document>>,
}

/// A settings document in the forms in which it goes into requests, and in which an endpoint could repeat it.
struct Document {
    token: String,
    plain: String,
    base64: String,
    networks: Object,
    /// What the registry gets, where there is one.
    registered: Option<String>,
    /// It went into a request.
    placed: bool,
}

impl Default for AgentVault {
    /// The vault of every call but `create_vm`.
    fn default() -> Self {
        Self::new(Err("agent settings are made in create_vm only".to_owned()))
    }
}

impl AgentVault {
    /// The vault of a `create_vm` call, or why it makes no documents.
    pub fn new(context: Result<AgentContext, String>) -> Self {
        Self { context, documents: Mutex::default() }
    }

    /// Makes the document and hands out a token for it; the same for the same document.
    pub fn seal(&self, facts: AgentFacts) -> Result<Sealed, String> {
        // A VM may be tried in every zone with every instance type.
        const MOST: usize = 256;
        // Far above what any cloud takes; and of all of them.
        const LARGEST: usize = 1 << 20;
        const LARGEST_IN_ALL: usize = 16 << 20;
        let context = self.context.as_ref().map_err(Clone::clone)?;
        let networks = networks(context, &facts.interfaces)?;
        let (document, registered) = documents(context, facts, &networks)?;
        if document.len() > LARGEST {
            return Err(format!("the agent's settings have {} bytes, the limit is {LARGEST}", document.len()));
        }
        let mut known = lock(&self.documents);
        let size = document.len();
        if let Some(same) = known.iter().find(|known| known.plain == document && known.registered == registered) {
            return Ok(Sealed { token: same.token.clone(), size });
        }
        let in_all: usize = known.iter().map(|known| known.plain.len()).sum();
        if known.len() == MOST || in_all + size > LARGEST_IN_ALL {
            let mib = LARGEST_IN_ALL >> 20;
            return Err(format!("a call can seal {MOST} documents at most, and of {mib} MiB in all"));
        }
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|error| format!("no random numbers: {error}"))?;
        let token = format!("bosh-agent-settings-{:032x}", u128::from_be_bytes(random));
        let base64 = STANDARD.encode(&document);
        let sealed = Sealed { token: token.clone(), size };
        known.push(Document { token, plain: document, base64, networks, registered, placed: false });
        Ok(sealed)
    }

    /// The body of a request, with the document in the one field that the manifest names, if a token stands there.
    pub(crate) fn place(&self, permit: &Permit) -> Vec<u8> {
        let body = &permit.request().body;
        let placed = match (permit.placement(), std::str::from_utf8(body)) {
            (Some(Placement::Form { form: field, encoding, .. }), Ok(form)) if self.context.is_ok() => {
                Some(self.place_in_form(field, *encoding, form).into_bytes())
            }
            (Some(Placement::Json { json, encoding, .. }), Ok(text)) if self.context.is_ok() => {
                self.place_in_json(json, *encoding, text).map(String::into_bytes)
            }
            _ => None,
        };
        placed.unwrap_or_else(|| body.clone())
    }

    /// How many documents there are.
    pub(crate) fn sealed(&self) -> usize {
        lock(&self.documents).len()
    }

    /// Whatever an endpoint could repeat of the documents.
    pub(crate) fn secrets(&self) -> Vec<String> {
        lock(&self.documents).iter().flat_map(|document| [document.plain.clone(), document.base64.clone()]).collect()
    }

    /// The settings that the registry gets: those of the document that went to the cloud. A provider that places none
    /// means the last one.
    pub fn registered(&self) -> Option<String> {
        self.last(|document| document.registered.clone())
    }

    /// Whether there are documents, and none of them went into a request: then no agent will find its settings.
    pub fn is_forgotten(&self) -> bool {
        let documents = lock(&self.documents);
        !documents.is_empty() && documents.iter().all(|document| !document.placed)
    }

    /// The networks of the call as the agent of its VM knows them.
    pub fn networks(&self) -> Option<Object> {
        self.last(|document| Some(document.networks.clone()))
    }

    /// Of the document that went to the cloud last, or else was made last.
    fn last<T>(&self, of: impl FnOnce(&Document) -> Option<T>) -> Option<T> {
        let documents = lock(&self.documents);
        documents.iter().rfind(|document| document.placed).or(documents.last()).and_then(of)
    }

    /// One field at most: a form that repeats it would make the document many times as large.
    fn place_in_form(&self, name: &str, encoding: Encoding, form: &str) -> String {
        let field = |pair: &str| match url::form_urlencoded::parse(pair.as_bytes()).next() {
            Some((key, token)) if key == name => {
                let value = self.document(&token, encoding)?;
                Some(url::form_urlencoded::Serializer::new(String::new()).append_pair(&key, &value).finish())
            }
            _ => None,
        };
        let mut pairs: Vec<String> = form.split('&').map(str::to_owned).collect();
        if let Some((pair, placed)) = pairs.iter_mut().find_map(|pair| field(pair).map(|placed| (pair, placed))) {
            *pair = placed;
        }
        pairs.join("&")
    }

    /// The document with the settings in this member; none when no token stands there.
    fn place_in_json(&self, pointer: &str, encoding: Encoding, text: &str) -> Option<String> {
        let mut body: Value = serde_json::from_str(text).ok()?;
        let field = body.pointer_mut(pointer)?;
        let value = self.document(field.as_str()?, encoding)?;
        *field = Value::String(value);
        Some(body.to_string())
    }

    /// The document that a token stands for, which goes into a request now.
    fn document(&self, token: &str, encoding: Encoding) -> Option<String> {
        let mut documents = lock(&self.documents);
        let document = documents.iter_mut().find(|document| document.token == token)?;
        document.placed = true;
        Some(match encoding {
            Encoding::Plain => document.plain.clone(),
            Encoding::Base64 => document.base64.clone(),
        })
    }
}

/// The document for the cloud, and the one for the registry if there is one; compact, because clouds limit the size.
///
/// The agent's configuration may replace what stands before it, but neither networks nor what the provider adds.
fn documents(context: &AgentContext, facts: AgentFacts, networks: &Object) -> Result<(String, Option<String>), String> {
    let networks = Value::Object(networks.clone());
    let mut document = Object::new();
    document.insert("vm".to_owned(), json!({"name": facts.vm_name}));
    document.insert("agent_id".to_owned(), json!(context.agent_id));
    document.insert("disks".to_owned(), disks(facts.disks)?);
    if let Some(env) = &context.env {
        document.insert("env".to_owned(), Value::Object(env.clone()));
    }
    document.extend(context.config.clone());
    document.insert("networks".to_owned(), networks.clone());
    let registry = context.registry.iter().map(|endpoint| ("registry".to_owned(), json!({"endpoint": endpoint})));
    if !context.settings_in_registry {
        document.extend(facts.extra);
        document.extend(registry);
        return Ok((Value::Object(document).to_string(), None));
    }
    let mut pointer = facts.extra;
    pointer.insert("networks".to_owned(), networks);
    pointer.extend(registry);
    Ok((Value::Object(pointer).to_string(), Some(Value::Object(document).to_string())))
}

fn networks(context: &AgentContext, interfaces: &[Interface]) -> Result<Object, String> {
    let mut networks = context.networks.clone();
    for Interface { network, mac, use_dhcp } in interfaces {
        let settings = networks
            .get_mut(network)
            .and_then(Value::as_object_mut)
            .ok_or_else(|| format!("the call has no network '{network}'"))?;
        settings.insert("use_dhcp".to_owned(), json!(use_dhcp));
        if let Some(mac) = mac {
            settings.insert("mac".to_owned(), json!(mac));
        }
    }
    if context.alias_nic_groups {
        add_aliases(&mut networks, interfaces);
    }
    Ok(networks)
}

/// Says of networks that share an interface which one it is; a virtual address has none.
fn add_aliases(networks: &mut Object, interfaces: &[Interface]) {
    let mut groups = Vec::new();
    for Interface { network, .. } in interfaces {
        let Some(settings) = networks.get_mut(network).and_then(Value::as_object_mut) else { continue };
        if settings.get("type").and_then(Value::as_str) == Some("vip") {
            continue;
        }
        let group = settings.get("nic_group").filter(|group| !group.is_null()).map(ToString::to_string);
        let known = groups.iter().position(|known| group.is_some() && *known == group);
        let is_grouped = group.is_some();
        let index = known.unwrap_or_else(|| {
            groups.push(group);
            groups.len() - 1
        });
        if is_grouped {
            settings.insert("alias".to_owned(), json!(format!("eth{index}")));
        }
    }
}

fn disks(disks: Disks) -> Result<Value, String> {
    let mut object = Object::new();
    if let Some(system) = disks.system {
        object.insert("system".to_owned(), Value::String(system));
    }
    object.insert("persistent".to_owned(), json!({}));
    if let Some(ephemeral) = disks.ephemeral {
        object.insert("ephemeral".to_owned(), hint(ephemeral)?);
    }
    if !disks.raw_ephemeral.is_empty() {
        let hints = disks.raw_ephemeral.into_iter().map(hint).collect::<Result<_, _>>()?;
        object.insert("raw_ephemeral".to_owned(), Value::Array(hints));
    }
    Ok(Value::Object(object))
}

fn hint(value: Value) -> Result<Value, String> {
    if is_disk_hint(&value) { Ok(value) } else { Err(format!("disk hint {value} must be text or an object of texts")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: &Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn vault() -> AgentVault {
        vault_with(None)
    }

    fn vault_with(registry: Option<&str>) -> AgentVault {
        AgentVault::new(Ok(AgentContext {
            registry: registry.map(str::to_owned),
            settings_in_registry: registry.is_some(),
            alias_nic_groups: false,
            agent_id: "agent-1".to_owned(),
            networks: object(&json!({"private": {"type": "manual", "ip": "10.0.0.2", "prefix": "32"}})),
            env: Some(object(&json!({"bosh": {"password": "*"}, "mine": [1]}))),
            config: object(&json!({"mbus": "nats://user:secret@10.0.0.6", "networks": "from the configuration"})),
        }))
    }

    fn facts() -> AgentFacts {
        AgentFacts {
            vm_name: "vm-1".to_owned(),
            interfaces: vec![Interface {
                network: "private".to_owned(),
                mac: Some("02:00".to_owned()),
                use_dhcp: true,
            }],
            disks: Disks {
                system: Some("/dev/xvda".to_owned()),
                ephemeral: Some(json!("/dev/sdb")),
                raw_ephemeral: Vec::new(),
            },
            extra: object(&json!({"dns": null})),
        }
    }

    #[test]
    fn the_document_joins_what_caller_configuration_and_provider_know() {
        let vault = vault();
        let sealed = vault.seal(facts()).unwrap();
        let text = vault.documents.lock().unwrap()[0].plain.clone();
        assert_eq!(text.len(), sealed.size);
        assert_eq!(vault.networks().unwrap()["private"]["mac"], "02:00");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({
                "vm": {"name": "vm-1"},
                "agent_id": "agent-1",
                "networks": {
                    "private": {"type": "manual", "ip": "10.0.0.2", "prefix": "32", "use_dhcp": true, "mac": "02:00"}
                },
                "disks": {"system": "/dev/xvda", "persistent": {}, "ephemeral": "/dev/sdb"},
                "env": {"bosh": {"password": "*"}, "mine": [1]},
                "mbus": "nats://user:secret@10.0.0.6",
                "dns": null,
            })
        );
    }

    #[test]
    fn a_token_is_replaced_in_its_field_and_nowhere_else() {
        let vault = vault();
        let token = vault.seal(facts()).unwrap().token;
        let form = format!("Action=Run&Tag.1={token}&UserData={token}&Name=x{token}");
        let placed = vault.place_in_form("UserData", Encoding::Base64, &form);
        let fields: Vec<_> = url::form_urlencoded::parse(placed.as_bytes()).collect();
        assert_eq!(fields[1].1, token);
        assert_eq!(fields[3].1, format!("x{token}"));
        let document: Value = serde_json::from_slice(&STANDARD.decode(fields[2].1.as_bytes()).unwrap()).unwrap();
        assert_eq!(document["agent_id"], "agent-1");
        let unknown = "UserData=bosh-agent-settings-0";
        assert_eq!(vault.place_in_form("UserData", Encoding::Base64, unknown), unknown);
    }

    #[test]
    fn a_token_is_replaced_in_its_member_and_nowhere_else() {
        let vault = vault();
        let token = vault.seal(facts()).unwrap().token;
        let body = json!({"name": token, "os": {"data": token}, "z": 1}).to_string();
        let placed: Value =
            serde_json::from_str(&vault.place_in_json("/os/data", Encoding::Base64, &body).unwrap()).unwrap();
        assert_eq!(placed["name"], token.as_str());
        let document = STANDARD.decode(placed["os"]["data"].as_str().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&document).unwrap()["agent_id"], "agent-1");
        for (pointer, body) in [("/os/other", body.as_str()), ("/name", r#"{"name": "else"}"#), ("/name", "no JSON")] {
            assert_eq!(vault.place_in_json(pointer, Encoding::Plain, body), None, "{pointer} {body}");
        }
    }

    #[test]
    fn networks_of_a_group_are_told_their_interface() {
        let mut networks = object(&json!({
            "v": {"type": "vip", "nic_group": "1"}, "four": {"nic_group": "1"}, "six": {"nic_group": "1"},
            "alone": {"type": "dynamic"}, "other": {"nic_group": 2},
        }));
        let facts = ["v", "four", "six", "alone", "other"];
        let facts = facts.map(|name| Interface { network: name.to_owned(), mac: None, use_dhcp: true });
        add_aliases(&mut networks, &facts);
        let alias = |name: &str| networks[name].get("alias").and_then(Value::as_str);
        assert_eq!((alias("four"), alias("six"), alias("other")), (Some("eth0"), Some("eth0"), Some("eth2")));
        assert_eq!((alias("v"), alias("alone")), (None, None));
    }

    #[test]
    fn with_a_registry_the_cloud_gets_only_a_pointer() {
        let vault = vault_with(Some("http://10.0.0.6:25777"));
        let first = vault.seal(facts()).unwrap().token;
        vault.seal(AgentFacts { vm_name: "vm-2".to_owned(), ..facts() }).unwrap();
        let name = |settings: Option<String>| {
            serde_json::from_str::<Value>(&settings.unwrap()).unwrap()["vm"]["name"].as_str().unwrap().to_owned()
        };
        assert_eq!(name(vault.registered()), "vm-2");
        let placed = vault.place_in_form("UserData", Encoding::Plain, &format!("UserData={first}"));
        assert_eq!(name(vault.registered()), "vm-1", "the one that was placed");
        let pointer = url::form_urlencoded::parse(placed.as_bytes()).next().unwrap().1.into_owned();
        let network = json!({"type": "manual", "ip": "10.0.0.2", "prefix": "32", "use_dhcp": true, "mac": "02:00"});
        assert_eq!(
            serde_json::from_str::<Value>(&pointer).unwrap(),
            json!({"dns": null, "networks": {"private": network}, "registry": {"endpoint": "http://10.0.0.6:25777"}})
        );
        assert!(!pointer.contains("secret"));
    }

    #[test]
    fn agents_that_need_no_registry_are_told_of_it_all_the_same() {
        let with = vault_with(Some("http://10.0.0.6:25777"));
        let context = AgentContext { settings_in_registry: false, ..with.context.clone().unwrap() };
        let vault = AgentVault::new(Ok(context));
        let token = vault.seal(facts()).unwrap().token;
        let document: Value = serde_json::from_str(&vault.document(&token, Encoding::Plain).unwrap()).unwrap();
        assert_eq!(document["registry"], json!({"endpoint": "http://10.0.0.6:25777"}));
        assert_eq!(document["mbus"], "nats://user:secret@10.0.0.6");
        assert_eq!(vault.registered(), None);
    }

    #[test]
    fn the_same_document_is_sealed_once_and_there_is_an_end_of_others() {
        let vault = vault();
        let named = |name: usize| AgentFacts { vm_name: name.to_string(), ..facts() };
        assert_eq!(vault.seal(named(1)).unwrap(), vault.seal(named(1)).unwrap());
        assert!((1..=256).all(|name| vault.seal(named(name)).is_ok()));
        let problem = vault.seal(named(257)).unwrap_err();
        assert!(problem.contains("256 documents at most"), "{problem}");
        assert!(vault.seal(named(1)).is_ok());
    }

    #[test]
    fn wrong_facts_are_refused() {
        let vault = vault();
        let numbered = Disks { ephemeral: Some(json!({"lun": 0})), ..Disks::default() };
        assert!(vault.seal(AgentFacts { disks: numbered, ..facts() }).unwrap_err().contains("must be text"));
        let unknown = Interface { network: "other".to_owned(), mac: None, use_dhcp: true };
        assert!(vault.seal(AgentFacts { interfaces: vec![unknown], ..facts() }).unwrap_err().contains("'other'"));
        assert!(AgentVault::default().seal(facts()).unwrap_err().contains("create_vm"));
    }
}
