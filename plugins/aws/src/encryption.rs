use cpi_plugin_sdk::Failure;

use crate::properties::Properties;
use crate::settings::Settings;

/// Whether a volume or an image is encrypted, and with which key of the customer's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Encryption {
    pub encrypted: bool,
    pub kms_key: Option<String>,
}

impl Encryption {
    /// The properties' own keys win over the settings, also with a null. A default key goes with encryption only; a key
    /// of the properties' own without encryption is a mistake that EC2 would refuse less clearly.
    pub(crate) fn of(properties: &Properties, settings: &Settings) -> Result<Self, Failure> {
        let own = properties.has("encrypted");
        let encrypted = if own { properties.flag("encrypted")?.unwrap_or(false) } else { settings.encrypted };
        let own_key = properties.text("kms_key_arn")?;
        match (encrypted, own_key) {
            (false, Some(key)) => Err(Failure::rejected(format!(
                "'kms_key_arn' is '{key}', but 'encrypted' is not true: set 'encrypted' or leave out the key"
            ))),
            (false, None) => Ok(Self::default()),
            (true, Some(key)) => Ok(Self { encrypted, kms_key: Some(key) }),
            (true, None) if properties.has("kms_key_arn") => Ok(Self { encrypted, kms_key: None }),
            (true, None) => Ok(Self { encrypted, kms_key: settings.kms_key_arn.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn encryption(properties: &str, settings: &str) -> Result<Encryption, Failure> {
        Encryption::of(&Properties::parse(properties).unwrap(), &testing::settings(settings))
    }

    #[test]
    fn properties_win_over_settings() {
        let global = r#"{"encrypted": true, "kms_key_arn": "global"}"#;
        let with = |kms_key: Option<&str>| Encryption { encrypted: true, kms_key: kms_key.map(str::to_owned) };
        assert_eq!(encryption("{}", global).unwrap(), with(Some("global")));
        assert_eq!(encryption(r#"{"kms_key_arn": "own"}"#, global).unwrap(), with(Some("own")));
        assert_eq!(encryption(r#"{"kms_key_arn": null}"#, global).unwrap(), with(None));
        assert_eq!(encryption(r#"{"encrypted": false}"#, global).unwrap(), Encryption::default());
        assert_eq!(encryption(r#"{"encrypted": null}"#, global).unwrap(), Encryption::default());
    }

    #[test]
    fn a_default_key_alone_encrypts_nothing() {
        assert_eq!(encryption("{}", r#"{"kms_key_arn": "global"}"#).unwrap(), Encryption::default());
    }

    #[test]
    fn an_own_key_without_encryption_is_refused() {
        assert!(
            encryption(r#"{"kms_key_arn": "own"}"#, "{}").unwrap_err().message().contains("'encrypted' is not true")
        );
    }
}
