use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use cpi_policy::AddressRule;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names, and leaves out what may not be dialled: the connection goes to an address that was checked.
///
/// Addresses written as numbers never come here: the grant has checked them.
#[derive(Clone)]
pub(super) struct Resolver {
    rule: Arc<AddressRule>,
    /// Where connections go: names come here without it.
    port: u16,
}

impl Resolver {
    pub(super) fn new(rule: AddressRule, port: u16) -> Self {
        Self { rule: Arc::new(rule), port }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (rule, port) = (Arc::clone(&self.rule), self.port);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), port)).await?;
            let addresses = checked(&rule, name.as_str(), found)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn checked(
    rule: &AddressRule,
    host: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, BoxError> {
    let (allowed, refused): (Vec<_>, Vec<_>) = found.partition(|address| rule.allows(*address));
    match refused.first() {
        _ if !allowed.is_empty() => Ok(allowed),
        Some(address) => Err(Box::new(rule.refusal(host, *address))),
        None => Err(Box::new(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")))),
    }
}

#[cfg(test)]
mod tests {
    use cpi_policy::Denial;

    use super::*;

    fn addresses(texts: &[&str]) -> impl Iterator<Item = SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 443)).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn only_checked_addresses_are_dialled() {
        let public = AddressRule::Public(Vec::new());
        let mixed = checked(&public, "ec2", addresses(&["127.0.0.1", "8.8.8.8"])).unwrap();
        assert_eq!(mixed, addresses(&["8.8.8.8"]).collect::<Vec<_>>());
        let error = checked(&public, "ec2", addresses(&["169.254.169.254"])).unwrap_err();
        assert_eq!(error.downcast_ref::<Denial>().unwrap().code(), "address-not-granted");
        let opened = AddressRule::Public(vec!["10.0.0.0/8:443".parse().unwrap()]);
        assert!(checked(&opened, "ec2", addresses(&["10.0.0.1"])).is_ok());
        let elsewhere = [SocketAddr::new("10.0.0.1".parse().unwrap(), 8080)];
        assert!(checked(&opened, "ec2", elsewhere.into_iter()).is_err());
        assert!(checked(&AddressRule::Service(Vec::new()), "moto", addresses(&["127.0.0.1"])).is_ok());
    }
}
