use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::manifest::HttpAsk;
use crate::pattern::{HostEntry, NamePattern, PathPattern};
use crate::{ConfigLine, Digest, Manifest, Method};

/// One `[plugin.NAME]` table of the host's configuration: what the operator leaves of what a plugin asks for.
///
/// What is absent stays as the manifest has it; an empty list leaves nothing. Nothing here can widen a manifest: an
/// entry that the manifest does not ask for is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PluginRules {
    /// The one component that may run under this name.
    pub digest: Option<Digest>,
    /// Hosts as the manifest writes them, or with the settings filled in; `{KEY}` stands for the endpoint that the
    /// provider's configuration names under this key.
    pub hosts: Option<Vec<HostEntry>>,
    /// HTTP methods.
    pub methods: Option<Vec<Method>>,
    /// Paths, in the manifest's words or narrower.
    pub paths: Option<Vec<PathPattern>>,
    /// API actions, with `*` at the end for all that begin so.
    pub actions: Option<Vec<NamePattern>>,
    /// Credentials that requests may be signed with.
    pub credentials: Option<Vec<String>>,
    /// Whether the plugin may place the settings of agents, secrets included, into its requests.
    pub allow_agents: Option<bool>,
}

/// An entry of `[plugin.NAME]` that the manifest does not ask for: the host's configuration is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "host configuration: [plugin.{plugin}] {key}: '{entry}' is not within what the plugin asks for ({}): \
     remove it or write one of these",
    if asked.is_empty() { "nothing" } else { asked }
)]
pub struct RuleError {
    plugin: String,
    key: &'static str,
    entry: String,
    asked: String,
}

impl PluginRules {
    /// Makes sure that every entry is within what the manifest asks for.
    pub fn check(&self, manifest: &Manifest) -> Result<(), RuleError> {
        let asks = || manifest.http.iter();
        let hosts: Vec<_> = asks().flat_map(HttpAsk::entries).collect();
        let methods: Vec<_> = asks().flat_map(|ask| &ask.methods).collect();
        let paths: Vec<_> = asks().flat_map(|ask| &ask.paths).collect();
        let actions: Vec<_> =
            asks().filter_map(|ask| ask.actions.as_ref()).flat_map(|actions| &actions.allow).collect();
        let credentials: Vec<_> = manifest.credentials.keys().collect();
        let plugin = &manifest.plugin.name;
        within(plugin, "hosts", self.hosts.as_ref(), &hosts, |entry, asked| asked.covers(entry))?;
        within(plugin, "methods", self.methods.as_ref(), &methods, |entry, asked| entry == *asked)?;
        within(plugin, "paths", self.paths.as_ref(), &paths, |entry, asked| asked.covers(entry))?;
        within(plugin, "actions", self.actions.as_ref(), &actions, |entry, asked| entry.matches(asked))?;
        within(plugin, "credentials", self.credentials.as_ref(), &credentials, |entry, asked| entry == *asked)?;
        if self.allow_agents == Some(true) && manifest.agents.place.is_empty() {
            let (plugin, entry, asked) = (plugin.clone(), "true".to_owned(), String::new());
            return Err(RuleError { plugin, key: "allow-agents", entry, asked });
        }
        Ok(())
    }

    /// The table that says in full what these rules leave of a manifest, for operators to copy and to shorten.
    #[must_use]
    pub fn in_full(&self, manifest: &Manifest, digest: Digest) -> Self {
        let asks = || manifest.http.iter();
        let actions = asks().filter_map(|ask| ask.actions.as_ref()).flat_map(|actions| &actions.allow);
        Self {
            digest: Some(digest),
            hosts: Some(self.hosts.clone().unwrap_or_else(|| distinct(asks().flat_map(HttpAsk::entries)))),
            methods: Some(self.methods.clone().unwrap_or_else(|| distinct(asks().flat_map(|ask| ask.methods.clone())))),
            paths: Some(self.paths.clone().unwrap_or_else(|| distinct(asks().flat_map(|ask| ask.paths.clone())))),
            actions: Some(
                self.actions.clone().unwrap_or_else(|| distinct(actions.map(|name| NamePattern::exact(name)))),
            ),
            credentials: Some(
                self.credentials.clone().unwrap_or_else(|| manifest.credentials.keys().cloned().collect()),
            ),
            allow_agents: Some(self.allow_agents(manifest)),
        }
    }

    /// The line that pins a plugin to a component.
    pub fn pin(plugin: &str, digest: &Digest) -> ConfigLine {
        ConfigLine::new(table(plugin), "digest", digest.to_string())
    }

    /// Whether the agents' settings may be placed at all.
    pub(crate) fn allow_agents(&self, manifest: &Manifest) -> bool {
        self.allow_agents.unwrap_or(true) && !manifest.agents.place.is_empty()
    }
}

/// The name of a plugin's table.
pub(crate) fn table(plugin: &str) -> String {
    format!("plugin.{plugin}")
}

fn within<E: Display, A: Display>(
    plugin: &str,
    key: &'static str,
    entries: Option<&Vec<E>>,
    asked: &[A],
    covers: impl Fn(&E, &A) -> bool,
) -> Result<(), RuleError> {
    let stray = entries.into_iter().flatten().find(|entry| !asked.iter().any(|asked| covers(entry, asked)));
    stray.map_or(Ok(()), |entry| {
        let asked = distinct(asked.iter().map(ToString::to_string)).join(", ");
        Err(RuleError { plugin: plugin.to_owned(), key, entry: entry.to_string(), asked })
    })
}

/// Each entry once, in the order in which they come.
fn distinct<T: PartialEq>(entries: impl Iterator<Item = T>) -> Vec<T> {
    entries.fold(Vec::new(), |mut list, entry| {
        if !list.contains(&entry) {
            list.push(entry);
        }
        list
    })
}
