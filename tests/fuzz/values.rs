use proptest::prelude::*;
use serde_json::{Value, json};

/// Before a number that no [`Value`] can hold, in a text that stands for it.
const RAW: &str = "raw-number:";

/// Numbers as parsers stumble over them, and some that are none.
const NUMBERS: [&str; 14] = [
    "-0",
    "1e999",
    "-1e999",
    "1e-999",
    "2.0",
    "0.1e1",
    "18446744073709551616",
    "-9223372036854775809",
    "123456789012345678901234567890",
    "01",
    "+1",
    "NaN",
    "0x10",
    "1.",
];

/// Anything that JSON can say, and a few things that it cannot.
pub(crate) fn strategy() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    let edges = vec![json!(0), json!(-1), json!(255), json!(256), json!(i64::MIN), json!(u64::MAX), json!(1.5)];
    prop_oneof![
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => prop::sample::select(edges),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => prop::sample::select(&NUMBERS[..]).prop_map(|number| Value::from(format!("{RAW}{number}"))),
        3 => known_text().prop_map(Value::from),
        2 => "\\PC{0,12}".prop_map(Value::from),
        1 => prop::collection::vec(any::<char>(), 0..12).prop_map(|text| text.into_iter().collect::<String>().into()),
        1 => (1_usize..70_000).prop_map(|length| "x".repeat(length).into()),
    ]
}

/// Texts that mean something somewhere.
fn known_text() -> impl Strategy<Value = String> {
    const TEXTS: [&str; 26] = [
        "",
        " ",
        "$vm",
        "$disk",
        "$stemcell",
        "$snapshot",
        "$network",
        "null",
        "true",
        "1024",
        "info",
        "create_vm",
        "manual",
        "dynamic",
        "vip",
        "../../etc/passwd",
        "/dev/zero",
        "/proc/self/mem",
        "10.0.0.2",
        "::1",
        "10.0.0.0/8",
        "a\0b",
        "a\nb\r\n{\"result\":null}",
        "\u{1b}[31m\u{202e}",
        "\u{feff}\u{fffe}\u{10ffff}",
        "e\u{301}\u{1f469}\u{200d}\u{1f52c}",
    ];
    prop::sample::select(&TEXTS[..]).prop_map(str::to_owned)
}

/// Members that mean something somewhere, and some that do not.
pub(crate) fn key() -> impl Strategy<Value = String> {
    const KEYS: [&str; 24] = [
        "method",
        "arguments",
        "context",
        "api_version",
        "director_uuid",
        "request_id",
        "vm",
        "stemcell",
        "sim",
        "world",
        "capacity",
        "agent",
        "plugin",
        "registry",
        "type",
        "ip",
        "netmask",
        "cloud_properties",
        "bosh",
        "tags",
        "groups",
        "cpu",
        "ram",
        "light",
    ];
    prop_oneof![4 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

/// Takes the numbers of [`NUMBERS`] out of their quotes.
pub(crate) fn with_raw_numbers(text: String) -> String {
    if !text.contains(RAW) {
        return text;
    }
    NUMBERS.iter().fold(text, |text, number| text.replace(&format!("\"{RAW}{number}\""), number))
}
