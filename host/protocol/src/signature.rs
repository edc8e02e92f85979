use std::fmt;
use std::ops::RangeInclusive;

use crate::Method;

/// An argument of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// What error messages call it.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// Whether callers may leave it out.
    pub optional: bool,
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text, mostly an identifier.
    Text,
    /// A JSON object.
    Object,
    /// A list of texts.
    Texts,
    /// A whole number of MiB.
    Mebibytes,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "string",
            Self::Object => "object",
            Self::Texts => "list of strings",
            Self::Mebibytes => "number of MiB",
        })
    }
}

impl Method {
    /// How many arguments callers send: fewer are an error, more are left unread.
    pub fn arity(self) -> RangeInclusive<usize> {
        let arguments = self.arguments();
        arguments.iter().filter(|argument| !argument.optional).count()..=arguments.len()
    }

    /// What it does, in a few words.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Info => "stemcell formats and API version",
            Self::CurrentVmId => "identifier of the VM that this runs on",
            Self::CreateStemcell => "creates an image, returns its identifier",
            Self::DeleteStemcell => "deletes an image",
            Self::CreateVm => "creates a VM, returns its identifier and networks",
            Self::DeleteVm => "deletes a VM",
            Self::HasVm => "whether a VM exists",
            Self::RebootVm => "restarts a VM",
            Self::SetVmMetadata => "adds tags to a VM",
            Self::SetDiskMetadata => "adds tags to a disk",
            Self::CreateDisk => "creates a disk, returns its identifier",
            Self::UpdateDisk => "changes a disk's size and properties",
            Self::HasDisk => "whether a disk exists",
            Self::DeleteDisk => "deletes a disk",
            Self::AttachDisk => "attaches a disk, returns where the VM finds it",
            Self::DetachDisk => "detaches a disk",
            Self::SnapshotDisk => "creates a snapshot, returns its identifier",
            Self::DeleteSnapshot => "deletes a snapshot",
            Self::GetDisks => "identifiers of a VM's disks",
            Self::ResizeDisk => "makes a disk larger",
            Self::Ping => "answers pong",
            Self::CalculateVmCloudProperties => "cloud properties of the smallest VM that fits",
            Self::CreateNetwork => "creates a network",
            Self::DeleteNetwork => "deletes a network",
        }
    }

    /// What callers send, in this order.
    pub fn arguments(self) -> &'static [Argument] {
        const VM: Argument = text("vm_cid");
        const DISK: Argument = text("disk_cid");
        const PROPERTIES: Argument = object("cloud_properties");
        match self {
            Self::Info | Self::CurrentVmId | Self::Ping => &[],
            Self::CreateStemcell => const { &[text("image_path"), PROPERTIES, optional(object("env"))] },
            Self::DeleteStemcell => const { &[text("stemcell_cid")] },
            Self::CreateVm => {
                const {
                    &[
                        text("agent_id"),
                        text("stemcell_cid"),
                        PROPERTIES,
                        object("networks"),
                        optional(Argument { name: "disk_cids", kind: Kind::Texts, optional: false }),
                        optional(object("env")),
                    ]
                }
            }
            Self::DeleteVm | Self::HasVm | Self::RebootVm | Self::GetDisks => const { &[VM] },
            Self::SetVmMetadata => const { &[VM, object("metadata")] },
            Self::SetDiskMetadata | Self::SnapshotDisk => const { &[DISK, object("metadata")] },
            Self::CreateDisk => const { &[mebibytes("size"), PROPERTIES, optional(VM)] },
            Self::UpdateDisk => const { &[DISK, mebibytes("new_size"), PROPERTIES] },
            Self::HasDisk | Self::DeleteDisk => const { &[DISK] },
            Self::AttachDisk | Self::DetachDisk => const { &[VM, DISK] },
            Self::DeleteSnapshot => const { &[text("snapshot_cid")] },
            Self::ResizeDisk => const { &[DISK, mebibytes("new_size")] },
            Self::CalculateVmCloudProperties => const { &[object("requirements")] },
            Self::CreateNetwork => const { &[object("definition")] },
            Self::DeleteNetwork => const { &[text("network_cid")] },
        }
    }
}

const fn text(name: &'static str) -> Argument {
    Argument { name, kind: Kind::Text, optional: false }
}

const fn object(name: &'static str) -> Argument {
    Argument { name, kind: Kind::Object, optional: false }
}

const fn mebibytes(name: &'static str) -> Argument {
    Argument { name, kind: Kind::Mebibytes, optional: false }
}

const fn optional(argument: Argument) -> Argument {
    Argument { optional: true, ..argument }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Call, Request};

    /// The table says what the parser asks for: an argument of another kind is refused by that name.
    #[test]
    fn every_argument_is_parsed_as_the_table_says() {
        for method in Method::ALL {
            let right = |argument: &Argument| match argument.kind {
                Kind::Text => json!("x"),
                Kind::Object => json!({"cpu": 1, "ram": 1, "ephemeral_disk_size": 1, "type": "manual"}),
                Kind::Texts => json!(["x"]),
                Kind::Mebibytes => json!(1),
            };
            let arguments = method.arguments();
            for (index, argument) in arguments.iter().enumerate() {
                let mut values: Vec<Value> = arguments.iter().map(right).collect();
                // The networks of a VM are objects within an object.
                if method == Method::CreateVm {
                    values[3] = json!({});
                }
                values[index] = json!(true);
                let request = json!({"method": method.name(), "arguments": values, "context": {"director_uuid": "d"}});
                let error = Call::parse(&Request::parse(request.to_string().as_bytes()).unwrap()).unwrap_err();
                let name = format!("argument {} ({})", index + 1, argument.name);
                assert!(error.message().contains(&name), "{}: {error}", method.name());
            }
        }
    }
}
