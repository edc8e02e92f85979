//! The proxy that the operator names, and no other.

use cpi_tests::{Ec2, Endpoint, Host, Service, Tunnel, request};
use serde_json::json;

/// The misbehaving plugin with a cloud that only a proxy could find.
fn host(cloud: &str, egress: &str) -> Host {
    Host::hostile_with(&json!({"endpoint": cloud})).with_more_settings(&format!("[egress]\n{egress}\n"))
}

fn get(host: &Host, url: &str) -> String {
    let answer = host.call("has_vm", &json!([format!("http:{url}")]));
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
    answer.error().1
}

#[test]
fn requests_leave_through_the_proxy_with_its_password() {
    let proxy = Service::start(|_| (200, "from afar".to_owned()));
    let address = proxy.url().replace("http://", "http://operator:canary-password@");
    let host = host("http://cloud.invalid", &format!("proxy = \"{address}\""));
    assert!(get(&host, "http://cloud.invalid/open/x").contains("from afar"));
    let asked = proxy.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("GET", "http://cloud.invalid/open/x"));
    assert_eq!(asked.header("proxy-authorization"), "Basic b3BlcmF0b3I6Y2FuYXJ5LXBhc3N3b3Jk");
}

#[test]
fn https_asks_the_proxy_to_connect_and_a_refusal_names_it() {
    let proxy = Service::start(|_| (403, String::new()));
    let address = proxy.url().replace("http://", "http://operator:canary-password@");
    let host = host("https://cloud.invalid", &format!("proxy = \"{address}\""));
    let message = get(&host, "https://cloud.invalid/open/x");
    assert!(message.contains(&format!("through the proxy {}", proxy.url())), "{message}");
    let asked = proxy.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("CONNECT", "cloud.invalid:443"));
    assert!(asked.header("proxy-authorization").starts_with("Basic "));
}

#[test]
fn tls_is_spoken_with_the_cloud_and_not_with_the_proxy() {
    let ec2 = Ec2::with_tls();
    let tunnel = Tunnel::to(&ec2.url());
    let host =
        Host::aws("https://cloud.invalid").with_more_settings(&format!("[egress]\nproxy = \"{}\"\n", tunnel.url()));
    let has_vm = request("has_vm", &json!(["i-0123456789abcdef0"])).to_string();
    let mut command = host.command();
    command.env("BOSH_CA_CERT_FILE", ec2.write_certificate(&host.path("ca.pem")));
    Host::exchange(&mut command, has_vm.as_bytes()).result();
    assert_eq!(tunnel.asked(), ["CONNECT cloud.invalid:443 HTTP/1.1"]);
    assert_eq!(ec2.take_actions(), ["DescribeInstances"]);

    // The certificate of a stranger is as good as none.
    command.env("BOSH_CA_CERT_FILE", Ec2::with_tls().write_certificate(&host.path("ca.pem")));
    let message = Host::exchange(&mut command, has_vm.as_bytes()).error().1;
    assert!(message.contains("through the proxy") && message.contains("certificate"), "{message}");
    assert!(ec2.take_actions().is_empty());
}

#[test]
fn the_gate_stands_before_the_proxy() {
    let proxy = Service::start(|_| (200, String::new()));
    let host = host("http://cloud.invalid", &format!("proxy = \"{}\"", proxy.url()));
    for url in ["http://169.254.169.254/", "http://other.invalid/open/x", "http://10.0.0.1/open/x"] {
        assert!(get(&host, url).contains("host-not-granted"), "{url}");
    }
    assert!(proxy.asked().is_empty());
}

#[test]
fn what_is_near_and_what_is_excepted_does_not_go_there() {
    let (proxy, cloud) = (Service::start(|_| (200, "proxy".to_owned())), Service::start(|_| (200, "cloud".to_owned())));
    let egress = format!("proxy = \"{}\"\nno-proxy = [\"cloud.invalid\"]", proxy.url());
    assert!(get(&host(&cloud.url(), &egress), &format!("{}/open/x", cloud.url())).contains("cloud"));
    let message = get(&host("http://cloud.invalid", &egress), "http://cloud.invalid/open/x");
    assert!(message.contains("cannot be reached") && !message.contains("proxy"), "{message}");
    assert!(proxy.asked().is_empty());
}

#[test]
fn the_environment_names_no_proxy() {
    let (proxy, cloud) = (Service::start(|_| (200, "proxy".to_owned())), Service::start(|_| (200, "cloud".to_owned())));
    let host = host(&cloud.url(), "");
    let mut command = host.command();
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(variable, proxy.url());
    }
    let call = request("has_vm", &json!([format!("http:{}/open/x", cloud.url())]));
    let answer = Host::exchange(&mut command, call.to_string().as_bytes());
    assert!(answer.error().1.contains("cloud"), "{answer:?}");
    assert!(proxy.asked().is_empty());
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let host = host("http://cloud.invalid", &format!("proxy = \"{}\"", Endpoint::refusing()));
    let message =
        get(&host.with_more_settings("[limits]\nhttp = { timeout = \"3s\" }\n"), "http://cloud.invalid/open/x");
    assert!(message.contains("through the proxy http://127.0.0.1"), "{message}");
}
