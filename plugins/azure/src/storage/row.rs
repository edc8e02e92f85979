use serde::Deserialize;

/// A row of the table that says which accounts have a copy of which stemcell: the stemcell is its partition, the account
/// its key.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Row {
    #[serde(rename = "RowKey")]
    pub account: String,
    /// `pending` or `success`.
    #[serde(default)]
    pub status: String,
    /// When it was written last, as the service says.
    timestamp: Option<String>,
}

impl Row {
    /// How many seconds ago it was written.
    pub(crate) fn age(&self, now_seconds: u64) -> Option<u64> {
        seconds(self.timestamp.as_deref()?).map(|then| now_seconds.saturating_sub(then))
    }
}

/// Seconds since 1970 of `2026-01-31T12:00:00.123Z`.
fn seconds(time: &str) -> Option<u64> {
    let (date, clock) = time.split_once('T')?;
    let numbers = |text: &str, between: char| {
        text.split(between).map(|part| part.parse::<u32>().ok().map(u64::from)).collect::<Option<Vec<_>>>()
    };
    let clock = clock.split(['.', 'Z', '+']).next()?;
    let (date, clock) = (numbers(date, '-')?, numbers(clock, ':')?);
    let ([year, month, day], [hour, minute, second]) = (date.as_slice(), clock.as_slice()) else { return None };
    // Years from March on, so that a leap day is the last one.
    let (year, month) = if *month > 2 { (*year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day.checked_sub(1)?;
    Some(days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second)
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
    fn times_are_read() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2026-11-22T06:05:04.1234567Z"), Some(1_795_327_504));
        assert_eq!(seconds("2024-02-29T00:00:00Z"), Some(1_709_164_800));
        assert!(seconds("4294967295-4294967295-4294967295T4294967295:4294967295:4294967295Z").is_some());
        assert_eq!(
            (seconds("yesterday"), seconds("2024-02T00:00:00Z"), seconds("2024-01-00T00:00:00Z")),
            (None, None, None)
        );
    }

    #[test]
    fn a_row_is_read() {
        let json = r#"{"PartitionKey": "s", "RowKey": "a", "Status": "pending", "Timestamp": "2026-01-01T00:00:00Z"}"#;
        let row: Row = serde_json::from_str(json).unwrap();
        assert_eq!((row.account.as_str(), row.status.as_str()), ("a", "pending"));
        assert_eq!(row.age(1_767_225_660), Some(60));
        assert_eq!(key("bosh-stemcell-1'/x"), "bosh-stemcell-1x");
    }
}
