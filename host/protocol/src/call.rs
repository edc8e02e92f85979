use serde_json::Value;

use crate::arguments::{Arguments, kind_of};
use crate::{CpiError, Method, Network, NetworkSpec, Object, Request, Tag};

/// A method with its arguments, typed.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum Call {
    Info,
    Ping,
    CurrentVmId,
    CreateStemcell { image_path: String, properties: Object, tags: Vec<Tag> },
    DeleteStemcell { stemcell: String },
    CreateVm(Box<CreateVm>),
    DeleteVm { vm: String },
    HasVm { vm: String },
    RebootVm { vm: String },
    SetVmMetadata { vm: String, metadata: Vec<Tag> },
    CalculateVmCloudProperties(VmSize),
    CreateDisk { size_mib: u64, properties: Object, near_vm: Option<String> },
    DeleteDisk { disk: String },
    HasDisk { disk: String },
    AttachDisk { vm: String, disk: String },
    DetachDisk { vm: String, disk: String },
    GetDisks { vm: String },
    SetDiskMetadata { disk: String, metadata: Vec<Tag> },
    ResizeDisk { disk: String, size_mib: u64 },
    UpdateDisk { disk: String, size_mib: u64, properties: Object },
    SnapshotDisk { disk: String, metadata: Vec<Tag> },
    DeleteSnapshot { snapshot: String },
    CreateNetwork(NetworkSpec),
    DeleteNetwork { network: String },
}

/// The arguments of `create_vm`.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the members are the protocol's")]
pub struct CreateVm {
    pub agent_id: String,
    pub stemcell: String,
    pub properties: Object,
    pub networks: Vec<Network>,
    /// Argument 4 as it came: it goes to the agent and back to the caller.
    pub network_settings: Object,
    pub near_disks: Vec<String>,
    /// Argument 6 as it came. It holds private keys: it goes to the agent and nowhere else.
    pub env: Option<Object>,
    pub tags: Vec<Tag>,
    /// The last is that of the VM's own instance group, where the caller says it.
    pub groups: Vec<String>,
}

/// What `calculate_vm_cloud_properties` asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the members are the protocol's")]
pub struct VmSize {
    pub cpu: f64,
    pub ram_mib: f64,
    pub ephemeral_disk_mib: f64,
}

impl Call {
    /// Gives types to a request's arguments; those beyond the method's arity are not looked at.
    pub fn parse(request: &Request) -> Result<Self, CpiError> {
        let method = request.method;
        let arity = method.arity();
        let given = request.arguments.len();
        if given < *arity.start() {
            let (least, most) = (arity.start(), arity.end());
            let expected = if least == most { least.to_string() } else { format!("{least}..{most}") };
            return Err(CpiError::arguments(format!("wrong number of arguments (given {given}, expected {expected})")));
        }
        let arguments = Arguments(&request.arguments);
        let vm = || arguments.string(0, "vm_cid");
        let disk = || arguments.string(0, "disk_cid");
        Ok(match method {
            Method::Info => Self::Info,
            Method::Ping => Self::Ping,
            Method::CurrentVmId => Self::CurrentVmId,
            Method::CreateStemcell => Self::CreateStemcell {
                image_path: arguments.string(0, "image_path")?,
                properties: arguments.object(1, "cloud_properties")?,
                tags: member_tags(&arguments.object(2, "env")?, "argument 3 (env)")?,
            },
            Method::DeleteStemcell => Self::DeleteStemcell { stemcell: arguments.string(0, "stemcell_cid")? },
            Method::CreateVm => Self::CreateVm(Box::new(CreateVm::parse(&arguments)?)),
            Method::DeleteVm => Self::DeleteVm { vm: vm()? },
            Method::HasVm => Self::HasVm { vm: vm()? },
            Method::RebootVm => Self::RebootVm { vm: vm()? },
            Method::SetVmMetadata => Self::SetVmMetadata { vm: vm()?, metadata: metadata(&arguments)? },
            Method::CalculateVmCloudProperties => Self::CalculateVmCloudProperties(VmSize::parse(&arguments)?),
            Method::CreateDisk => Self::CreateDisk {
                size_mib: arguments.mebibytes(0, "size")?,
                properties: arguments.object(1, "cloud_properties")?,
                near_vm: arguments.optional_string(2, "vm_cid")?,
            },
            Method::DeleteDisk => Self::DeleteDisk { disk: disk()? },
            Method::HasDisk => Self::HasDisk { disk: disk()? },
            Method::AttachDisk => Self::AttachDisk { vm: vm()?, disk: arguments.string(1, "disk_cid")? },
            Method::DetachDisk => Self::DetachDisk { vm: vm()?, disk: arguments.string(1, "disk_cid")? },
            Method::GetDisks => Self::GetDisks { vm: vm()? },
            Method::SetDiskMetadata => Self::SetDiskMetadata { disk: disk()?, metadata: metadata(&arguments)? },
            Method::ResizeDisk => Self::ResizeDisk { disk: disk()?, size_mib: arguments.mebibytes(1, "new_size")? },
            Method::UpdateDisk => Self::UpdateDisk {
                disk: disk()?,
                size_mib: arguments.mebibytes(1, "new_size")?,
                properties: arguments.object(2, "cloud_properties")?,
            },
            Method::SnapshotDisk => Self::SnapshotDisk { disk: disk()?, metadata: metadata(&arguments)? },
            Method::DeleteSnapshot => Self::DeleteSnapshot { snapshot: arguments.string(0, "snapshot_cid")? },
            Method::CreateNetwork => Self::CreateNetwork(NetworkSpec::parse(&arguments.object(0, "definition")?)?),
            Method::DeleteNetwork => Self::DeleteNetwork { network: arguments.string(0, "network_cid")? },
        })
    }
}

impl CreateVm {
    fn parse(arguments: &Arguments<'_>) -> Result<Self, CpiError> {
        let network_settings = arguments.object(3, "networks")?;
        let env = match arguments.get(5) {
            Value::Null => None,
            _ => Some(arguments.object(5, "env")?),
        };
        let bosh = env.as_ref().and_then(|env| env.get("bosh")).and_then(Value::as_object);
        Ok(Self {
            agent_id: arguments.string(0, "agent_id")?,
            stemcell: arguments.string(1, "stemcell_cid")?,
            properties: arguments.object(2, "cloud_properties")?,
            networks: Network::parse_all(&network_settings)?,
            network_settings,
            near_disks: arguments.strings(4, "disk_cids")?,
            tags: bosh.map_or(Ok(Vec::new()), |bosh| member_tags(bosh, "argument 6 (env): bosh"))?,
            groups: bosh.map(groups).unwrap_or_default(),
            env,
        })
    }
}

/// `groups`, and `group` at their end. Directors send it as the last of them, too.
fn groups(bosh: &Object) -> Vec<String> {
    let all = bosh.get("groups").and_then(Value::as_array).into_iter().flatten();
    let own = bosh.get("group").and_then(Value::as_str);
    let others = all.filter_map(Value::as_str).filter(|group| Some(*group) != own);
    others.chain(own).map(str::to_owned).collect()
}

impl VmSize {
    fn parse(arguments: &Arguments<'_>) -> Result<Self, CpiError> {
        const KEYS: [&str; 3] = ["cpu", "ram", "ephemeral_disk_size"];
        let requirements = arguments.object(0, "requirements")?;
        let missing: Vec<_> = KEYS
            .into_iter()
            .filter(|key| requirements.get(*key).is_none_or(Value::is_null))
            .map(|key| format!("'{key}'"))
            .collect();
        if !missing.is_empty() {
            return Err(CpiError::arguments(format!("Missing VM cloud properties: {}", missing.join(", "))));
        }
        let number = |key: &str| {
            requirements
                .get(key)
                .and_then(Value::as_f64)
                .ok_or_else(|| CpiError::arguments(format!("VM cloud property '{key}' must be a number")))
        };
        Ok(Self { cpu: number("cpu")?, ram_mib: number("ram")?, ephemeral_disk_mib: number("ephemeral_disk_size")? })
    }
}

fn metadata(arguments: &Arguments<'_>) -> Result<Vec<Tag>, CpiError> {
    Ok(Tag::from_object(&arguments.object(1, "metadata")?))
}

fn member_tags(object: &Object, owner: &str) -> Result<Vec<Tag>, CpiError> {
    match object.get("tags") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(tags)) => Ok(Tag::from_object(tags)),
        Some(other) => Err(CpiError::arguments(format!("{owner}: tags must be an object, got {}", kind_of(other)))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(method: &str, arguments: &Value) -> Result<Call, CpiError> {
        let request = json!({"method": method, "arguments": arguments, "context": {"director_uuid": "d"}});
        Call::parse(&Request::parse(request.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn too_few_arguments_are_counted() {
        let message = parse("create_vm", &json!(["agent"])).unwrap_err();
        assert_eq!(
            message.message(),
            "Arguments are not correct, details: 'wrong number of arguments (given 1, expected 4..6)'"
        );
    }

    #[test]
    fn a_wrong_type_is_named_by_position_and_not_quoted() {
        let error = parse("attach_disk", &json!(["vm", {"password": "hunter2"}])).unwrap_err();
        assert!(error.message().contains("argument 2 (disk_cid) must be a string, got an object"), "{error}");
        assert!(!error.message().contains("hunter2"));
    }

    #[test]
    fn null_stands_for_nothing_in_optional_places() {
        assert!(parse("create_disk", &json!([1024, null, null])).is_ok());
        assert!(parse("create_stemcell", &json!(["/x", null])).is_ok());
        let Call::CreateVm(vm) = parse("create_vm", &json!(["a", "s", {}, {}, null, null])).unwrap() else {
            panic!("another call");
        };
        assert_eq!((vm.near_disks.len(), vm.env), (0, None));
    }

    #[test]
    fn a_disk_size_is_a_whole_number() {
        for size in [json!("1024"), json!(1.5), json!(-1)] {
            let error = parse("create_disk", &json!([size, {}])).unwrap_err();
            assert!(error.message().contains("disk size needs to be an integer"), "{error}");
        }
    }

    #[test]
    fn every_missing_requirement_is_named() {
        let error = parse("calculate_vm_cloud_properties", &json!([{"cpu": 1}])).unwrap_err();
        assert!(error.message().contains("Missing VM cloud properties: 'ram', 'ephemeral_disk_size'"), "{error}");
    }
}
