//! How a request is authenticated, once there is a secret to do it with.

use url::Url;

pub(crate) mod blob_sas;
pub(crate) mod sas;
pub(crate) mod shared_key;
pub(crate) mod sigv4;

/// What authenticates a request.
#[derive(Default)]
pub(crate) struct Signature {
    /// Headers to add.
    pub(crate) headers: Vec<(String, String)>,
    /// What follows the query of the URL, already encoded.
    pub(crate) query: Option<String>,
    /// A header of the request that has another value than the plugin gave it.
    pub(crate) replaced: Option<(String, String)>,
    /// Which edition of a token it was made with, for one that a service gave.
    pub(crate) edition: Option<u64>,
}

impl Signature {
    /// One header `Authorization`.
    pub(crate) fn authorization(value: String) -> Self {
        Self::headers(vec![("authorization".to_owned(), value)])
    }

    /// These headers.
    pub(crate) fn headers(headers: Vec<(String, String)>) -> Self {
        Self { headers, ..Self::default() }
    }

    /// Where the request goes: its URL, with what is to follow the query.
    pub(crate) fn address(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if let Some(more) = &self.query {
            let query = url.query().filter(|query| !query.is_empty());
            let query = query.map_or(more.clone(), |query| format!("{query}&{more}"));
            url.set_query(Some(&query));
        }
        url
    }
}
