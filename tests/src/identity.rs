//! Services that give credentials, as far as their documents describe them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::service::{Asked, Reply, Service};

/// What proves to [`entra`] that a client is `client-1`.
#[derive(Debug, Clone)]
pub enum Proof {
    /// This secret.
    Secret(&'static str),
    /// An assertion that the key of this certificate has signed (PEM, with an RSA key of 2048 bits).
    Certificate(&'static str),
    /// This token of another issuer.
    Federated(&'static str),
}

/// Microsoft Entra ID, its endpoints of both versions for the tenant `tenant-1`. Each token has a number, from 1, and
/// says what it is for.
pub fn entra(proof: Proof, seconds: u64) -> Service {
    let given = AtomicU64::new(0);
    Service::start(move |asked| {
        let audience = match asked.target.split('?').next() {
            Some("/tenant-1/oauth2/token") => asked.field("resource"),
            Some("/tenant-1/oauth2/v2.0/token") => asked.field("scope"),
            _ => return (404, json!({"error": "invalid_request", "error_description": "no such path"}).to_string()),
        };
        let wrong = match &proof {
            _ if asked.field("client_id") != "client-1" => Some("AADSTS700016: no such application".to_owned()),
            _ if asked.field("grant_type") != "client_credentials" => Some("AADSTS70003: no such grant".to_owned()),
            Proof::Secret(secret) if asked.field("client_secret") != *secret => {
                // A careless service repeats what it was sent.
                Some(format!("AADSTS7000215: Invalid client secret provided: {}", asked.field("client_secret")))
            }
            Proof::Federated(token) if assertion(asked).as_deref() != Some(token) => {
                Some("AADSTS70021: no matching federated identity".to_owned())
            }
            Proof::Certificate(pem) => assertion_problem(asked, pem).map(|problem| format!("AADSTS700027: {problem}")),
            _ => None,
        };
        if let Some(words) = wrong {
            let description = format!("{words}\r\nTrace ID: 1");
            return (401, json!({"error": "invalid_client", "error_description": description}).to_string());
        }
        let number = given.fetch_add(1, Ordering::Relaxed) + 1;
        (200, token(&format!("canary-token-{number}-for-{audience}"), seconds))
    })
}

/// The metadata service of Azure, with an identity of the system and one of a user.
pub fn azure_metadata() -> Service {
    Service::start(|asked| {
        if asked.header("metadata") != "true" || asked.query("api-version") != "2018-02-01" {
            return (
                400,
                json!({"error": "invalid_request", "error_description": "Metadata: true is missing"}).to_string(),
            );
        }
        let who = asked.query("msi_res_id");
        let who = if who.is_empty() { "system".to_owned() } else { who };
        (200, token(&format!("canary-token-of-{who}-for-{}", asked.query("resource")), 3600))
    })
}

fn token(text: &str, seconds: u64) -> String {
    // Numbers as texts, as version 1 writes them.
    let expires = unix(SystemTime::now()) + seconds;
    json!({"access_token": text, "token_type": "Bearer", "expires_on": expires.to_string()}).to_string()
}

fn assertion(asked: &Asked) -> Option<String> {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    (asked.field("client_assertion_type") == kind).then(|| asked.field("client_assertion"))
}

/// What is wrong with an assertion.
fn assertion_problem(asked: &Asked, pem: &str) -> Option<&'static str> {
    let Some(assertion) = assertion(asked) else { return Some("no assertion") };
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return Some("no token") };
    let certificate = certificate(pem);
    let signed = format!("{header}.{claims}");
    let signature = BASE64URL.decode(signature).expect("base64");
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key(&certificate));
    if key.verify(signed.as_bytes(), &signature).is_err() {
        return Some("the signature is wrong");
    }
    let json = |part: &str| serde_json::from_slice::<Value>(&BASE64URL.decode(part).expect("base64")).expect("JSON");
    let (header, claims) = (json(header), json(claims));
    let thumbprint = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate);
    if header["alg"] != "RS256" || header["typ"] != "JWT" || header["x5t"] != BASE64URL.encode(thumbprint) {
        return Some("the header is wrong");
    }
    let path = asked.target.split('?').next().unwrap_or_default();
    let audience = format!("http://{}{path}", asked.header("host"));
    if claims["iss"] != "client-1" || claims["sub"] != "client-1" || claims["aud"] != audience {
        return Some("the claims are wrong");
    }
    let now = unix(SystemTime::now());
    let in_time = claims["nbf"].as_u64() <= Some(now) && claims["exp"].as_u64() > Some(now);
    (!in_time || claims["jti"].as_str().is_none_or(|jti| jti.len() != 36)).then_some("the times are wrong")
}

fn certificate(pem: &str) -> Vec<u8> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----").expect("a certificate");
    let (body, _) = rest.split_once("-----END").expect("its end");
    let body: String = body.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(body).expect("base64")
}

/// The RSA key in a certificate: a sequence of a modulus of 2048 bits and an exponent of three bytes.
fn public_key(certificate: &[u8]) -> &[u8] {
    let start = certificate.windows(6).position(|window| window == [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82]);
    let start = start.expect("an RSA key of 2048 bits");
    &certificate[start..start + 270]
}

/// STS: `AssumeRole` for this external id, signed with keys whose id is given, and `AssumeRoleWithWebIdentity` for the
/// token `canary-web-identity`. Keys have numbers, from 1.
pub fn sts(key: &'static str, external_id: &'static str, seconds: u64) -> Service {
    let given = AtomicU64::new(0);
    Service::start(move |asked| {
        let authorization = asked.header("authorization");
        let allowed = match asked.field("Action").as_str() {
            "AssumeRole" => {
                authorization.contains(&format!("Credential={key}/"))
                    && authorization.contains("/us-east-1/sts/aws4_request")
                    && asked.field("ExternalId") == external_id
            }
            "AssumeRoleWithWebIdentity" => {
                authorization.is_empty() && asked.field("WebIdentityToken") == "canary-web-identity"
            }
            _ => false,
        };
        if !allowed || asked.field("RoleArn") != "arn:aws:iam::123456789012:role/director" {
            return refused("AccessDenied", "not authorized to perform: sts:AssumeRole");
        }
        let number = given.fetch_add(1, Ordering::Relaxed) + 1;
        let action = asked.field("Action");
        let expires = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_secs(seconds));
        let keys = format!(
            "<Credentials><AccessKeyId>ASIAROLE{number}</AccessKeyId><SecretAccessKey>canary-secret-{number}</SecretAccessKey>\
             <SessionToken>canary-session-{number}</SessionToken><Expiration>{expires}</Expiration></Credentials>"
        );
        (
            200,
            format!(
                "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{keys}</{action}Result>\
                 </{action}Response>"
            ),
        )
    })
}

fn refused(code: &str, message: &str) -> (u16, String) {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    (403, format!("<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">{error}</ErrorResponse>"))
}

/// The metadata service of EC2, version 2 only, for an instance with the role `director`.
pub fn ec2_metadata() -> Service {
    Service::start(|asked| {
        const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
        const LIFE: &str = "x-aws-ec2-metadata-token-ttl-seconds";
        let session = asked.header("x-aws-ec2-metadata-token");
        match (asked.method.as_str(), asked.target.strip_prefix(ROLES)) {
            ("PUT", _) if asked.target == "/latest/api/token" && !asked.header(LIFE).is_empty() => {
                Reply::from((200, "metadata-session".to_owned())).with(LIFE, asked.header(LIFE))
            }
            ("GET", _) if session != "metadata-session" => (401, String::new()).into(),
            ("GET", Some("")) => (200, "director".to_owned()).into(),
            ("GET", Some("director")) => (200, keys("ASIAINSTANCE")).into(),
            _ => (404, String::new()).into(),
        }
    })
}

/// The service that gives keys to a container, for those who know its token.
pub fn container() -> Service {
    Service::start(|asked| match asked.header("authorization") {
        "canary-container-token" => (200, keys("ASIACONTAINER")),
        _ => (403, json!({"code": "Forbidden", "message": "no token"}).to_string()),
    })
}

fn keys(id: &str) -> String {
    let expires = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_hours(6)).to_string();
    json!({
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": id, "SecretAccessKey": "canary-secret-of-a-machine",
        "Token": "canary-session-of-a-machine", "Expiration": expires, "LastUpdated": expires,
    })
    .to_string()
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}
