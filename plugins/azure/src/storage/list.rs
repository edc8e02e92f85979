use cpi_plugin_sdk::Failure;
use cpi_plugin_sdk::http::Method;

use super::{Account, Blob, service, xml};
use crate::arm::Arm;

impl Blob {
    /// The names of all blobs in a container that begin so; none where there is no container.
    pub(crate) async fn list(
        arm: &Arm,
        account: &Account,
        container: &'static str,
        prefix: &str,
    ) -> Result<Vec<String>, Failure> {
        let place = Self::new(arm, account, container, String::new())?;
        let (mut names, mut marker) = (Vec::new(), String::new());
        loop {
            let mut url = format!("{}/{container}?restype=container&comp=list&prefix={prefix}", place.base);
            if !marker.is_empty() {
                url.push_str("&marker=");
                url.push_str(&marker.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('=', "%3D"));
            }
            let answer = service::send("List Blobs", service::blobs(account, Method::Get, url), &[404]).await?;
            if answer.status == 404 {
                return Ok(names);
            }
            let text = answer.text();
            names.extend(xml::texts_of(&text, "Name"));
            match xml::text_of(&text, "NextMarker").filter(|next| !next.is_empty() && *next != marker) {
                Some(next) => marker = next,
                None => return Ok(names),
            }
        }
    }
}
