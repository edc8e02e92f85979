use serde_json::{Value, json};

use super::*;
use crate::Method;

const MANIFEST: &str = r#"
[plugin]
name = "aws"
version = "1.0.0"
contract = "bosh:cpi@0.1"
settings = ["region", "ec2_endpoint"]

[credentials.aws]
scheme = "sigv4"

[[http]]
hosts = ["https://ec2.{region}.amazonaws.com"]
endpoint = "ec2_endpoint"
methods = ["POST"]
paths = ["/"]
credential = "aws"
sign = { service = "ec2", region = "{region}" }
actions = { form = "Action", allow = ["RunInstances", "DescribeInstances"] }

[agents]
place = [{ action = "RunInstances", form = "UserData", encoding = "base64" }]
"#;

fn grant(section: &Value) -> Grant {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let properties = json!({"aws": section});
    let settings = Settings::split(&manifest, properties.as_object().unwrap(), &Object::new()).unwrap();
    Grant::new(&manifest, &settings, &HostConfig::default()).unwrap()
}

fn post(url: &str) -> Outgoing {
    Outgoing {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: b"Action=RunInstances&Version=2016-11-15".to_vec(),
        credential: Some("aws".to_owned()),
        timeout_ms: None,
    }
}

fn code(grant: &Grant, request: Outgoing) -> &'static str {
    grant.check(request).map_or_else(|denial| denial.code(), |_| "sent")
}

#[test]
fn what_the_manifest_names_is_permitted_and_signed_for_its_scope() {
    let permit =
        grant(&json!({"region": "eu-central-1"})).check(post("https://ec2.eu-central-1.amazonaws.com/")).unwrap();
    let scope = permit.signing().unwrap().scope.as_ref().unwrap();
    assert_eq!((scope.service.as_str(), scope.region.as_str()), ("ec2", "eu-central-1"));
    assert_eq!(permit.placement().unwrap().to_string(), "UserData of RunInstances");
    assert!(!permit.addresses().allows("127.0.0.1:443".parse().unwrap()));
}

#[test]
fn everything_else_is_denied() {
    let grant = grant(&json!({"region": "eu-central-1"}));
    for url in [
        "https://ec2.us-east-1.amazonaws.com/",
        "http://ec2.eu-central-1.amazonaws.com/",
        "https://ec2.eu-central-1.amazonaws.com:8443/",
        "https://ec2.eu-central-1.amazonaws.com.evil.example/",
        "https://169.254.169.254/",
    ] {
        assert_eq!(code(&grant, post(url)), "host-not-granted", "{url}");
    }
    assert_eq!(code(&grant, post("https://ec2.eu-central-1.amazonaws.com/other")), "path-not-granted");
    let get = Outgoing { method: Method::Get, ..post("https://ec2.eu-central-1.amazonaws.com/") };
    assert_eq!(code(&grant, get), "method-not-granted");
    let unsigned = Outgoing { credential: None, ..post("https://ec2.eu-central-1.amazonaws.com/") };
    assert_eq!(code(&grant, unsigned), "credential-not-granted");
    let action = Outgoing { body: b"Action=CreateUser".to_vec(), ..post("https://ec2.eu-central-1.amazonaws.com/") };
    assert_eq!(code(&grant, action), "action-not-granted");
}

#[test]
fn without_settings_nothing_is_reached() {
    let denial = grant(&json!({})).check(post("https://ec2.eu-central-1.amazonaws.com/")).unwrap_err();
    assert!(denial.to_string().contains("it may reach no host"), "{denial}");
}

#[test]
fn an_endpoint_takes_the_place_of_the_hosts() {
    let grant = grant(&json!({"region": "us-east-1", "ec2_endpoint": "http://127.0.0.1:5000/"}));
    assert_eq!(code(&grant, post("http://127.0.0.1:5000/")), "sent");
    assert_eq!(code(&grant, post("http://127.0.0.1:5000")), "sent");
    for url in ["http://127.0.0.1:5001/", "https://127.0.0.1:5000/", "https://ec2.us-east-1.amazonaws.com/"] {
        assert_eq!(code(&grant, post(url)), "host-not-granted", "{url}");
    }
}

#[test]
fn an_endpoint_may_live_under_a_path() {
    let grant = grant(&json!({"region": "x", "ec2_endpoint": "https://cloud.example/services/compute"}));
    assert_eq!(code(&grant, post("https://cloud.example/services/compute/")), "sent");
    assert_eq!(code(&grant, post("https://cloud.example/services/compute")), "sent");
    for url in
        ["https://cloud.example/", "https://cloud.example/services/other", "https://cloud.example/services/computer"]
    {
        assert_eq!(code(&grant, post(url)), "path-not-granted", "{url}");
    }
}

#[test]
fn odd_spellings_of_urls_are_refused() {
    let grant = grant(&json!({"region": "eu-central-1", "ec2_endpoint": "http://10.0.0.1/"}));
    for url in [
        "http://10.0.0.1@evil.example/",
        "http://10.0.0.1\\@evil.example/",
        "http://10.1/",
        "http://0x0a000001/",
        "http://167772161/",
        "http://012.0.0.1/",
        "HTTP://10.0.0.1/",
        "http://10.0.0.1:80/",
        "http://10.0.0.1:0/",
        "http://10.0.0.1/../",
        "http://10.0.0.1/%2e%2e/",
        "http://10.0.0.1//",
        "http://10.0.0.1/a;b",
        "http://10.0.0.1/%252e%252e",
        "http://10.0.0.1/%3b",
        "http://10.0.0.1/%0d%0a",
        "http://10.0.0.1/..%c0%af",
        "file:///etc/passwd",
        "http://10.0.0.1/#x",
        " http://10.0.0.1/",
        "http://10.0.0.1/\t",
        "http://ex\u{e4}mple.com/",
        "ftp://10.0.0.1/",
        "unix:/tmp/x",
        "data:,x",
        "http://example.com./",
    ] {
        assert_eq!(code(&grant, post(url)), "invalid-url", "{url}");
    }
}

#[test]
fn headers_of_the_host_are_refused() {
    let grant = grant(&json!({"region": "eu-central-1"}));
    let with = |name: &str, value: &str| {
        let mut request = post("https://ec2.eu-central-1.amazonaws.com/");
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    };
    assert_eq!(code(&grant, with("amz-sdk-invocation-id", "1")), "sent");
    assert_eq!(code(&grant, with("x-ms-version", "2022-11-02")), "sent");
    for (name, value) in [
        ("Host", "evil"),
        ("Transfer-Encoding", "chunked"),
        ("Authorization", "x"),
        ("X-Amz-Date", "x"),
        ("x-ms-date", "x"),
        ("X-Ms-Copy-Source-Authorization", "Bearer x"),
        ("Proxy-Authorization", "x"),
        ("x", "a\r\nb"),
        ("x y", "1"),
        ("", "1"),
        ("x", "\u{0}"),
    ] {
        assert_eq!(code(&grant, with(name, value)), "forbidden-header", "{name}");
    }
    let presigned = post("https://ec2.eu-central-1.amazonaws.com/?X-Amz-Signature=x");
    assert_eq!(code(&grant, presigned), "forbidden-query");
}

#[test]
fn an_image_goes_only_where_the_manifest_says_so() {
    let settings = json!({"region": "r", "ec2_endpoint": "http://127.0.0.1:1"});
    let put = || Outgoing {
        method: Method::Put,
        url: "http://127.0.0.1:1/blocks/1".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        credential: Some("aws".to_owned()),
        timeout_ms: None,
    };
    let with = |image: &str| {
        let block = format!(
            "[[http]]\nhosts = []\nendpoint = \"ec2_endpoint\"\nmethods = [\"PUT\"]\npaths = [\"/blocks/*\"]\n\
             credential = \"aws\"\nsign = {{ service = \"ebs\", region = \"r\" }}\n{image}\n[agents]"
        );
        let manifest = Manifest::parse(&MANIFEST.replace("[agents]", &block)).unwrap();
        let properties = json!({"aws": settings});
        let settings = Settings::split(&manifest, properties.as_object().unwrap(), &Object::new()).unwrap();
        Grant::new(&manifest, &settings, &HostConfig::default()).unwrap()
    };
    assert!(with("image = true").check_image(put(), 1).unwrap().carries_image());
    assert!(!with("image = true").check(put()).unwrap().carries_image());
    assert_eq!(with("").check_image(put(), 1).unwrap_err().code(), "image-not-granted");
    assert_eq!(with("image = true").check_image(put(), 17 << 20).unwrap_err().code(), "body-too-large");
}

const STORAGE: &str = r#"
[plugin]
name = "azure"
version = "1.0.0"
contract = "bosh:cpi@0.1"
settings = ["endpoints"]

[credentials.azure]
scheme = "entra"
resource = "management"

[credentials.storage]
scheme = "shared-key"
key = { method = "POST", service = "management", path = "/<account>/listKeys", json = "/key", credential = "azure" }

[[http]]
hosts = ["https://<account>.blob.core.example", "https://<account>.<zone>.blob.example"]
endpoint = "endpoints.storage"
methods = ["GET", "PUT"]
paths = ["/bosh/*"]
credential = "storage"
source = "x-ms-copy-source"

[[http]]
hosts = ["https://<account>.table.core.example"]
methods = ["PUT"]
paths = ["/bosh/*"]
credential = "storage"
"#;

fn storage(section: &Value, host: &str) -> Grant {
    let manifest = Manifest::parse(STORAGE).unwrap();
    let properties = json!({"azure": section});
    let settings = Settings::split(&manifest, properties.as_object().unwrap(), &Object::new()).unwrap();
    Grant::new(&manifest, &settings, &HostConfig::parse(host).unwrap()).unwrap()
}

fn put(url: &str, source: Option<&str>) -> Outgoing {
    let headers = source.map(|source| ("X-Ms-Copy-Source".to_owned(), source.to_owned())).into_iter().collect();
    Outgoing {
        method: Method::Put,
        url: url.to_owned(),
        headers,
        body: Vec::new(),
        credential: Some("storage".to_owned()),
        timeout_ms: None,
    }
}

#[test]
fn the_account_is_taken_from_the_url_and_nothing_else() {
    let grant_public = storage(&json!({}), "");
    let permit = grant_public.check(put("https://mine.blob.core.example/bosh/x", None)).unwrap();
    assert_eq!((permit.account(), permit.path()), (Some("mine"), "/bosh/x"));
    let permit = grant_public.check(put("https://mine.z3.blob.example/bosh/x", None)).unwrap();
    assert_eq!(permit.account(), Some("mine"));
    assert_eq!(code(&grant_public, put("https://mine.blob.core.example/other/x", None)), "path-not-granted");
    assert_eq!(code(&grant_public, put("https://a.mine.blob.core.example/bosh/x", None)), "host-not-granted");

    let local = storage(&json!({"endpoints": {"storage": "http://127.0.0.1:10000/{account}/"}}), "");
    let permit = local.check(put("http://127.0.0.1:10000/mine/bosh/x", None)).unwrap();
    assert_eq!((permit.account(), permit.path()), (Some("mine"), "/bosh/x"));
    assert_eq!(code(&local, put("http://127.0.0.1:10000/bosh/x", None)), "path-not-granted");
    assert_eq!(code(&local, put("https://mine.blob.core.example/bosh/x", None)), "host-not-granted");
}

#[test]
fn an_endpoint_that_is_made_is_granted_like_one_that_is_written() {
    let made = "[[endpoint]]\nsetting = \"endpoints.storage\"\nwhen = { environment = \"Stack\" }\n\
                url = \"https://<account>.blob.{stack.domain|local.example}\"\n";
    let listed = STORAGE.replace("[\"endpoints\"]", "[\"endpoints\", \"environment\", \"stack\"]");
    let manifest = Manifest::parse(&format!("{listed}{made}")).unwrap();
    let with = |section: Value, host: &str| {
        let properties = json!({"azure": section});
        let settings = Settings::split(&manifest, properties.as_object().unwrap(), &Object::new()).unwrap();
        Grant::new(&manifest, &settings, &HostConfig::parse(host).unwrap()).unwrap()
    };
    let stack = json!({"environment": "Stack", "stack": {"domain": "corp.example"}});
    let grant = with(stack.clone(), "");
    let permit = grant.check(put("https://mine.blob.corp.example/bosh/x", None)).unwrap();
    assert_eq!((permit.account(), permit.path()), (Some("mine"), "/bosh/x"));
    let (inside, metadata) = ("10.0.0.1:443".parse().unwrap(), "169.254.169.254:443".parse().unwrap());
    assert!(permit.addresses().allows(inside) && !permit.addresses().allows(metadata));
    for url in [
        "https://mine.blob.core.example/bosh/x",
        "https://mine.blob.local.example/bosh/x",
        "https://mine.queue.corp.example/bosh/x",
        "https://a.mine.blob.corp.example/bosh/x",
        "https://corp.example/bosh/x",
        "http://mine.blob.corp.example/bosh/x",
        "https://mine.blob.corp.example:8443/bosh/x",
    ] {
        assert_eq!(code(&grant, put(url, None)), "host-not-granted", "{url}");
    }
    assert_eq!(grant.reach()[0].places, ["https://<account>.blob.corp.example"]);

    let by_default = with(json!({"environment": "Stack"}), "");
    let permit = by_default.check(put("https://mine.blob.local.example/bosh/x", None)).unwrap();
    assert!(!permit.addresses().allows(inside), "what the author falls back on is public");
    let opened = with(json!({"environment": "Stack"}), "[egress]\nallow-private = [\"10.0.0.0/8:443\"]\n");
    let permit = opened.check(put("https://mine.blob.local.example/bosh/x", None)).unwrap();
    assert!(permit.addresses().allows(inside));

    let nothing = with(stack.clone(), "[plugin.azure]\nhosts = []\n");
    assert_eq!(code(&nothing, put("https://mine.blob.corp.example/bosh/x", None)), "excluded-by-operator");
    let left = with(stack, "[plugin.azure]\nhosts = [\"{endpoints.storage}\"]\n");
    assert_eq!(code(&left, put("https://mine.blob.corp.example/bosh/x", None)), "sent");

    let public = with(json!({"environment": "Public", "stack": {"domain": "corp.example"}}), "");
    assert_eq!(code(&public, put("https://mine.blob.corp.example/bosh/x", None)), "host-not-granted");
    assert_eq!(code(&public, put("https://mine.blob.core.example/bosh/x", None)), "sent");
}

#[test]
fn an_endpoint_under_a_key_with_a_dot_is_written_as_a_member() {
    let denial = storage(&json!({}), "").check(put("https://blobs.corp.example/bosh/x", None)).unwrap_err().to_string();
    assert!(denial.contains(r#""endpoints": {"storage": "https://blobs.corp.example"}"#), "{denial}");
}

#[test]
fn operators_leave_single_accounts() {
    let left = storage(&json!({}), "[plugin.azure]\nhosts = [\"https://mine.blob.core.example\"]\n");
    assert_eq!(code(&left, put("https://mine.blob.core.example/bosh/x", None)), "sent");
    assert_eq!(code(&left, put("https://other.blob.core.example/bosh/x", None)), "excluded-by-operator");
    assert_eq!(left.reach().len(), 1);
}

#[test]
fn what_a_service_copies_is_a_request_to_read_it() {
    let grant = storage(&json!({}), "");
    let copy = |source| put("https://mine.blob.core.example/bosh/x", Some(source));
    let permit = grant.check(copy("https://other.blob.core.example/bosh/y")).unwrap();
    let source = permit.source().unwrap();
    assert_eq!((source.header.as_str(), source.read.account()), ("x-ms-copy-source", Some("other")));
    assert_eq!(code(&grant, copy("https://other.blob.core.example/secrets/y")), "path-not-granted");
    assert_eq!(code(&grant, copy("https://evil.example/bosh/y")), "host-not-granted");
    assert_eq!(code(&grant, copy("https://other.blob.core.example/bosh/y?sig=x")), "forbidden-query");
    let mut twice = copy("https://other.blob.core.example/bosh/y");
    twice.headers.push(("x-ms-copy-source".to_owned(), "https://evil.example/".to_owned()));
    assert_eq!(code(&grant, twice), "forbidden-header");
    let mut another = copy("https://other.blob.core.example/bosh/y");
    another.headers.push(("x-ms-rename-source".to_owned(), "https://evil.example/".to_owned()));
    assert_eq!(code(&grant, another), "forbidden-header");
    let elsewhere = put("https://mine.table.core.example/bosh/x", Some("https://other.blob.core.example/bosh/y"));
    assert_eq!(code(&grant, elsewhere), "forbidden-header");
}
