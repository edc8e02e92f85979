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
    /// What the properties alone ask for.
    pub(crate) fn own(properties: &Properties) -> Result<Self, Failure> {
        let encrypted = properties.flag("encrypted")?.unwrap_or(false);
        Self { encrypted, kms_key: properties.text("kms_key_arn")? }.checked()
    }

    /// The properties' own keys win over the settings, also with a null. A default key goes with encryption only.
    pub(crate) fn of(properties: &Properties, settings: &Settings) -> Result<Self, Failure> {
        Self::read(properties, settings)?.checked()
    }

    /// The same of something that is only made anew where it shall be encrypted: else a key has no effect.
    pub(crate) fn if_any(properties: &Properties, settings: &Settings) -> Result<Self, Failure> {
        let wanted = Self::read(properties, settings)?;
        Ok(if wanted.encrypted { wanted } else { Self::default() })
    }

    fn read(properties: &Properties, settings: &Settings) -> Result<Self, Failure> {
        let encrypted = match properties.flag("encrypted")? {
            None => settings.encrypted && !properties.has("encrypted"),
            Some(encrypted) => encrypted,
        };
        let default_key = || settings.kms_key_arn.clone().filter(|_| encrypted && !properties.has("kms_key_arn"));
        Ok(Self { encrypted, kms_key: properties.text("kms_key_arn")?.or_else(default_key) })
    }

    /// A key without encryption is a mistake that EC2 would refuse less clearly.
    fn checked(self) -> Result<Self, Failure> {
        match &self.kms_key {
            Some(key) if !self.encrypted => Err(Failure::rejected(format!(
                "'kms_key_arn' is '{key}', but 'encrypted' is not true: set 'encrypted' or leave out the key"
            ))),
            _ => Ok(self),
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
        let given = Properties::parse(r#"{"kms_key_arn": "own"}"#).unwrap();
        let settings = testing::settings("{}");
        assert_eq!(Encryption::if_any(&given, &settings).unwrap(), Encryption::default());
    }
}
