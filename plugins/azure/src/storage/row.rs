use serde::Deserialize;

/// A row of the table that says which accounts have a copy of which stemcell: the stemcell is its partition, the account
/// its key.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Row {
    /// The account.
    pub row_key: String,
}

/// Keys are made of letters, digits, dashes, dots and underscores; nothing else gets into a URL.
pub(super) fn key(text: &str) -> String {
    let legal = |character: &char| character.is_ascii_alphanumeric() || "-_.".contains(*character);
    text.chars().filter(legal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read() {
        let json = r#"{"PartitionKey": "s", "RowKey": "a", "Status": "pending", "Timestamp": "2026-01-01T00:00:00Z"}"#;
        let row: Row = serde_json::from_str(json).unwrap();
        assert_eq!(row.row_key, "a");
        assert_eq!(key("bosh-stemcell-1'/x"), "bosh-stemcell-1x");
    }
}
