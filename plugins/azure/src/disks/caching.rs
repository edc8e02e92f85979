use cpi_plugin_sdk::Failure;

/// How the machine under a VM caches a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    None,
    ReadOnly,
    ReadWrite,
}

impl Caching {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "None" => Ok(Self::None),
            "ReadOnly" => Ok(Self::ReadOnly),
            "ReadWrite" => Ok(Self::ReadWrite),
            other => {
                Err(Failure::rejected(format!("Unknown disk caching {other}: it can be None, ReadOnly, ReadWrite")))
            }
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::ReadOnly => "ReadOnly",
            Self::ReadWrite => "ReadWrite",
        }
    }
}
