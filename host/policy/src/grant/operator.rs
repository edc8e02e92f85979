use cpi_protocol::Object;

use super::{Denial, Rule};
use crate::pattern::{Place, Target};
use crate::plugin_rules::table;
use crate::{ConfigLine, HostEntry, Outgoing, PluginRules};

/// What the operator leaves of what the manifest asks for.
#[derive(Debug, Clone)]
pub(super) struct Operator {
    plugin: String,
    rules: PluginRules,
}

impl Operator {
    pub(super) fn new(plugin: &str, rules: PluginRules) -> Self {
        Self { plugin: plugin.to_owned(), rules }
    }

    /// What is left of the places of an entry of the manifest with these settings; none for all of them.
    pub(super) fn leaves(&self, entry: &HostEntry, settings: &Object) -> Option<Vec<Place>> {
        let hosts = self.rules.hosts.as_ref()?;
        if hosts.contains(entry) {
            return None;
        }
        let left = hosts.iter().filter(|left| entry.covers(left)).filter_map(|left| match left {
            HostEntry::Endpoint(_) => None,
            HostEntry::Host(host) => Place::parse(&host.fill(settings)?),
        });
        Some(left.collect())
    }

    /// Whether a request that the manifest asks for is left; every line that it lacks is named at once.
    pub(super) fn check(
        &self,
        rule: &Rule,
        request: &Outgoing,
        target: &Target,
        path: &str,
        action: Option<&str>,
    ) -> Result<(), Denial> {
        let PluginRules { hosts, methods, paths, actions, credentials, .. } = &self.rules;
        let mut lines = Vec::new();
        if let Some(hosts) = hosts.as_ref().filter(|_| !rule.is_left(target)) {
            lines.push(self.line("hosts", hosts, rule.entry.to_string()));
        }
        if let Some(methods) = methods.as_ref().filter(|methods| !methods.contains(&request.method)) {
            lines.push(self.line("methods", methods, request.method.to_string()));
        }
        if let Some(paths) = paths.as_ref().filter(|paths| !paths.iter().any(|left| left.matches(path))) {
            let asked =
                rule.ask.paths.iter().find(|asked| asked.matches(path)).map_or(path.to_owned(), ToString::to_string);
            lines.push(self.line("paths", paths, asked));
        }
        if let (Some(actions), Some(action)) = (actions, action)
            && !actions.iter().any(|left| left.matches(action))
        {
            lines.push(self.line("actions", actions, action.to_owned()));
        }
        if let (Some(credentials), Some(credential)) = (credentials, &request.credential)
            && !credentials.contains(credential)
        {
            lines.push(self.line("credentials", credentials, credential.clone()));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let place = format!("{}{}", target.origin(), target.url.path());
        let action = action.map(|action| format!(" {action}")).unwrap_or_default();
        Err(Denial::Operator {
            plugin: self.plugin.clone(),
            request: format!("{} {place}{action}", request.method),
            lines,
        })
    }

    /// Why the agents' settings may not be placed.
    pub(super) fn no_agents(&self) -> Denial {
        let line = ConfigLine::new(table(&self.plugin), "allow-agents", true);
        Denial::Agents { plugin: self.plugin.clone(), line }
    }

    fn line<T: ToString>(&self, key: &'static str, before: &[T], more: String) -> ConfigLine {
        ConfigLine::adding(table(&self.plugin), key, before, more)
    }
}
