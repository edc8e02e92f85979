use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Client, Method, RequestBuilder};
use url::Url;

/// A request with this body. The client leaves out the length of one that is empty, and services that speak HTTP/1.1 ask
/// for it in every request that could have one.
pub(crate) fn with_length(client: &Client, method: Method, url: Url, body: impl Into<Body>) -> RequestBuilder {
    let body = body.into();
    let could_have_one = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
    let is_empty = body.as_bytes().is_some_and(<[u8]>::is_empty);
    let request = client.request(method, url);
    let request = if could_have_one && is_empty { request.header(CONTENT_LENGTH, 0) } else { request };
    request.body(body)
}
