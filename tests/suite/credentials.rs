//! Every scheme, with the real program: the right thing reaches the service, and nothing of it the plugin or the log.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;
use std::{env, fs};

use cpi_tests::identity::{self, Proof};
use cpi_tests::{Answer, Asked, Ec2, Endpoint, Host, Moto, Service, request};
use serde_json::{Value, json};

/// A key and its certificate, made for these tests.
const CLIENT: &str = include_str!("client.pem");
const ROLE: &str = "arn:aws:iam::123456789012:role/director";

/// The misbehaving plugin with these settings; its requests go to `cloud`.
fn host(cloud: &Service, settings: Value) -> Host {
    let mut section = json!({"endpoint": cloud.url()});
    section.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    Host::hostile_with(&section)
}

/// A service that welcomes everybody.
fn cloud() -> Service {
    Service::start(|_| (200, "welcome".to_owned()))
}

/// Sends one request to the cloud as this credential, and looks for secrets wherever others could see them: the
/// plugin's own memory, the output, the files of the state.
fn send(host: &Host, credential: &str, url: &str) -> Answer {
    let backwards: String = "canary".chars().rev().collect();
    let answer = host.call("has_vm", &json!([format!("as:{credential} {url} {backwards}")]));
    no_secret(host, &answer);
    not_in_memory(&answer);
    answer
}

/// The header that one request had.
fn authorization(cloud: &Service) -> String {
    cloud.asked().last().unwrap().header("authorization").to_owned()
}

fn sent(answer: &Answer) -> bool {
    answer.error().1.contains("status 200")
}

fn no_secret(host: &Host, answer: &Answer) {
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
    for file in files(&host.path("state")) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"), "{}", file.display());
    }
}

/// A plugin that was answered has looked for the secret in its memory, and found it nowhere.
pub(crate) fn not_in_memory(answer: &Answer) {
    let message = answer.error().1;
    let looked = message.contains(" bytes\"");
    assert!(looked || !message.contains("status "), "the plugin did not look: {message}");
    assert!(!looked || message.contains("\"0 in "), "a secret is in the plugin's memory: {message}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn basic_and_bearer_put_their_settings_into_the_header() {
    let cloud = cloud();
    let host = host(
        &cloud,
        json!({"basic_username": "operator", "basic_password": "canary-password", "bearer_token": "canary-bearer"}),
    );
    assert!(sent(&send(&host, "basic", &format!("{}/basic/x", cloud.url()))));
    assert_eq!(authorization(&cloud), "Basic b3BlcmF0b3I6Y2FuYXJ5LXBhc3N3b3Jk");
    assert!(sent(&send(&host, "bearer", &format!("{}/bearer/x", cloud.url()))));
    assert_eq!(authorization(&cloud), "Bearer canary-bearer");
}

#[test]
fn a_credential_goes_only_where_the_manifest_has_it() {
    let cloud = cloud();
    let host = host(&cloud, json!({"bearer_token": "canary-bearer"}));
    for (credential, path) in [("bearer", "basic"), ("basic", "bearer"), ("other", "bearer"), ("bearer", "open")] {
        let answer = send(&host, credential, &format!("{}/{path}/x", cloud.url()));
        assert!(answer.error().1.contains("credential-not-granted"), "{answer:?}");
    }
    let answer = send(&host, "basic", &format!("{}/basic/x", cloud.url()));
    assert!(answer.error().1.contains("basic_username is missing; credential 'basic' needs it"), "{answer:?}");
    assert!(cloud.asked().is_empty());
}

#[test]
fn storage_is_signed_for_with_the_account_s_key() {
    let cloud = cloud();
    // Base64 that can be looked for.
    let key = "canaryKeyOfAStorageAccount01";
    let host = host(&cloud, json!({"storage_account_name": "account1", "storage_access_key": key}));
    for (credential, scheme) in [("blob", "SharedKey"), ("table", "SharedKeyLite")] {
        assert!(sent(&send(&host, credential, &format!("{}/{credential}/x?comp=metadata", cloud.url()))));
        let asked = cloud.asked().pop().unwrap();
        assert!(asked.header("authorization").starts_with(&format!("{scheme} account1:")), "{asked:?}");
        assert!(asked.header("x-ms-date").ends_with(" GMT"), "{asked:?}");
    }
}

#[test]
fn an_access_signature_follows_the_query_and_cannot_be_doubled() {
    let cloud = cloud();
    let host = host(&cloud, json!({"sas_token": "?sv=2022-11-02&sp=r&sig=canary%3D"}));
    assert!(sent(&send(&host, "sas", &format!("{}/sas/x?comp=list", cloud.url()))));
    assert_eq!(cloud.asked().pop().unwrap().target, "/sas/x?comp=list&sv=2022-11-02&sp=r&sig=canary%3D");
    for (query, code) in [("sig=mine", "forbidden-query"), ("sp=rw", "'sp', which the shared access signature has")] {
        let answer = send(&host, "sas", &format!("{}/sas/x?{query}", cloud.url()));
        assert!(answer.error().1.contains(code), "{answer:?}");
    }
    assert_eq!(cloud.asked().len(), 1);
}

fn entra(service: &Service, more: Value) -> Value {
    let mut settings = json!({
        "tenant_id": "tenant-1", "client_id": "client-1", "client_secret": "canary-client-secret",
        "endpoints": {"authority": service.url(), "metadata": service.url()},
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

#[test]
fn entra_gives_a_client_with_a_secret_a_token_and_calls_share_it() {
    let (cloud, entra_id) = (cloud(), identity::entra(Proof::Secret("canary-client-secret"), 3600));
    let host = host(&cloud, entra(&entra_id, json!({})));
    for _ in 0..2 {
        assert!(sent(&send(&host, "entra-one", &format!("{}/entra-one/x", cloud.url()))));
        assert_eq!(authorization(&cloud), "Bearer canary-token-1-for-https://management.azure.com/");
    }
    assert!(sent(&send(&host, "entra-two", &format!("{}/entra-two/x", cloud.url()))));
    assert_eq!(authorization(&cloud), "Bearer canary-token-2-for-https://storage.azure.com/.default");
    assert_eq!(entra_id.asked().len(), 2, "one for each audience");

    // Another configuration, with the same state, has to ask for its own.
    let host = host.with_setting("hostile", "location", &json!("elsewhere"));
    send(&host, "entra-one", &format!("{}/entra-one/x", cloud.url()));
    assert_eq!(entra_id.asked().len(), 3);
    let host = host.with_more_settings("[credentials]\ncache = false\n");
    send(&host, "entra-one", &format!("{}/entra-one/x", cloud.url()));
    send(&host, "entra-one", &format!("{}/entra-one/x", cloud.url()));
    assert_eq!(entra_id.asked().len(), 5);
}

#[test]
fn a_client_with_a_certificate_signs_an_assertion() {
    let (cloud, entra_id) = (cloud(), identity::entra(Proof::Certificate(CLIENT), 3600));
    let host = host(&cloud, entra(&entra_id, json!({"client_secret": null, "certificate": CLIENT})));
    for name in ["entra-one", "entra-two"] {
        let answer = send(&host, name, &format!("{}/{name}/x", cloud.url()));
        assert!(sent(&answer), "{answer:?}");
    }
    assert_eq!(entra_id.asked().len(), 2);
}

#[test]
fn the_token_of_another_issuer_is_read_from_its_file() {
    let (cloud, entra_id) = (cloud(), identity::entra(Proof::Federated("canary-federated"), 3600));
    let host = host(&cloud, entra(&entra_id, json!({"credentials_source": "workload_identity"})));
    let file = host.path("token");
    let host = host.with_setting("hostile", "federated_token_file", &json!(file));
    let answer = send(&host, "entra-two", &format!("{}/entra-two/x", cloud.url()));
    assert!(answer.error().1.contains("federated_token_file"), "{answer:?}");
    fs::write(&file, "canary-federated\n").unwrap();
    assert!(sent(&send(&host, "entra-two", &format!("{}/entra-two/x", cloud.url()))));
}

#[test]
fn a_machine_of_azure_has_an_identity() {
    let (cloud, metadata) = (cloud(), identity::azure_metadata());
    let managed = entra(&metadata, json!({"credentials_source": "managed_identity"}));
    let host = host(&cloud, managed);
    assert!(sent(&send(&host, "entra-one", &format!("{}/entra-one/x", cloud.url()))));
    assert_eq!(authorization(&cloud), "Bearer canary-token-of-system-for-https://management.azure.com/");
    let host = host.with_setting("hostile", "managed_identity_resource_id", &json!("/subscriptions/1/id"));
    assert!(sent(&send(&host, "entra-one", &format!("{}/entra-one/x", cloud.url()))));
    assert_eq!(authorization(&cloud), "Bearer canary-token-of-/subscriptions/1/id-for-https://management.azure.com/");
}

#[test]
fn a_wrong_secret_is_told_in_the_words_of_entra_without_the_secret() {
    let (cloud, entra_id) = (cloud(), identity::entra(Proof::Secret("right"), 3600));
    let answer = send(&host(&cloud, entra(&entra_id, json!({}))), "entra-one", &format!("{}/entra-one/x", cloud.url()));
    let (_, message) = answer.error();
    assert!(message.contains("invalid_client: AADSTS7000215") && message.contains("client_secret"), "{message}");
    assert!(answer.stderr.contains("credential-refused"), "{answer:?}");
    assert!(cloud.asked().is_empty());
}

#[test]
fn tokens_are_renewed_when_they_expire_and_when_they_are_refused() {
    let entra_id = identity::entra(Proof::Secret("canary-client-secret"), 1);
    let cloud = cloud();
    let short = host(&cloud, entra(&entra_id, json!({})));
    send(&short, "entra-one", &format!("{}/entra-one/x", cloud.url()));
    thread::sleep(Duration::from_millis(1100));
    send(&short, "entra-one", &format!("{}/entra-one/x", cloud.url()));
    assert_eq!(entra_id.asked().len(), 2);

    // The first token is revoked.
    let entra_id = identity::entra(Proof::Secret("canary-client-secret"), 3600);
    let picky = Service::start(|asked| {
        let revoked = asked.header("authorization").contains("-token-1-");
        if revoked { (401, String::new()) } else { (200, "welcome".to_owned()) }
    });
    let host = host(&picky, entra(&entra_id, json!({})));
    let answer = send(&host, "entra-one", &format!("{}/entra-one/x", picky.url()));
    assert!(sent(&answer) && answer.stderr.contains("was not accepted: requesting another one"), "{answer:?}");
    assert!(sent(&send(&host, "entra-one", &format!("{}/entra-one/x", picky.url()))));
    assert_eq!(entra_id.asked().len(), 2, "the new one is kept");
}

#[test]
fn ten_requests_that_start_together_ask_for_one_token() {
    let (cloud, entra_id) = (cloud(), identity::entra(Proof::Secret("canary-client-secret"), 3600));
    let host = host(&cloud, entra(&entra_id, json!({})));
    let answer = host.call("has_vm", &json!([format!("as-ten:entra-one {}/entra-one/x", cloud.url())]));
    no_secret(&host, &answer);
    assert_eq!((cloud.asked().len(), entra_id.asked().len()), (10, 1));
}

#[test]
fn a_busy_authority_is_asked_again() {
    let busy = std::sync::atomic::AtomicUsize::new(0);
    let authority = Service::start(move |_| match busy.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => (503, String::new()),
        _ => (200, json!({"access_token": "canary-token", "expires_in": 3600}).to_string()),
    });
    let cloud = cloud();
    assert!(sent(&send(
        &host(&cloud, entra(&authority, json!({}))),
        "entra-two",
        &format!("{}/entra-two/x", cloud.url())
    )));
    assert_eq!(authorization(&cloud), "Bearer canary-token");
}

/// What AWS is asked with.
fn signed(host: &Host, cloud: &Service) -> Asked {
    let answer = send(host, "aws", &format!("{}/allowed/x", cloud.url()));
    assert!(sent(&answer), "{answer:?}");
    cloud.asked().pop().unwrap()
}

#[test]
fn a_role_is_assumed_in_front_of_static_keys_once_for_all_calls() {
    let (cloud, sts) = (cloud(), identity::sts("AKIABASE", "external-1", 3600));
    let settings = json!({
        "access_key_id": "AKIABASE", "secret_access_key": "canary-secret", "role_arn": ROLE, "external_id": "external-1",
        "region": "us-east-1", "sts_endpoint": sts.url(),
    });
    let host = host(&cloud, settings);
    for _ in 0..2 {
        let asked = signed(&host, &cloud);
        assert!(asked.header("authorization").contains("Credential=ASIAROLE1/"), "{asked:?}");
        assert_eq!(asked.header("x-amz-security-token"), "canary-session-1");
    }
    assert_eq!(sts.asked().len(), 1);
    let name = sts.asked()[0].field("RoleSessionName");
    assert!(name.starts_with("rsn-") && name.len() == 40, "{name}");

    let answer = send(
        &host.with_setting("hostile", "external_id", &json!("external-2")),
        "aws",
        &format!("{}/allowed/x", cloud.url()),
    );
    let (_, message) = answer.error();
    assert!(
        message.contains("STS (AssumeRole arn:aws:iam") && message.contains("AccessDenied: not authorized"),
        "{message}"
    );
}

/// An implementation of STS and EC2 that nobody here has written.
#[test]
fn moto_gives_a_role_that_it_accepts_then() {
    let moto = Moto::start();
    let host = Host::aws(&moto.url());
    let host =
        host.with_setting("aws", "role_arn", &json!(ROLE)).with_setting("aws", "sts_endpoint", &json!(moto.url()));
    for first in [true, false] {
        let answer = host.call("has_vm", &json!(["i-0123456789abcdef0"]));
        assert_eq!(answer.result(), false);
        assert_eq!(answer.stderr.contains("credential 'aws': obtained"), first, "{answer:?}");
    }
}

#[test]
fn a_role_that_expired_is_assumed_again() {
    let sts = identity::sts("AKIABASE", "", 3600);
    let cloud = Service::start(|asked| {
        let expired = asked.header("authorization").contains("ASIAROLE1/");
        let body = "<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors></Response>";
        if expired { (400, body.to_owned()) } else { (200, "welcome".to_owned()) }
    });
    let settings = json!({
        "access_key_id": "AKIABASE", "secret_access_key": "canary-secret", "role_arn": ROLE, "region": "us-east-1",
        "sts_endpoint": sts.url(),
    });
    assert!(signed(&host(&cloud, settings), &cloud).header("authorization").contains("Credential=ASIAROLE2/"));
}

#[test]
fn the_token_of_a_web_identity_is_a_role() {
    let (cloud, sts) = (cloud(), identity::sts("", "", 3600));
    let settings = json!({
        "credentials_source": "web_identity", "role_arn": ROLE, "region": "us-east-1", "sts_endpoint": sts.url(),
    });
    let host = host(&cloud, settings);
    let file = host.path("web-identity");
    fs::write(&file, "canary-web-identity\n").unwrap();
    let host = host.with_setting("hostile", "web_identity_token_file", &json!(file));
    assert!(signed(&host, &cloud).header("authorization").contains("Credential=ASIAROLE1/"));
}

#[test]
fn a_machine_of_aws_has_a_role_and_may_assume_another() {
    let (cloud, metadata) = (cloud(), identity::ec2_metadata());
    for source in ["instance_profile", "env_or_profile"] {
        let settings =
            json!({"credentials_source": source, "region": "us-east-1", "metadata_endpoint": metadata.url()});
        let asked = signed(&host(&cloud, settings), &cloud);
        assert!(asked.header("authorization").contains("Credential=ASIAINSTANCE/"), "{asked:?}");
        assert_eq!(asked.header("x-amz-security-token"), "canary-session-of-a-machine");
    }
    let sts = identity::sts("ASIAINSTANCE", "", 3600);
    let settings = json!({
        "credentials_source": "instance_profile", "region": "us-east-1", "metadata_endpoint": metadata.url(),
        "role_arn": ROLE, "sts_endpoint": sts.url(),
    });
    assert!(signed(&host(&cloud, settings), &cloud).header("authorization").contains("Credential=ASIAROLE1/"));
}

#[test]
fn plugin_aws_works_with_the_role_of_its_machine() {
    let (ec2, metadata) = (Ec2::plain(), identity::ec2_metadata());
    let set = |host: Host, (key, value): (&str, Value)| host.with_setting("aws", key, &value);
    let settings = [
        ("credentials_source", json!("instance_profile")),
        ("access_key_id", json!(null)),
        ("secret_access_key", json!(null)),
        ("metadata_endpoint", json!(metadata.url())),
    ];
    let host = settings.into_iter().fold(Host::aws(&ec2.url()), set);
    let answer = host.call("has_vm", &json!(["i-0123456789abcdef0"]));
    answer.result();
    assert_eq!(ec2.take_actions(), ["DescribeInstances"]);
    assert_eq!(metadata.asked().len(), 3, "a session, the role, its keys");
    assert!(files(&host.path("state")).is_empty(), "what is near is not written down");
}

#[test]
fn metadata_that_is_not_there_is_told_within_seconds() {
    let (cloud, hanging) = (cloud(), Endpoint::hanging());
    for metadata in [Endpoint::refusing(), hanging.url()] {
        let settings =
            json!({"credentials_source": "instance_profile", "region": "us-east-1", "metadata_endpoint": metadata});
        let answer = send(&host(&cloud, settings), "aws", &format!("{}/allowed/x", cloud.url()));
        let (_, message) = answer.error();
        assert!(message.contains("the instance's metadata service gives no credentials"), "{message}");
        assert!(answer.took < Duration::from_secs(8), "{answer:?}");

        let settings = json!({"credentials_source": "managed_identity", "endpoints": {"metadata": metadata}});
        let answer = send(&host(&cloud, settings), "entra-one", &format!("{}/entra-one/x", cloud.url()));
        assert!(answer.error().1.contains("the metadata service (http://127.0.0.1"), "{answer:?}");
        assert!(answer.took < Duration::from_secs(8), "{answer:?}");
    }
}

#[test]
fn the_environment_files_and_containers_give_keys_and_no_program_is_run() {
    let (cloud, container) = (cloud(), identity::container());
    let with = |source: &str, variables: &[(&str, &str)]| {
        let host = host(&cloud, json!({"credentials_source": source, "region": "us-east-1"}));
        let mut command = host.command();
        command.envs(variables.iter().copied());
        let call = request("has_vm", &json!([format!("as:aws {}/allowed/x yranac", cloud.url())]));
        let answer = Host::exchange(&mut command, call.to_string().as_bytes());
        no_secret(&host, &answer);
        answer
    };
    let key = |answer: &Answer| {
        assert!(sent(answer), "{answer:?}");
        let header = authorization(&cloud);
        header.split("Credential=").nth(1).unwrap().split('/').next().unwrap().to_owned()
    };
    let environment = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "canary-secret-of-env")];
    assert_eq!(key(&with("environment", &environment)), "AKIAENV");
    assert_eq!(key(&with("env_or_profile", &environment)), "AKIAENV");

    let endpoint = container.url() + "/keys";
    let task = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "canary-container-token"),
    ];
    assert_eq!(key(&with("container", &task)), "ASIACONTAINER");

    let folder = tempfile(&[
        ("credentials", "[ops]\naws_access_key_id = AKIAFILE\naws_secret_access_key = canary-secret-of-file\n"),
        ("config", "[profile program]\ncredential_process = /bin/sh -c 'echo canary > ran'\n"),
    ]);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (credentials, config) = (path("credentials"), path("config"));
    let profile = |name| {
        [("AWS_PROFILE", name), ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()), ("AWS_CONFIG_FILE", &config)]
    };
    assert_eq!(key(&with("profile", &profile("ops"))), "AKIAFILE");
    let (_, message) = with("profile", &profile("program")).error();
    assert!(message.contains("credential_process is refused: cpi-host runs no other programs"), "{message}");
    assert!(!Path::new("ran").exists());
    fs::remove_dir_all(&folder).unwrap();
}

/// A folder with these files.
fn tempfile(texts: &[(&str, &str)]) -> PathBuf {
    let folder = env::temp_dir().join(format!("cpi-host-profile-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in texts {
        fs::write(folder.join(name), text).unwrap();
    }
    folder
}

#[test]
fn settings_that_contradict_one_another_are_told() {
    let cloud = cloud();
    for (settings, problem) in [
        (json!({"credentials_source": "magic"}), "Unknown credentials_source magic: it can be static"),
        (json!({"access_key_id": "AKIA"}), "Must use access_key_id and secret_access_key with static"),
        (
            json!({"credentials_source": "env_or_profile", "access_key_id": "A", "secret_access_key": "canary"}),
            "Can't use access_key_id and secret_access_key with env_or_profile credentials_source",
        ),
        (json!({"credentials_source": "web_identity"}), "needs role_arn in the settings or AWS_ROLE_ARN"),
        (
            json!({"credentials_source": "instance_profile", "metadata_endpoint": "::"}),
            "metadata_endpoint must be a URL",
        ),
    ] {
        let answer = send(&host(&cloud, settings), "aws", &format!("{}/allowed/x", cloud.url()));
        assert!(answer.error().1.contains(problem), "{answer:?}");
    }
}
