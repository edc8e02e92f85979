use std::sync::Arc;

use url::Url;

use super::{Grant, Rule};
use crate::AddressRule;
use crate::manifest::HttpAsk;

/// One kind of request that is allowed, for people.
#[derive(Debug, Clone)]
pub struct Reach {
    /// What may be sent, in words.
    pub words: String,
    /// Where to: the service is at one of these places.
    pub places: Vec<String>,
    /// Those of them that are one place each, which can be looked at.
    pub urls: Vec<Url>,
    /// The addresses that those may have.
    pub addresses: AddressRule,
}

impl Grant {
    /// What requests are allowed with these settings, in the order of the manifest.
    pub fn reach(&self) -> Vec<Reach> {
        let of = |ask: &Arc<HttpAsk>| {
            let is_left = |rule: &Rule| rule.left.as_ref().is_none_or(|left| !left.is_empty());
            let here = |rule: &&Rule| is_left(rule) && Arc::ptr_eq(&rule.ask, ask);
            let first = self.rules.iter().find(here)?;
            Some(Reach {
                words: first.words(),
                places: self.rules.iter().filter(here).map(|rule| rule.place.to_string()).collect(),
                urls: self.rules.iter().filter(here).filter_map(|rule| rule.place.url()).collect(),
                addresses: first.addresses.clone(),
            })
        };
        self.asks.iter().filter_map(of).collect()
    }
}

impl Rule {
    fn words(&self) -> String {
        let methods: Vec<_> = self.ask.methods.iter().map(|method| method.name()).collect();
        let credential = self.signing.as_ref().map(|signing| signing.credential.as_str());
        let signed = credential.map_or("without a credential".to_owned(), |name| format!("with credential '{name}'"));
        let actions = self.ask.actions.as_ref().map(|actions| format!(", {} actions", actions.allow.len()));
        format!("{} {signed}{}", methods.join(", "), actions.unwrap_or_default())
    }
}
