use serde_json::Value;

/// Secrets of one call, and the means to keep them out of text.
///
/// Nothing that may hold a secret is printed in the first place; this is the second line.
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Vec<String>,
}

/// Shorter texts are too likely to stand in a message by chance.
const SHORTEST: usize = 6;

impl Mask {
    /// Hides this text from now on.
    pub fn add(&mut self, secret: &str) {
        self.add_form(secret);
        // As it stands in JSON, and in texts that quote it.
        let quoted = Value::String(secret.to_owned()).to_string();
        self.add_form(quoted.trim_matches('"'));
    }

    fn add_form(&mut self, secret: &str) {
        if secret.len() >= SHORTEST && !self.secrets.iter().any(|known| known == secret) {
            self.secrets.push(secret.to_owned());
            // The longest first, so that a secret inside another does not leave the rest of it readable.
            self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
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
    pub fn add_env(&mut self, env: &crate::Object) {
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

    /// The text without the secrets.
    pub fn apply(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "<redacted>") } else { text }
        })
    }
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
    fn a_secret_inside_a_longer_one_leaves_nothing_behind() {
        let mut mask = Mask::default();
        mask.add("secret");
        mask.add("secret-and-more");
        assert_eq!(mask.apply("x secret-and-more y"), "x <redacted> y");
    }
}
