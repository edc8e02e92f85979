/// A method of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum Method {
    Info,
    CurrentVmId,
    CreateStemcell,
    DeleteStemcell,
    CreateVm,
    DeleteVm,
    HasVm,
    RebootVm,
    SetVmMetadata,
    SetDiskMetadata,
    CreateDisk,
    UpdateDisk,
    HasDisk,
    DeleteDisk,
    AttachDisk,
    DetachDisk,
    SnapshotDisk,
    DeleteSnapshot,
    GetDisks,
    ResizeDisk,
    Ping,
    CalculateVmCloudProperties,
    CreateNetwork,
    DeleteNetwork,
}

impl Method {
    /// Every method, in the order of the reference library.
    pub const ALL: [Self; 24] = [
        Self::Info,
        Self::CurrentVmId,
        Self::CreateStemcell,
        Self::DeleteStemcell,
        Self::CreateVm,
        Self::DeleteVm,
        Self::HasVm,
        Self::RebootVm,
        Self::SetVmMetadata,
        Self::SetDiskMetadata,
        Self::CreateDisk,
        Self::UpdateDisk,
        Self::HasDisk,
        Self::DeleteDisk,
        Self::AttachDisk,
        Self::DetachDisk,
        Self::SnapshotDisk,
        Self::DeleteSnapshot,
        Self::GetDisks,
        Self::ResizeDisk,
        Self::Ping,
        Self::CalculateVmCloudProperties,
        Self::CreateNetwork,
        Self::DeleteNetwork,
    ];

    /// The method of that name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::CurrentVmId => "current_vm_id",
            Self::CreateStemcell => "create_stemcell",
            Self::DeleteStemcell => "delete_stemcell",
            Self::CreateVm => "create_vm",
            Self::DeleteVm => "delete_vm",
            Self::HasVm => "has_vm",
            Self::RebootVm => "reboot_vm",
            Self::SetVmMetadata => "set_vm_metadata",
            Self::SetDiskMetadata => "set_disk_metadata",
            Self::CreateDisk => "create_disk",
            Self::UpdateDisk => "update_disk",
            Self::HasDisk => "has_disk",
            Self::DeleteDisk => "delete_disk",
            Self::AttachDisk => "attach_disk",
            Self::DetachDisk => "detach_disk",
            Self::SnapshotDisk => "snapshot_disk",
            Self::DeleteSnapshot => "delete_snapshot",
            Self::GetDisks => "get_disks",
            Self::ResizeDisk => "resize_disk",
            Self::Ping => "ping",
            Self::CalculateVmCloudProperties => "calculate_vm_cloud_properties",
            Self::CreateNetwork => "create_network",
            Self::DeleteNetwork => "delete_network",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_name() {
        for method in Method::ALL {
            assert_eq!(Method::from_name(method.name()), Some(method));
        }
        assert_eq!(Method::from_name("make_tea"), None);
    }
}
