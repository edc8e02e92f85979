use url::Url;

/// An operator's endpoint in its one canonical form, without a slash at its end.
///
/// `https://` is put before a value without a scheme, so that `host:port` means what it says.
pub fn normalise_endpoint(value: &str) -> Result<String, String> {
    let lower = value.trim().to_ascii_lowercase();
    let text = if lower.starts_with("http://") || lower.starts_with("https://") {
        value.trim().to_owned()
    } else {
        format!("https://{}", value.trim())
    };
    let url = Url::parse(&text).map_err(|error| format!("'{value}' is not a URL: {error}"))?;
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("'{value}' must be a host and maybe a port, without a user name"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("'{value}' must have neither a query nor a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_one_form() {
        for (value, canonical) in [
            ("ec2.example.com", "https://ec2.example.com"),
            ("localhost:4566", "https://localhost:4566"),
            ("127.0.0.1:5000", "https://127.0.0.1:5000"),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
            ("HTTPS://EC2.Example.com:443/services/Cloud/", "https://ec2.example.com/services/Cloud"),
        ] {
            assert_eq!(normalise_endpoint(value).unwrap(), canonical);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for value in ["", "http://", "user:pass@host", "https://a.b/?x=1", "https://a.b/#f", "a b"] {
            assert!(normalise_endpoint(value).is_err(), "{value}");
        }
    }
}
