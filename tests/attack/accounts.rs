//! Keys of storage accounts, which the host asks for itself: a plugin that wants one, or another account's.

use cpi_tests::coverage::Case;
use cpi_tests::identity::{self, Proof};
use cpi_tests::{Answer, Asked, Host, Reply, Service};
use serde_json::{Value, json};

use crate::altered::{install, with_manifest};
use crate::case;
use crate::scene::{denied, whole};

const SECTION: &str = "keys of accounts";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A49", "the key of an account that is not the operator's", of_others),
    case(SECTION, "A49b", "a signature with the key of another account than the URL's", for_another),
    case(SECTION, "A49c", "accounts with odd names", odd_names),
    case(SECTION, "A49d", "the request for a key, sent by the plugin", sent_by_the_plugin),
    case(SECTION, "A49e", "a manifest with the request for a key in other words", asked_for_in_the_manifest),
    case(SECTION, "A49f", "answers with a key that is not where it belongs", leaking_answers),
    case(SECTION, "A49g", "a service that repeats the key, and what lets it read a copy", repeated),
    case(SECTION, "A49h", "a copy of what the plugin may not read", copies),
    case(SECTION, "A49i", "a domain that is more than the name of one", domains),
];

/// The key of `mine` and of `other`: base64, with a word that can be looked for.
const KEY: &str = "canaryKeyOfTheOperator00";

/// Entra, a resource manager, and storage: `mine` and `other` are in the operator's group, and nothing else is.
struct Azure {
    entra: Service,
    manager: Service,
    storage: Service,
}

fn manager(asked: &Asked) -> (u16, String) {
    match asked.target.as_str() {
        "/groups/g/mine/listKeys?v=1" | "/groups/g/other/listKeys?v=1" if asked.method == "POST" => {
            (200, json!({"keys": [{"value": KEY}]}).to_string())
        }
        _ => (404, json!({"error": {"code": "ResourceNotFound", "message": "no such account"}}).to_string()),
    }
}

impl Azure {
    fn start() -> Self {
        Self::answering(manager, |_| (200, "stored".to_owned()))
    }

    fn answering<R: Into<Reply>>(
        manager: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static,
        storage: impl Fn(&Asked) -> R + Send + Sync + 'static,
    ) -> Self {
        let entra = identity::entra(Proof::Secret("canary-client-secret"), 3600);
        Self { entra, manager: Service::start(manager), storage: Service::start(storage) }
    }

    /// The misbehaving plugin, whose other requests go to the very service that has the keys.
    fn host(&self) -> Host {
        self.host_with(&format!("{}/{{account}}", self.storage.url()))
    }

    fn host_with(&self, accounts: &str) -> Host {
        Host::hostile_with(&json!({
            "endpoint": self.manager.url(), "accounts": accounts, "group": "g", "tenant_id": "tenant-1",
            "client_id": "client-1", "client_secret": "canary-client-secret", "access_key_id": "AKIACANARY0000000001",
            "secret_access_key": "canary-secret-access-key",
            "endpoints": {"authority": self.entra.url(), "management": self.manager.url()},
        }))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.storage.url())
    }

    fn asked_for_keys(&self) -> Vec<String> {
        self.manager.asked().into_iter().map(|asked| asked.target).filter(|path| path.contains("listKeys")).collect()
    }
}

fn order(url: &str) -> Value {
    json!({"url": url, "method": "PUT", "credential": "account"})
}

/// Has the plugin send requests, gives what became of each, and looks for secrets in everything that can be read.
fn send(host: &Host, orders: &Value) -> (Answer, Vec<Value>) {
    let (answer, outcomes) = crate::scene::send(host, orders);
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
    (answer, outcomes)
}

fn problems(outcomes: &[Value]) -> Vec<String> {
    outcomes.iter().map(|outcome| outcome["problem"].as_str().unwrap_or_default().to_owned()).collect()
}

fn of_others() {
    let azure = Azure::start();
    let orders: Value =
        ["evil", "minex", "000"].iter().map(|name| order(&azure.url(&format!("/{name}/bosh/x")))).collect();
    let (_, outcomes) = send(&azure.host(), &orders);
    for problem in problems(&outcomes) {
        assert!(problem.contains("ResourceNotFound: no such account"), "{problem}");
    }
    assert_eq!(azure.asked_for_keys().len(), 3, "nothing was asked for besides");
    assert!(azure.storage.asked().is_empty(), "nothing was sent without a key");
    // The same for one of the operator's own: the proof that a key would have been found.
    let (_, outcomes) = send(&azure.host(), &json!([order(&azure.url("/mine/bosh/x"))]));
    assert_eq!(outcomes[0]["answer"]["body"], "stored");
}

fn for_another() {
    let azure = Azure::start();
    let url = azure.url("/mine/bosh/x");
    let with = |name: &str, value: &str| json!({"url": url, "method": "PUT", "credential": "account", "headers": [[name, value]]});
    let orders = json!([
        with("x-ms-account", "other"),
        with("x-ms-client-request-id", "SharedKey other:AAAA"),
        order(&format!("{url}?account=other")),
        order(&format!("{url}?comp=metadata&%3Caccount%3E=other")),
        {"url": url, "method": "PUT", "credential": "account", "body": "/other/bosh/x"},
    ]);
    let (_, outcomes) = send(&azure.host(), &orders);
    assert!(outcomes.iter().all(|outcome| outcome["answer"]["status"] == 200), "{outcomes:?}");
    for asked in azure.storage.asked() {
        assert!(asked.header("authorization").starts_with("SharedKey mine:"), "{asked:?}");
    }
    assert_eq!(azure.asked_for_keys(), ["/groups/g/mine/listKeys?v=1"]);

    let forged = json!([
        with("Authorization", "SharedKey other:AAAA"),
        with("x-ms-date", "Mon, 01 Jan 2024 00:00:00 GMT"),
        with("Host", "other.blob.core.windows.net"),
        order(&format!("{url}?sig=AAAA")),
        order(&azure.url("/mine/../other/bosh/x")),
        order(&azure.url("/mine/%2e%2e/other/bosh/x")),
        order(&azure.url("/mine//other/bosh/x")),
    ]);
    denied(&azure.host(), &forged, &["forbidden-header", "forbidden-query", "invalid-url"]);
    assert_eq!(azure.storage.asked().len(), 5);
    // No other credential of the manifest goes there, and this one goes nowhere else.
    let mixed = json!([
        {"url": url, "method": "PUT", "credential": "blob"},
        {"url": url, "method": "PUT", "credential": "entra-one"},
        {"url": url, "method": "PUT"},
        {"url": format!("{}/allowed/x", azure.manager.url()), "credential": "account"},
        {"url": format!("{}/blob/x", azure.manager.url()), "credential": "account"},
    ]);
    denied(&azure.host(), &mixed, &["credential-not-granted"]);
}

fn odd_names() {
    const NAMES: [&str; 16] = [
        "",
        "xy",
        "MINE",
        "mine-secondary",
        "mi_ne",
        "mi.ne",
        ".mine",
        "mine.",
        "min%65",
        "mine%00",
        "mine%2flistKeys",
        "mine@evil",
        "mine;x",
        "mine:1",
        "%3Caccount%3E",
        "aaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    const CODES: [&str; 3] = ["host-not-granted", "path-not-granted", "invalid-url"];
    let azure = Azure::start();
    let in_path: Value = NAMES.iter().map(|name| order(&azure.url(&format!("/{name}/bosh/x")))).collect();
    denied(&azure.host(), &in_path, &CODES);

    let in_host = |name: &str| order(&format!("https://{name}.blob.stack.example/bosh/x"));
    let orders: Vec<_> = NAMES.iter().map(|name| in_host(name)).collect();
    let more = ["mine.other", "xn--mine-", "m\u{456}ne", "127.0.0.1", "mine.blob.stack.example/x?"].map(in_host);
    let host = azure.host_with("https://{account}.blob.stack.example");
    denied(&host, &Value::Array([orders, more.to_vec()].concat()), &CODES);
    assert_eq!(azure.asked_for_keys(), [""; 0]);
    assert!(azure.entra.asked().is_empty() && azure.storage.asked().is_empty());
    // A usual name gets as far as the key, and no further: nobody has that address.
    let (_, outcomes) = send(&host, &json!([in_host("mine")]));
    assert!(problems(&outcomes)[0].contains("Unreachable("), "{outcomes:?}");
    assert_eq!(azure.asked_for_keys(), ["/groups/g/mine/listKeys?v=1"]);
}

fn sent_by_the_plugin() {
    let azure = Azure::start();
    let (manager, path) = (azure.manager.url(), "/groups/g/mine/listKeys");
    let codes = ["path-not-granted", "host-not-granted", "method-not-granted", "invalid-url", "forbidden-header"];
    for credential in [json!("entra-one"), json!("entra-two"), json!("account"), json!("aws"), Value::Null] {
        let urls = [
            format!("{manager}{path}?v=1"),
            format!("{manager}/GROUPS/g/mine/LISTKEYS?v=1"),
            format!("{manager}/groups/g/mine/list%4beys?v=1"),
            format!("{manager}/allowed/..{path}"),
            format!("{manager}/allowed/%2e%2e{path}"),
            format!("{manager}/allowed/x;/..{path}"),
            format!("{manager}/allowed//{path}"),
            format!("{manager}/entra-one/x/..{path}"),
            format!("https://management.azure.com{path}?v=1"),
            azure.url(&format!("/mine{path}?v=1")),
        ];
        let order = |url| json!({"url": url, "method": "POST", "credential": credential});
        denied(&azure.host(), &urls.iter().map(order).collect(), &codes);
    }
    let overridden = json!([{
        "url": format!("{manager}/entra-one/x"), "credential": "entra-one", "headers": [["X-Original-URL", path]],
    }]);
    denied(&azure.host(), &overridden, &codes);
    assert!(azure.manager.asked().is_empty() && azure.storage.asked().is_empty());
}

fn asked_for_in_the_manifest() {
    let before = r#"methods = ["GET", "POST"]
paths = ["/allowed/*"]"#;
    let key = r#"path = "/groups/{group}/<account>/listKeys?v=1""#;
    for path in ["/*/g/*/*", "/*/*/*/L*", "/**"] {
        let installed = install(&with_manifest(before, &before.replace("/allowed/*", path)));
        let refusal = installed.refusal();
        assert!(refusal.contains("the request for the key of [credentials.account]"), "{path}: {refusal}");
    }
    for path in ["/x/*", "/*/*/*/x*"] {
        assert!(install(&with_manifest(before, &before.replace("/allowed/*", path))).output.status.success(), "{path}");
    }
    // Where the key is asked for without the account of the request, one key would serve for all.
    let refusal = install(&with_manifest(key, &key.replace("<account>", "mine"))).refusal();
    assert!(refusal.contains("without <account>"), "{refusal}");
}

fn leaking_answers() {
    let named = |name: &str| json!({name: KEY}).to_string();
    for (status, body, words) in [
        (200, named("key1"), "there is no /keys/0/value in it"),
        (200, json!({"keys": {"0": {"value": [KEY]}}}).to_string(), "there is no /keys/0/value in it"),
        (200, json!({"keys": [{"value": format!("{KEY}-is-no-base64!")}]}).to_string(), "base64"),
        (200, KEY.to_owned(), "there is no /keys/0/value in it"),
        (202, json!({"keys": [{"value": KEY}]}).to_string(), "HTTP 202"),
        (302, named("location"), "HTTP 302"),
        (400, named("key"), "HTTP 400"),
        (403, json!({"error": {"code": "AuthorizationFailed", "message": "no", "key": KEY}}).to_string(), "no"),
    ] {
        let azure = Azure::answering(move |_| (status, body.clone()), |_| (200, String::new()));
        let host = azure.host();
        let mut command = host.command();
        let mut child = command.arg("--verbose").spawn().unwrap();
        let orders = json!([order(&azure.url("/mine/bosh/x"))]);
        let request = cpi_tests::request("has_vm", &json!([format!("send:{orders}")])).to_string();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let answer = whole(&host, Answer::of(output, std::time::Duration::ZERO));
        assert!(answer.error().1.contains(words), "{words}: {answer:?}");
        assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
        assert!(azure.storage.asked().is_empty());
        assert!(!azure.manager.asked().is_empty());
    }
}

fn repeated() {
    // Everything that storage was sent, and the key itself, which a service of the cloud knows.
    let azure = Azure::answering(manager, |asked| {
        let written = [KEY, "63616e6172794b65794f665468654f70657261746f723030", "Y2FuYXJ5S2V5T2ZUaGVPcGVyYXRvcjAw"];
        let text = format!("{asked:?} {}", written.join(" "));
        Reply::from((200, text)).with("x-ms-key", KEY).with("x-ms-copied", asked.header("x-ms-copy-source"))
    });
    // The first answer comes before the signature of the second request is made.
    let orders = json!([{"url": azure.url("/mine/bosh/x"), "credential": "account"}, {
        "url": azure.url("/mine/bosh/x"), "method": "PUT", "credential": "account",
        "headers": [["x-ms-copy-source", azure.url("/other/bosh/y")]],
    }]);
    let (answer, outcomes) = send(&azure.host(), &orders);
    let asked = azure.storage.asked().pop().unwrap();
    let (_, signature) = asked.header("x-ms-copy-source").split_once("&sig=").unwrap();
    let outcome = outcomes[1]["answer"].to_string();
    assert!(outcome.contains("SharedKey mine:") && outcome.contains("x-ms-copied"), "the service repeats: {outcome}");
    for secret in [signature, "63616e6172794b", "Y2FuYXJ5S2V5"] {
        for text in [&outcome, &answer.stderr] {
            assert!(secret.len() > 8 && !text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(answer.stderr.contains("the answer repeated a secret"), "{answer:?}");
}

fn copies() {
    let azure = Azure::start();
    let url = azure.url("/mine/bosh/x");
    let with = |headers: &Value| json!({"url": url, "method": "PUT", "credential": "account", "headers": headers});
    let sources = [
        "https://evil.example/bosh/y".to_owned(),
        "http://169.254.169.254/metadata/identity/oauth2/token".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("{}/groups/g/other/listKeys?v=1", azure.manager.url()),
        azure.url("/other/secrets/y"),
        azure.url("/other/bosh"),
        azure.url("/other/bosh/../secrets/y"),
        azure.url("/other/bosh/%2e%2e/secrets/y"),
        azure.url("/other.evil/bosh/y"),
        azure.url("/other/bosh/y").replace("http://", "http://u@"),
        azure.url("/other/bosh/y").to_uppercase(),
        azure.url("/other/bosh/y?sig=AAAA"),
        String::new(),
    ];
    let mut orders: Vec<_> = sources.iter().map(|source| with(&json!([["x-ms-copy-source", source]]))).collect();
    let good = azure.url("/other/bosh/y");
    for (name, value) in [
        ("X-Ms-Copy-Source", "https://evil.example/"),
        ("x-ms-rename-source", "https://evil.example/"),
        ("x-amz-copy-source", "/evil/y"),
        ("x-ms-copy-source-authorization", "Bearer x"),
    ] {
        orders.push(with(&json!([["x-ms-copy-source", good], [name, value]])));
        orders.push(with(&json!([[name, value], ["x-ms-copy-source", good]])));
    }
    // Where the manifest has no `source`.
    let elsewhere = format!("{}/allowed/x", azure.manager.url());
    orders.push(
        json!({"url": elsewhere, "method": "POST", "credential": "aws", "headers": [["x-ms-copy-source", good]]}),
    );
    let codes = ["host-not-granted", "path-not-granted", "forbidden-header", "forbidden-query", "invalid-url"];
    denied(&azure.host(), &Value::Array(orders), &codes);
    assert!(azure.storage.asked().is_empty() && azure.manager.asked().is_empty());

    // A key of somebody else's account is not to be had for a copy either, and nothing of ours is sent.
    let (_, outcomes) = send(&azure.host(), &json!([with(&json!([["x-ms-copy-source", azure.url("/evil/bosh/y")]]))]));
    assert!(problems(&outcomes)[0].contains("ResourceNotFound: no such account"), "{outcomes:?}");
    assert!(azure.storage.asked().is_empty());
    // What may be read may be copied: the proof that the others were refused for what they are.
    let (_, outcomes) = send(&azure.host(), &json!([with(&json!([["x-ms-copy-source", good]]))]));
    assert_eq!(outcomes[0]["answer"]["status"], 200);
    assert!(azure.storage.asked()[0].header("x-ms-copy-source").starts_with(&format!("{good}?sv=")));
}

/// What the operator or a CPI configuration writes as a domain, from which a manifest makes an endpoint.
fn domains() {
    let storage = Service::start(|_| (200, String::new()));
    let address = storage.url().replace("http://", "");
    for domain in [
        address.clone(),
        format!("x@{address}"),
        format!("{address}/"),
        format!("{address}?"),
        format!("{address}#"),
        format!("{address}\\"),
        "evil.example/open/x#".to_owned(),
        "{endpoint}".to_owned(),
        "<account>".to_owned(),
        "127.0.0.1".to_owned(),
        "corp.example.".to_owned(),
        "corp..example".to_owned(),
    ] {
        let host = Host::hostile_with(&json!({"private": "yes", "domain": domain}));
        let answer = whole(&host, host.call("has_vm", &json!(["settings"])));
        let (kind, message) = answer.error();
        assert_eq!(kind, "Bosh::Clouds::CpiError");
        let told = message.contains("hostile.domain must be the name") || message.contains("hostile.made is not a URL");
        assert!(told && !message.contains("evil"), "{domain}: {message}");
    }
    assert!(storage.asked().is_empty());
    let host = Host::hostile_with(&json!({"private": "yes", "domain": "corp.example"}));
    let (_, message) = whole(&host, host.call("has_vm", &json!(["settings"]))).error();
    assert!(message.contains("https://api.corp.example"), "{message}");
    let host = Host::hostile_with(&json!({"private": "yes", "domain": "corp.example", "made": "http://127.0.0.1:9"}));
    let (_, message) = whole(&host, host.call("has_vm", &json!(["settings"]))).error();
    assert!(message.contains("http://127.0.0.1:9") && !message.contains("api.corp"), "{message}");
    // Without the condition the same words say nothing.
    let host = Host::hostile_with(&json!({"domain": "x@evil.example"}));
    let (_, message) = whole(&host, host.call("has_vm", &json!(["settings"]))).error();
    assert!(message.contains("settings") && !message.contains("made"), "{message}");
}
