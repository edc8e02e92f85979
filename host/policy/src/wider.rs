use crate::manifest::{Actions, HttpAsk};
use crate::{HostEntry, Manifest, Method, NamePattern, PathPattern, PluginRules};

/// One kind of request.
struct Request<'a> {
    ask: &'a HttpAsk,
    host: HostEntry,
    method: Method,
    path: &'a PathPattern,
    action: Option<&'a str>,
}

impl Manifest {
    /// What this manifest asks for and another, accepted one does not, as far as the operator leaves it; a line each.
    ///
    /// Limits and retries are left out: whatever a manifest wishes, the host's ceilings hold.
    pub fn wider_than(&self, accepted: &Self, rules: &PluginRules) -> Vec<String> {
        let settings = self.plugin.settings.iter().filter(|key| !accepted.plugin.settings.contains(key));
        let settings = settings.map(|key| format!("reads the setting '{key}'"));
        let credentials = self.credentials.iter().filter(|(name, credential)| {
            rules.credentials.as_ref().is_none_or(|left| left.contains(name))
                && accepted.credentials.get(*name).is_none_or(|before| before != *credential)
        });
        let credentials = credentials.map(|(name, _)| format!("uses credential '{name}', new or made in another way"));
        // The host's own requests for keys go there as well, whatever the operator leaves of the plugin's.
        let made = self.made_endpoints.iter().filter(|made| !accepted.made_endpoints.contains(made));
        let made = made.map(ToString::to_string);
        let requests = self.http.iter().flat_map(|ask| new_requests(ask, accepted, rules));
        let places = self
            .agents
            .place
            .iter()
            .filter(|place| rules.allow_agents.unwrap_or(true) && !accepted.agents.place.contains(place));
        let places = places.map(|place| format!("puts the settings of agents, secrets included, into {place}"));
        settings.chain(credentials).chain(made).chain(requests).chain(places).collect()
    }
}

/// Lines for the requests of a block that are new: hosts with the same new actions share one.
fn new_requests(ask: &HttpAsk, accepted: &Manifest, rules: &PluginRules) -> Vec<String> {
    let signed = ask.credential.as_ref().map_or("unsigned".to_owned(), |name| format!("signed with '{name}'"));
    let kinds = ask.methods.iter().flat_map(|method| ask.paths.iter().map(move |path| (*method, path)));
    let mut lines = Vec::new();
    for (method, path) in kinds {
        let mut groups: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
        for host in ask.entries() {
            let name = host.to_string();
            let new = new_actions(&Request { ask, host, method, path, action: None }, accepted, rules);
            match groups.iter_mut().find(|(actions, _)| *actions == new) {
                _ if new.is_empty() => {}
                Some((_, hosts)) => hosts.push(name),
                None => groups.push((new, vec![name])),
            }
        }
        lines.extend(groups.into_iter().map(|(actions, hosts)| {
            let actions = if ask.actions.is_some() { format!(": {}", actions.join(", ")) } else { String::new() };
            let image = if ask.image { ", stemcell images included" } else { "" };
            let source = if ask.source.is_some() { ", and what to copy" } else { "" };
            format!("sends {method} {path}, {signed}{image}{source}, to {}{actions}", hosts.join(", "))
        }));
    }
    lines
}

/// The actions with which a request is new; one without a name stands for a request without an action.
fn new_actions<'a>(request: &Request<'a>, accepted: &Manifest, rules: &PluginRules) -> Vec<&'a str> {
    let actions: Vec<_> = match &request.ask.actions {
        None => vec![None],
        Some(actions) => actions.allow.iter().map(|action| Some(action.as_str())).collect(),
    };
    let is_new = |action: Option<&'a str>| {
        let request = Request { action, host: request.host.clone(), ..*request };
        request.is_left(rules) && !accepted.http.iter().any(|before| request.is_within(before))
    };
    actions.into_iter().filter(|action| is_new(*action)).map(Option::unwrap_or_default).collect()
}

impl Request<'_> {
    /// Whether the operator's table leaves any of it.
    fn is_left(&self, rules: &PluginRules) -> bool {
        let overlap = |left: &HostEntry| left.covers(&self.host) || self.host.covers(left);
        rules.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(overlap))
            && rules.methods.as_ref().is_none_or(|methods| methods.contains(&self.method))
            && rules
                .paths
                .as_ref()
                .is_none_or(|paths| paths.iter().any(|left| left.covers(self.path) || self.path.covers(left)))
            && self.action.is_none_or(|action| left_name(rules.actions.as_ref(), action))
            && self
                .ask
                .credential
                .as_ref()
                .is_none_or(|name| rules.credentials.as_ref().is_none_or(|left| left.contains(name)))
    }

    /// Whether an accepted block asks for it as well.
    fn is_within(&self, accepted: &HttpAsk) -> bool {
        let same_action = |before: &Actions| {
            self.ask.actions.as_ref().is_some_and(|actions| actions.form == before.form)
                && self.action.is_some_and(|action| before.allow.iter().any(|name| name == action))
        };
        accepted.entries().any(|before| before.covers(&self.host))
            && accepted.methods.contains(&self.method)
            && accepted.paths.iter().any(|before| before.covers(self.path))
            && accepted.credential == self.ask.credential
            && accepted.sign == self.ask.sign
            && (accepted.image || !self.ask.image)
            && (self.ask.source.is_none() || accepted.source == self.ask.source)
            && accepted.actions.as_ref().is_none_or(same_action)
    }
}

fn left_name(names: Option<&Vec<NamePattern>>, name: &str) -> bool {
    names.is_none_or(|names| names.iter().any(|left| left.matches(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
[plugin]
name = "aws"
version = "1.0.0"
contract = "bosh:cpi@0.1"
settings = ["region"]
[credentials.aws]
scheme = "sigv4"
[[http]]
hosts = ["https://ec2.{region}.a.com", "https://ec2.{region}.b.com"]
methods = ["POST"]
paths = ["/v1/*"]
credential = "aws"
sign = { service = "ec2", region = "{region}" }
actions = { form = "Action", allow = ["DescribeA", "Run"] }
"#;

    fn wider(change: impl Fn(String) -> String, rules: &str) -> Vec<String> {
        let manifest = |text: &str| Manifest::parse(text).unwrap();
        manifest(&change(MANIFEST.to_owned())).wider_than(&manifest(MANIFEST), &toml::from_str(rules).unwrap())
    }

    fn replacing<'a>(from: &'a str, to: &'a str) -> impl Fn(String) -> String + 'a {
        move |text| {
            assert!(text.contains(from));
            text.replace(from, to)
        }
    }

    #[test]
    fn the_same_and_less_is_not_more() {
        for (from, to) in [
            ("x", "x"),
            ("\"DescribeA\", ", ""),
            (", \"https://ec2.{region}.b.com\"", ""),
            ("/v1/*", "/v1/a"),
            ("ec2.{region}.a.com", "ec2.eu-1.a.com"),
            ("\"region\"", ""),
        ] {
            assert_eq!(wider(|text| text.replace(from, to), ""), [""; 0], "{from} {to}");
        }
    }

    #[test]
    fn more_is_told_line_by_line() {
        let both = "https://ec2.{region}.a.com, https://ec2.{region}.b.com";
        for (from, to, line) in [
            ("\"Run\"", "\"Run\", \"Stop\"", format!("sends POST /v1/*, signed with 'aws', to {both}: Stop")),
            ("\"POST\"", "\"POST\", \"PUT\"", format!("sends PUT /v1/*, signed with 'aws', to {both}: DescribeA, Run")),
            ("/v1/*", "/v1/**", format!("sends POST /v1/**, signed with 'aws', to {both}: DescribeA, Run")),
            (
                "https://ec2.{region}.b.com",
                "https://c.com",
                "sends POST /v1/*, signed with 'aws', to https://c.com: DescribeA, Run".to_owned(),
            ),
            (
                "service = \"ec2\"",
                "service = \"iam\"",
                format!("sends POST /v1/*, signed with 'aws', to {both}: DescribeA, Run"),
            ),
            (
                "actions = { form = \"Action\", allow = [\"DescribeA\", \"Run\"] }",
                "",
                format!("sends POST /v1/*, signed with 'aws', to {both}"),
            ),
            ("[\"region\"]", "[\"region\", \"tags\"]", "reads the setting 'tags'".to_owned()),
            (
                "actions =",
                "image = true\nactions =",
                format!("sends POST /v1/*, signed with 'aws', stemcell images included, to {both}: DescribeA, Run"),
            ),
        ] {
            assert_eq!(wider(replacing(from, to), ""), [line]);
        }
        let place = "\n[agents]\nplace = [{ action = \"Run\", form = \"UserData\", encoding = \"plain\" }]";
        assert!(wider(|text| text + place, "")[0].contains("settings of agents"));
        assert!(wider(|text| text + place, "allow-agents = false").is_empty());
    }

    #[test]
    fn where_an_endpoint_is_made_to_be_is_asked_about_always() {
        let endpoint = |url: &str| {
            let used = MANIFEST.replace("methods =", "endpoint = \"region\"\nmethods =");
            let manifest = format!("{used}[[endpoint]]\nsetting = \"region\"\nurl = \"{url}\"\n");
            Manifest::parse(&manifest).unwrap()
        };
        let (before, after) = (endpoint("https://a.{region}"), endpoint("https://b.{region}"));
        let nothing_left = toml::from_str("hosts = []").unwrap();
        assert_eq!(before.wider_than(&before, &nothing_left), [""; 0]);
        assert_eq!(
            after.wider_than(&before, &nothing_left),
            ["takes https://b.{region} for {region}, where the operator names none"]
        );
    }

    #[test]
    fn what_the_operator_leaves_out_anyway_is_not_asked_about() {
        let more = replacing("\"Run\"", "\"Run\", \"Stop\"");
        assert!(wider(&more, "actions = ['Describe*', 'Run']").is_empty());
        assert_eq!(wider(&more, "actions = ['S*']").len(), 1);
        assert!(wider(&more, "hosts = []").is_empty());
        assert!(wider(&more, "credentials = []").is_empty());
        let line = &wider(&more, "hosts = ['https://ec2.eu-1.a.com']")[0];
        assert!(line.contains("a.com") && !line.contains("b.com"), "{line}");
    }
}
