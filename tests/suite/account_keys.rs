//! Keys of storage accounts that the host asks for itself: they reach the signature, and neither the plugin nor the log.

use std::sync::atomic::{AtomicU64, Ordering};

use cpi_tests::identity::{self, Proof};
use cpi_tests::{Answer, Host, Service};
use serde_json::{Value, json};

use crate::credentials::not_in_memory;

/// Entra and a resource manager that has the accounts `mine` and `other`; each time it is asked, the key has another
/// number, as if it had been renewed.
struct Azure {
    entra: Service,
    manager: Service,
}

impl Azure {
    fn start() -> Self {
        let given = AtomicU64::new(0);
        let manager = Service::start(move |asked| match asked.target.as_str() {
            "/groups/my%20group/mine/listKeys?v=1" | "/groups/my%20group/other/listKeys?v=1"
                if asked.method == "POST" && asked.header("authorization").starts_with("Bearer canary-token-") =>
            {
                // Base64 that can be looked for.
                let key = format!("canaryKeyOfAnAccount{:04}", given.fetch_add(1, Ordering::Relaxed) + 1);
                (200, json!({"keys": [{"value": key}, {"value": "canaryKeyTheOtherOne"}]}).to_string())
            }
            "/groups/my%20group/locked/listKeys?v=1" => {
                (403, json!({"error": {"code": "AuthorizationFailed", "message": "no right to it"}}).to_string())
            }
            _ => (404, json!({"error": {"code": "ResourceNotFound", "message": "no such account"}}).to_string()),
        });
        Self { entra: identity::entra(Proof::Secret("canary-client-secret"), 3600), manager }
    }

    /// The misbehaving plugin, whose accounts are this service's.
    fn host(&self, storage: &Service) -> Host {
        Host::hostile_with(&json!({
            "endpoint": storage.url(), "accounts": format!("{}/{{account}}", storage.url()), "group": "my group",
            "tenant_id": "tenant-1", "client_id": "client-1", "client_secret": "canary-client-secret",
            "endpoints": {"authority": self.entra.url(), "management": self.manager.url()},
        }))
    }
}

/// One GET with the credential, and a look for secrets in the plugin's memory and the log.
fn get(host: &Host, url: &str) -> Answer {
    let backwards: String = "canary".chars().rev().collect();
    let answer = host.call("has_vm", &json!([format!("as:account {url} {backwards}")]));
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
    not_in_memory(&answer);
    answer
}

fn send(host: &Host, order: &Value) -> (Answer, Value) {
    let answer = host.call("has_vm", &json!([format!("send:{}", json!([order]))]));
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
    let outcomes: Value = serde_json::from_str(&answer.error().1).unwrap();
    (answer, outcomes[0].clone())
}

#[test]
fn ten_requests_ask_for_one_key() {
    let (azure, storage) = (Azure::start(), Service::start(|_| (200, String::new())));
    let host = azure.host(&storage);
    let answer = host.call("has_vm", &json!([format!("as-ten:account {}/mine/bosh/x", storage.url())]));
    assert_eq!(storage.asked().len(), 10, "{answer:?}");
    assert!(storage.asked().iter().all(|asked| asked.header("authorization").starts_with("SharedKey mine:")));
    assert_eq!((azure.manager.asked().len(), azure.entra.asked().len()), (1, 1));
    assert!(get(&host, &format!("{}/mine/bosh/x", storage.url())).error().1.contains("status 200"));
    assert_eq!(azure.manager.asked().len(), 2, "a key is not kept for the next call");
    assert_eq!(azure.entra.asked().len(), 1, "a token is");
}

#[test]
fn a_key_that_was_renewed_is_asked_for_once_more() {
    let azure = Azure::start();
    let refusal = "<Error><Code>AuthenticationFailed</Code></Error>";
    let refused = AtomicU64::new(0);
    let storage = Service::start(move |_| {
        let first = refused.fetch_add(1, Ordering::Relaxed) == 0;
        if first { (403, refusal.to_owned()) } else { (200, String::new()) }
    });
    assert!(get(&azure.host(&storage), &format!("{}/mine/bosh/x", storage.url())).error().1.contains("status 200"));
    assert_eq!((azure.manager.asked().len(), storage.asked().len()), (2, 2));

    let (azure, never) = (Azure::start(), Service::start(move |_| (403, refusal.to_owned())));
    assert!(get(&azure.host(&never), &format!("{}/mine/bosh/x", never.url())).error().1.contains("status 403"));
    assert_eq!((azure.manager.asked().len(), never.asked().len()), (2, 2));
}

#[test]
fn the_account_of_the_url_has_to_be_one_of_ours() {
    let (azure, storage) = (Azure::start(), Service::start(|_| (200, String::new())));
    let host = azure.host(&storage);
    for (account, words) in [
        ("evil", "ResourceNotFound: no such account. The account must be in the resource group"),
        ("locked", "AuthorizationFailed: no right to it. The client needs the permission Microsoft.Storage"),
    ] {
        let message = get(&host, &format!("{}/{account}/bosh/x", storage.url())).error().1;
        assert!(message.contains(words) && message.contains(&format!("'{account}'")), "{message}");
    }
    let order = json!({"url": format!("{}/mine/bosh/x", storage.url()), "credential": "account",
        "headers": [["x-ms-account", "other"]]});
    send(&host, &order);
    assert_eq!(storage.asked().len(), 1);
    assert!(storage.asked()[0].header("authorization").starts_with("SharedKey mine:"));
    // The request for keys itself is the host's alone.
    let order = json!({"url": format!("{}/groups/my%20group/mine/listKeys?v=1", azure.manager.url()),
        "method": "POST", "credential": "entra-one"});
    assert!(send(&host, &order).1["problem"].as_str().unwrap().contains("host-not-granted"));
}

#[test]
fn what_is_copied_is_readable_for_the_service_and_for_nobody_else() {
    let azure = Azure::start();
    // A service that repeats what it was sent.
    let storage = Service::start(|asked| (202, asked.header("x-ms-copy-source").to_owned()));
    let (host, url) = (azure.host(&storage), storage.url());
    let copy = |source: &str| {
        json!({"url": format!("{url}/mine/bosh/x"), "method": "PUT", "credential": "account",
            "headers": [["x-ms-copy-source", source]]})
    };
    let (_, outcome) = send(&host, &copy(&format!("{url}/other/bosh/y")));
    let asked = storage.asked().pop().unwrap();
    let source = asked.header("x-ms-copy-source");
    let (blob, signature) = source.split_once("&sig=").unwrap();
    assert!(blob.starts_with(&format!("{url}/other/bosh/y?sv=2018-11-09&sr=b&sp=r&se=")), "{blob}");
    assert!(asked.header("authorization").starts_with("SharedKey mine:"));
    assert_eq!(outcome["answer"]["status"], 202);
    assert!(!outcome.to_string().contains(signature), "{outcome}");
    assert_eq!(azure.manager.asked().len(), 2, "a key of each account");
    for source in ["https://evil.example/x".to_owned(), format!("{url}/other/secrets/y"), format!("{url}/evil/bosh/y")]
    {
        let problem = send(&host, &copy(&source)).1["problem"].to_string();
        assert!(["host-not-granted", "path-not-granted", "no such account"].iter().any(|word| problem.contains(word)));
    }
    assert_eq!(storage.asked().len(), 1);
}

#[test]
fn the_operator_decides_whose_keys_are_asked_for_by_what_requests_are_left() {
    for (rules, is_asked) in [
        // The resource manager is not among the plugin's hosts; asking it is not the plugin's doing.
        ("hosts = ['{accounts}']", true),
        ("hosts = ['{endpoint}']", false),
        ("methods = ['PUT']", false),
        ("paths = ['/open/*']", false),
        ("credentials = ['entra-one']", false),
    ] {
        let (azure, storage) = (Azure::start(), Service::start(|_| (200, String::new())));
        let host = azure.host(&storage).with_more_settings(&format!("[plugin.hostile]\n{rules}\n"));
        let (answer, outcome) =
            send(&host, &json!({"url": format!("{}/mine/bosh/x", storage.url()), "credential": "account"}));
        let asked = [&azure.entra, &azure.manager, &storage].map(|service| service.asked().len());
        assert_eq!(asked, if is_asked { [1; 3] } else { [0; 3] }, "{rules}: {answer:?}");
        assert_eq!(outcome.to_string().contains("excluded-by-operator"), !is_asked, "{rules}: {outcome}");
    }
}
