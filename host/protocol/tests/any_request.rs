//! Whatever comes in, there is a call or an error that says why not, and never a panic.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

use cpi_protocol::{Call, CpiError, Method, Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            Just("type".to_owned()),
            Just("bosh".to_owned()),
            Just("tags".to_owned()),
            Just("cloud_properties".to_owned()),
            Just("vm".to_owned()),
            Just("stemcell".to_owned()),
            Just("api_version".to_owned()),
            Just("ram".to_owned()),
            ".{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A request that is right in most places, so that the checks behind the first ones are reached as well.
fn any_request() -> impl Strategy<Value = Value> {
    let method = prop_oneof![
        8 => prop::sample::select(Method::ALL.to_vec()).prop_map(|method| Value::from(method.name())),
        1 => any_json(),
    ];
    let arguments = prop_oneof![8 => prop::collection::vec(any_json(), 0..7).prop_map(Value::from), 1 => any_json()];
    let context = prop_oneof![
        4 => Just(json!({"director_uuid": "d"})),
        4 => any_json().prop_map(|vm| json!({"director_uuid": "d", "vm": vm, "request_id": "r"})),
        1 => any_json(),
    ];
    let version = prop_oneof![4 => Just(json!(2)), 1 => any_json()];
    (method, arguments, context, version).prop_map(|(method, arguments, context, version)| {
        json!({"method": method, "arguments": arguments, "context": context, "api_version": version})
    })
}

fn answer(input: &[u8]) -> Result<Value, CpiError> {
    let request = Request::parse(input)?;
    let (request, _) = request.without_surplus();
    Call::parse(&request).map(|call| Value::from(format!("{call:?}").len()))
}

fn check(input: &[u8]) -> Result<(), TestCaseError> {
    let line = Response::new(answer(input)).to_line();
    prop_assert_eq!(line.lines().count(), 1);
    let response: Value = serde_json::from_str(&line).unwrap();
    prop_assert!(response["log"].is_string());
    if !response["error"].is_null() {
        prop_assert!(response["result"].is_null());
        prop_assert!(!response["error"]["message"].as_str().unwrap().is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_of_any_shape(request in any_request()) {
        check(request.to_string().as_bytes())?;
    }

    #[test]
    fn requests_cut_anywhere(request in any_request(), part in 0.0f64..1.0) {
        let text = request.to_string();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let end = (text.len() as f64 * part) as usize;
        check(&text.as_bytes()[..end])?;
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
    }
}
