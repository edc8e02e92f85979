/// A type of resource. Each has versions of its interface of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ApplicationGateway,
    ApplicationSecurityGroup,
    AvailabilitySet,
    CapacityReservationGroup,
    Disk,
    DiskEncryptionSet,
    Gallery,
    GalleryImage,
    GalleryImageVersion,
    HostGroup,
    Image,
    LoadBalancer,
    NetworkInterface,
    NetworkSecurityGroup,
    ProximityPlacementGroup,
    PublicIpAddress,
    Snapshot,
    StorageAccount,
    UserAssignedIdentity,
    VirtualMachine,
    VirtualNetwork,
}

/// Versions of interfaces: of the public clouds, and of the hybrid profile of Azure Stack Hub (2020-09-01).
struct Versions {
    public: &'static str,
    stack: &'static str,
}

// The first with ETags of virtual machines; it starts no Trusted Launch that nobody asked for.
const COMPUTE: Versions = Versions { public: "2024-07-01", stack: "2020-06-01" };
const DISKS: Versions = Versions { public: "2023-04-02", stack: "2019-07-01" };
// Azure Stack Hub has no galleries; asked for one, it says so.
const GALLERIES: Versions = Versions { public: "2025-03-03", stack: "2025-03-03" };
const NETWORK: Versions = Versions { public: "2024-05-01", stack: "2018-11-01" };
const IDENTITY: Versions = Versions { public: "2023-01-31", stack: "2018-11-30" };
const SKUS: Versions = Versions { public: "2021-07-01", stack: "2019-04-01" };
const STORAGE: Versions = Versions { public: "2023-05-01", stack: "2019-06-01" };
const GROUPS: Versions = Versions { public: "2021-04-01", stack: "2019-10-01" };

impl Versions {
    const fn of(&self, stack: bool) -> &'static str {
        if stack { self.stack } else { self.public }
    }
}

impl Kind {
    /// As ARM writes it: `Microsoft.Compute/disks`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ApplicationGateway => "Microsoft.Network/applicationGateways",
            Self::ApplicationSecurityGroup => "Microsoft.Network/applicationSecurityGroups",
            Self::AvailabilitySet => "Microsoft.Compute/availabilitySets",
            Self::CapacityReservationGroup => "Microsoft.Compute/capacityReservationGroups",
            Self::Disk => "Microsoft.Compute/disks",
            Self::DiskEncryptionSet => "Microsoft.Compute/diskEncryptionSets",
            Self::Gallery => "Microsoft.Compute/galleries",
            Self::GalleryImage => "Microsoft.Compute/galleries/images",
            Self::GalleryImageVersion => "Microsoft.Compute/galleries/images/versions",
            Self::HostGroup => "Microsoft.Compute/hostGroups",
            Self::Image => "Microsoft.Compute/images",
            Self::LoadBalancer => "Microsoft.Network/loadBalancers",
            Self::NetworkInterface => "Microsoft.Network/networkInterfaces",
            Self::NetworkSecurityGroup => "Microsoft.Network/networkSecurityGroups",
            Self::ProximityPlacementGroup => "Microsoft.Compute/proximityPlacementGroups",
            Self::PublicIpAddress => "Microsoft.Network/publicIPAddresses",
            Self::Snapshot => "Microsoft.Compute/snapshots",
            Self::StorageAccount => "Microsoft.Storage/storageAccounts",
            Self::UserAssignedIdentity => "Microsoft.ManagedIdentity/userAssignedIdentities",
            Self::VirtualMachine => "Microsoft.Compute/virtualMachines",
            Self::VirtualNetwork => "Microsoft.Network/virtualNetworks",
        }
    }

    pub(super) const fn version(self, stack: bool) -> &'static str {
        match self {
            Self::Disk | Self::Snapshot | Self::DiskEncryptionSet => DISKS.of(stack),
            Self::AvailabilitySet
            | Self::CapacityReservationGroup
            | Self::HostGroup
            | Self::Image
            | Self::ProximityPlacementGroup
            | Self::VirtualMachine => COMPUTE.of(stack),
            Self::Gallery | Self::GalleryImage | Self::GalleryImageVersion => GALLERIES.of(stack),
            Self::StorageAccount => STORAGE.of(stack),
            Self::UserAssignedIdentity => IDENTITY.of(stack),
            _ => NETWORK.of(stack),
        }
    }

    /// Images that the marketplace offers.
    pub(super) const fn offers(stack: bool) -> &'static str {
        COMPUTE.of(stack)
    }

    /// What can be had of a subscription: the sizes of VMs and what they offer.
    pub(super) const fn skus(stack: bool) -> &'static str {
        SKUS.of(stack)
    }

    /// What is asked of storage as a whole.
    pub(super) const fn storage(stack: bool) -> &'static str {
        STORAGE.of(stack)
    }

    pub(super) const fn resource_groups(stack: bool) -> &'static str {
        GROUPS.of(stack)
    }
}
