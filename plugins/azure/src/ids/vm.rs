use std::fmt;

use cpi_plugin_sdk::Failure;

use super::pairs::{Written, part};

/// A UUID's length: what tells the two plain forms apart.
const AGENT_ID: usize = 36;

/// A VM: its name, which is the agent's id, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VmId {
    pub name: String,
    pub resource_group: String,
    /// Its disks are blobs in this storage account.
    pub storage_account: Option<String>,
    written: Written,
}

impl VmId {
    pub(crate) fn new(agent_id: &str, resource_group: &str) -> Self {
        Self {
            name: agent_id.to_owned(),
            resource_group: resource_group.to_owned(),
            storage_account: None,
            written: Written::of([("agent_id", agent_id), ("resource_group_name", resource_group)]),
        }
    }

    /// The same VM with its disks in a storage account.
    pub(crate) fn in_account(&self, account: &str) -> Self {
        let pairs = [
            ("agent_id", self.name.as_str()),
            ("resource_group_name", self.resource_group.as_str()),
            ("storage_account_name", account),
        ];
        Self { storage_account: Some(account.to_owned()), written: Written::of(pairs), ..self.clone() }
    }

    pub(crate) fn parse(text: &str, default_group: &str) -> Result<Self, Failure> {
        match Written::parse(text)? {
            Written::Plain(name) => Self::plain(name, default_group),
            Written::Pairs(mut pairs) => {
                pairs.entry("resource_group_name".to_owned()).or_insert_with(|| default_group.to_owned());
                let blobs = pairs.contains_key("storage_account_name");
                let account = || part(&pairs, "storage_account_name", "instance");
                let storage_account = blobs.then(account).transpose()?;
                Ok(Self {
                    resource_group: part(&pairs, "resource_group_name", "instance")?,
                    name: part(&pairs, "agent_id", "instance")?,
                    storage_account,
                    written: Written::Pairs(pairs),
                })
            }
        }
    }

    /// `{agent id}`, or `{storage account}-{agent id}`, which is the VM's whole name.
    fn plain(name: String, default_group: &str) -> Result<Self, Failure> {
        let storage_account = match name.split_once('-') {
            _ if name.chars().count() == AGENT_ID => None,
            Some((account, agent)) if agent.chars().count() == AGENT_ID => Some(account.to_owned()),
            _ => return Err(Failure::rejected(format!("Invalid instance id (plain) '{name}'"))),
        };
        let written = Written::Plain(name.clone());
        Ok(Self { name, resource_group: default_group.to_owned(), storage_account, written })
    }
}

impl fmt::Display for VmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AGENT: &str = "8f0d1c2b-aaaa-4bbb-8ccc-0123456789ab";

    #[test]
    fn every_form_is_read_and_printed() {
        let account = format!("account-{AGENT}");
        for (text, printed, name, group, storage) in [
            (AGENT.to_owned(), AGENT.to_owned(), AGENT, "rg", None),
            (account.clone(), account.clone(), account.as_str(), "rg", Some("account")),
            (
                format!("resource_group_name:other;agent_id:{AGENT}"),
                format!("agent_id:{AGENT};resource_group_name:other"),
                AGENT,
                "other",
                None,
            ),
            (
                format!("agent_id:{AGENT};storage_account_name:sa"),
                format!("agent_id:{AGENT};resource_group_name:rg;storage_account_name:sa"),
                AGENT,
                "rg",
                Some("sa"),
            ),
        ] {
            let id = VmId::parse(&text, "rg").unwrap();
            assert_eq!(
                (id.name.as_str(), id.resource_group.as_str(), id.storage_account.as_deref()),
                (name, group, storage)
            );
            assert_eq!(id.to_string(), printed);
        }
        let in_account = VmId::new(AGENT, "g").in_account("sa");
        assert_eq!(VmId::parse(&in_account.to_string(), "rg").unwrap(), in_account);
        assert_eq!(VmId::new(AGENT, "g").to_string(), format!("agent_id:{AGENT};resource_group_name:g"));
    }

    #[test]
    fn what_is_none_is_refused() {
        let refusal = |text: &str| VmId::parse(text, "rg").unwrap_err().message().to_owned();
        assert_eq!(refusal("i-1"), "Invalid instance id (plain) 'i-1'");
        assert_eq!(
            refusal("agent_id:;resource_group_name:g"),
            "Invalid agent_id in instance id (version 2) 'agent_id:;resource_group_name:g'"
        );
        assert!(refusal("resource_group_name:g;x:y").starts_with("Invalid agent_id in instance id"));
        assert!(refusal("agent_id:a;storage_account_name:").starts_with("Invalid storage_account_name in instance id"));
    }

    proptest! {
        #[test]
        fn ids_read_back(agent in "[a-z0-9-]{1,40}", group in "[a-zA-Z0-9_.()-]{1,30}") {
            let id = VmId::new(&agent, &group);
            prop_assert_eq!(VmId::parse(&id.to_string(), "rg").unwrap(), id);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = VmId::parse(&text, "rg");
        }
    }
}
