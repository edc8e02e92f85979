//! A cloud that is busy is asked again, one that refuses is not.

use cpi_tests::{Answer, Endpoint, Host};
use serde_json::json;

const BUSY: &str = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors></Response>";
const REFUSED: &str =
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
const NO_VM: &str = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";

fn has_vm(endpoint: &Endpoint, retries: u32) -> Answer {
    let aws = json!({
        "access_key_id": "AKIATESTKEY00000001", "secret_access_key": "test-secret-access-key", "region": "us-east-1",
        "ec2_endpoint": endpoint.url(), "default_security_groups": ["sg-12345678"], "max_retries": retries,
    });
    Host::new("aws", &json!({"aws": aws})).call("has_vm", &json!(["i-0123456789abcdef0"]))
}

#[test]
fn throttling_is_waited_out_and_told() {
    let endpoint = Endpoint::in_turn(&[(503, BUSY), (503, BUSY), (200, NO_VM)]);
    let answer = has_vm(&endpoint, 8);
    assert_eq!(answer.result(), false);
    assert_eq!(endpoint.received().len(), 3);
    assert!(answer.stderr.contains("RequestLimitExceeded: trying again in 0."), "{answer:?}");
    assert!(answer.stderr.contains("2 of 8 times"), "{answer:?}");
}

#[test]
fn each_try_is_signed_anew_and_says_the_same() {
    let endpoint = Endpoint::in_turn(&[(503, BUSY), (200, NO_VM)]);
    has_vm(&endpoint, 1).result();
    let bodies: Vec<_> =
        endpoint.received().iter().map(|request| request.split("\r\n\r\n").nth(1).unwrap().to_owned()).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies.first(), bodies.last());
}

#[test]
fn the_operators_limit_holds() {
    let endpoint = Endpoint::in_turn(&[(503, BUSY)]);
    let (kind, message) = has_vm(&endpoint, 2).error();
    assert_eq!(kind, "Bosh::Clouds::CloudError");
    assert!(message.contains("RequestLimitExceeded"), "{message}");
    assert_eq!(endpoint.received().len(), 3);
    let endpoint = Endpoint::in_turn(&[(503, BUSY)]);
    has_vm(&endpoint, 0).error();
    assert_eq!(endpoint.received().len(), 1);
}

#[test]
fn a_refusal_is_final() {
    let endpoint = Endpoint::in_turn(&[(403, REFUSED)]);
    let (_, message) = has_vm(&endpoint, 8).error();
    assert!(message.contains("UnauthorizedOperation"), "{message}");
    assert_eq!(endpoint.received().len(), 1);
}
