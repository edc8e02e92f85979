use std::fmt;
use std::time::Duration;

use bytesize::ByteSize;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A size as operators write it: a number with a unit, such as `128MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(usize);

/// A time that is longer than none, such as `90s` or `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(Duration);

/// A time for people: `1h 30m`, and nothing finer than what matters.
pub fn in_words(time: Duration) -> String {
    // Of hours nobody wants the nanoseconds, of milliseconds everybody wants the fraction.
    let grain = match time.as_millis() {
        0..1_000 => Duration::from_micros(1),
        1_000..60_000 => Duration::from_millis(1),
        _ => Duration::from_secs(1),
    };
    let grains = u32::try_from(time.as_nanos() / grain.as_nanos()).unwrap_or(u32::MAX);
    humantime_serde::re::humantime::format_duration(grain.saturating_mul(grains)).to_string()
}

/// A size for people, exact when it is a whole number of units.
pub fn size_in_words(bytes: usize) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = units.into_iter().find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    whole.map_or_else(|| format!("{bytes}B"), |(shift, unit)| format!("{}{unit}", bytes >> shift))
}

impl From<Size> for usize {
    fn from(size: Size) -> Self {
        size.0
    }
}

impl From<Time> for Duration {
    fn from(time: Time) -> Self {
        time.0
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Sizes)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match humantime_serde::deserialize(deserializer)? {
            Duration::ZERO => Err(D::Error::custom("a time of 0s would end every call: write 30s, 10m or 2h")),
            time => Ok(Self(time)),
        }
    }
}

struct Sizes;

impl Visitor<'_> for Sizes {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size with its unit, such as \"128MiB\"")
    }

    /// Bytes or mebibytes? Both have been meant, and one of them is a million times too small.
    fn visit_i64<E: Error>(self, number: i64) -> Result<Size, E> {
        Err(E::custom(format!("a size needs a unit: write \"{number}MiB\" or \"{number}B\" instead of {number}")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        if let Ok(number) = text.parse() {
            return self.visit_i64(number);
        }
        let size: ByteSize = text
            .parse()
            .map_err(|_| E::custom(format!("'{text}' is not a size: write a number and B, KiB, MiB or GiB")))?;
        Ok(Size(usize::try_from(size.as_u64()).unwrap_or(usize::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Table {
        size: Option<Size>,
        time: Option<Time>,
    }

    fn refusal(text: &str) -> String {
        toml::from_str::<Table>(text).unwrap_err().to_string()
    }

    #[test]
    fn sizes_and_times_say_their_unit() {
        let table: Table = toml::from_str("size = \"64KiB\"\ntime = \"1h 30m\"").unwrap();
        assert_eq!((usize::from(table.size.unwrap()), table.time.unwrap().0.as_secs()), (65536, 5400));
        for text in ["size = 128", "size = \"128\""] {
            assert!(refusal(text).contains("write \"128MiB\" or \"128B\""), "{}", refusal(text));
        }
        assert!(refusal("size = \"many\"").contains("'many' is not a size"));
        assert!(refusal("time = \"0s\"").contains("0s"));
    }

    #[test]
    fn people_read_what_they_write() {
        let words = |ms| in_words(Duration::from_millis(ms));
        assert_eq!([words(0), words(50), words(2_000), words(5_400_000)], ["0s", "50ms", "2s", "1h 30m"]);
        assert_eq!([128 << 20, 1 << 10, 1000].map(size_in_words), ["128MiB", "1KiB", "1000B"]);
    }
}
