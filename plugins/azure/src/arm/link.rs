use url::Url;

/// A URL that Azure gave, in the one writing that the host takes: without a port that goes without saying, and with quotes
/// and spaces escaped.
pub(super) fn canonical(link: &str) -> String {
    Url::parse(link).map_or_else(|_| link.to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_azures_becomes_one() {
        assert_eq!(
            canonical(
                "https://management.azure.com:443/subscriptions/s/resources?$filter=tagName eq 'a'&$skiptoken=x%3D"
            ),
            "https://management.azure.com/subscriptions/s/resources?$filter=tagName%20eq%20%27a%27&$skiptoken=x%3D"
        );
        assert_eq!(canonical("HTTPS://Management.Azure.com/a b"), "https://management.azure.com/a%20b");
        assert_eq!(canonical("/no/url"), "/no/url");
    }
}
