use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::Object;

/// Secrets of one call, and the means to keep them out of text.
///
/// Nothing that may hold a secret is printed in the first place; this is the second line.
#[derive(Clone, Default)]
pub struct Mask {
    /// The longest first, so that a secret inside another does not leave the rest of it readable.
    secrets: BTreeSet<(Reverse<usize>, String)>,
}

/// Shorter texts are too likely to stand in a message by chance.
const SHORTEST: usize = 6;

/// What stands in the name of a setting whose value is a secret …
const WITHIN: [&str; 6] = ["password", "passwd", "passphrase", "secret", "private_key", "credential"];

/// … or at its end.
const AT_END: [&str; 4] = ["token", "api_key", "access_key", "account_key"];

/// … unless it only says which one, or where it is.
const NO_SECRET: [&str; 4] = ["_id", "_name", "_arn", "_source"];

impl Mask {
    /// Hides this text from now on.
    pub fn add(&mut self, secret: &str) {
        self.add_form(secret);
        // As it stands in JSON, and in texts that quote it.
        let quoted = Value::String(secret.to_owned()).to_string();
        self.add_form(quoted.trim_matches('"'));
    }

    fn add_form(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.secrets.insert((Reverse(secret.len()), secret.to_owned()));
        }
    }

    /// Hides every text inside a JSON value, its keys excepted.
    pub fn add_all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_all(item)),
            Value::Object(object) => object.values().for_each(|member| self.add_all(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Hides what `create_vm`'s `env` holds, apart from the group names and tags that are public anyway.
    pub fn add_env(&mut self, env: &Object) {
        for (key, value) in env {
            match value.as_object().filter(|_| key == "bosh") {
                Some(bosh) => bosh
                    .iter()
                    .filter(|(key, _)| !matches!(key.as_str(), "group" | "groups" | "tags"))
                    .for_each(|(_, value)| self.add_all(value)),
                None => self.add_all(value),
            }
        }
    }

    /// Hides whatever stands under the name of a secret, at any depth: `password`, `api_token`, … The id of a key is
    /// no secret: operators compare it when a key is refused.
    pub fn add_named(&mut self, object: &Object) {
        for (name, value) in object {
            if is_secret(name) { self.add_all(value) } else { self.add_named_within(value) }
        }
    }

    /// The same inside any JSON value.
    pub fn add_named_within(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add_named_within(item)),
            Value::Object(object) => self.add_named(object),
            _ => {}
        }
    }

    /// The text without the secrets.
    pub fn apply(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, (_, secret)| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "<redacted>") } else { text }
        })
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !NO_SECRET.iter().any(|end| name.ends_with(end))
        && (WITHIN.iter().any(|part| name.contains(part)) || AT_END.iter().any(|end| name.ends_with(end)))
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leaves_of_env_are_hidden_and_groups_are_not() {
        let mut mask = Mask::default();
        let env = json!({"bosh": {"groups": ["prod-redis"], "mbus": {"cert": {"private_key": "KEY-TEXT"}}}});
        mask.add_env(env.as_object().unwrap());
        assert_eq!(mask.apply("prod-redis KEY-TEXT"), "prod-redis <redacted>");
    }

    #[test]
    fn names_tell_secrets_at_any_depth() {
        let mut mask = Mask::default();
        mask.add_named_within(&json!([{
            "disk": {"Api_Token": ["canary-1"], "type": "gp3-type"},
            "secret_access_key": "canary-2", "access_key_id": "AKIA-public", "credentials_source": "static",
        }]));
        assert_eq!(
            mask.apply("canary-1 canary-2 gp3-type AKIA-public static"),
            "<redacted> <redacted> gp3-type AKIA-public static"
        );
    }

    #[test]
    fn a_secret_inside_a_longer_one_leaves_nothing_behind() {
        let mut mask = Mask::default();
        mask.add("secret");
        mask.add("secret-and-more");
        assert_eq!(mask.apply("x secret-and-more y"), "x <redacted> y");
    }
}
