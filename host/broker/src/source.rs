//! Where credentials come from.

use aws_credential_types::Credentials;
use cpi_policy::CredentialFields;

use crate::egress::Problem;

/// Keys for AWS, as `credentials_source` says: `static`, which is the default.
pub(crate) fn aws(fields: &CredentialFields) -> Result<Credentials, Problem> {
    let wrong = |text: &str| Err(Problem::NoCredentials(text.to_owned()));
    let key = fields.text("access_key_id");
    let secret = fields.text("secret_access_key");
    match (fields.text("credentials_source").unwrap_or("static"), key.zip(secret)) {
        ("static", Some((key, secret))) => {
            if fields.text("role_arn").is_some_and(|role| !role.is_empty()) {
                return wrong("role_arn is set, but this version cannot assume roles: use the keys of a user");
            }
            let token = fields.text("session_token").filter(|token| !token.is_empty()).map(str::to_owned);
            Ok(Credentials::new(key, secret, token, None, "configuration"))
        }
        ("static", None) => wrong("Must use access_key_id and secret_access_key with static credentials_source"),
        ("env_or_profile", _) if key.is_some() || secret.is_some() => {
            wrong("Can't use access_key_id and secret_access_key with env_or_profile credentials_source")
        }
        ("env_or_profile", _) => wrong(
            "credentials_source is env_or_profile, but this version signs with static keys only: \
             set credentials_source to static, with access_key_id and secret_access_key",
        ),
        (other, _) => wrong(&format!("Unknown credentials_source {other}")),
    }
}
