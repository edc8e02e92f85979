/// The bytes with a star in place of each secret; `None` when no secret is in them.
pub(super) fn without(bytes: &[u8], secrets: &[&str]) -> Option<Vec<u8>> {
    // Shorter texts stand in answers by chance.
    const SHORTEST: usize = 6;
    let mut masked: Option<Vec<u8>> = None;
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        while let Some(start) = memchr::memmem::find(masked.as_deref().unwrap_or(bytes), secret.as_bytes()) {
            let text = masked.get_or_insert_with(|| bytes.to_vec());
            text.splice(start..start + secret.len(), *b"*");
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_goes_and_the_rest_stays() {
        assert_eq!(without(b"a secret-1 b secret-1 c", &["secret-1"]).unwrap(), b"a * b * c");
        assert_eq!(without(b"nothing here", &["secret-1", ""]), None);
    }
}
