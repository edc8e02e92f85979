use cpi_plugin_sdk::{Failure, Tag, log};

use crate::encryption::Encryption;
use crate::properties::Properties;
use crate::settings::Settings;
use crate::volume_speed;

/// A VM as the operator wants it: the cloud properties over the settings.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "operators switch these one by one")]
pub(crate) struct VmProperties {
    /// The type to launch, and those that serve as well when EC2 has no room for it.
    pub instance_types: Vec<String>,
    /// The zone to launch in, and those that serve as well.
    pub availability_zones: Vec<String>,
    pub key_name: Option<String>,
    /// A name, or an ARN.
    pub iam_instance_profile: Option<String>,
    pub security_groups: Vec<String>,
    /// The price; an offer to the spot market.
    pub spot_bid_price: Option<String>,
    pub spot_ondemand_fallback: bool,
    pub placement_group: Option<String>,
    pub ebs_optimized: Option<bool>,
    pub dedicated: bool,
    pub auto_assign_public_ip: bool,
    pub source_dest_check: bool,
    pub advertised_routes: Vec<Route>,
    /// Names of classic load balancers.
    pub elbs: Vec<String>,
    /// Names of target groups.
    pub lb_target_groups: Vec<String>,
    pub metadata_options: Option<MetadataOptions>,
    pub tags: Vec<Tag>,
    pub root_disk: RootDisk,
    pub ephemeral_disk: EphemeralDisk,
    /// Local disks go to the agent as they are.
    pub raw_instance_storage: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub table: String,
    pub destination: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RootDisk {
    pub size_mib: Option<u64>,
    pub volume_type: Option<String>,
    pub iops: Option<u64>,
    pub throughput: Option<u64>,
    /// As far as the disk itself asks for it: the settings do not count, since stemcells are encrypted by them.
    pub encryption: Encryption,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EphemeralDisk {
    pub size_mib: Option<u64>,
    pub volume_type: Option<String>,
    pub iops: Option<u64>,
    pub throughput: Option<u64>,
    pub encryption: Encryption,
    /// Encryption was asked for here and not only by the settings.
    pub own_encryption: bool,
    pub use_instance_storage: bool,
    pub use_root_disk: bool,
}

/// How the VM reaches the metadata service.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MetadataOptions {
    pub http_tokens: Option<String>,
    pub http_put_response_hop_limit: Option<u64>,
    pub http_endpoint: Option<String>,
    pub http_protocol_ipv6: Option<String>,
    pub instance_metadata_tags: Option<String>,
}

impl VmProperties {
    pub(crate) fn parse(json: &str, settings: &Settings) -> Result<Self, Failure> {
        let properties = Properties::parse(json)?;
        let tags = properties.tags()?;
        let (instance_types, availability_zones) = required(&properties)?;
        let wanted = Self {
            instance_types,
            availability_zones,
            key_name: properties.text("key_name")?.or_else(|| settings.default_key_name.clone()),
            iam_instance_profile: properties
                .text("iam_instance_profile")?
                .or_else(|| settings.default_iam_instance_profile.clone()),
            security_groups: properties.strings("security_groups")?,
            spot_bid_price: properties.decimal("spot_bid_price")?,
            spot_ondemand_fallback: properties.flag("spot_ondemand_fallback")?.unwrap_or(false),
            placement_group: properties.text("placement_group")?,
            ebs_optimized: properties.flag("ebs_optimized")?,
            dedicated: dedicated(&properties)?,
            auto_assign_public_ip: properties.flag("auto_assign_public_ip")?.unwrap_or(false),
            source_dest_check: properties.flag("source_dest_check")?.unwrap_or(true),
            advertised_routes: routes(&properties)?,
            elbs: properties.strings("elbs")?,
            lb_target_groups: properties.strings("lb_target_groups")?,
            metadata_options: metadata_options(&properties, settings)?,
            tags,
            root_disk: root_disk(&properties.object("root_disk")?)?,
            ephemeral_disk: ephemeral_disk(&properties.object("ephemeral_disk")?, settings)?,
            raw_instance_storage: properties.flag("raw_instance_storage")?.unwrap_or(false),
        };
        properties.tell_unknown("the VM");
        Ok(wanted)
    }
}

fn required(properties: &Properties) -> Result<(Vec<String>, Vec<String>), Failure> {
    let types = alternatives(properties, "instance_type", "instance_types")?;
    let zones = alternatives(properties, "availability_zone", "availability_zones")?;
    let missing: Vec<_> = [("instance_type", &types), ("availability_zone", &zones)]
        .iter()
        .filter(|(_, values)| values.is_empty())
        .map(|(key, _)| format!("cloud_properties.{key}"))
        .collect();
    if missing.is_empty() {
        return Ok((types, zones));
    }
    Err(Failure::rejected(format!(
        "Missing properties: {}. See http://bosh.io/docs/aws-cpi.html for the list of supported properties.",
        missing.join(", ")
    )))
}

/// What stands under one key, and then what stands in the list under the other, each once.
pub(super) fn alternatives(properties: &Properties, one: &str, more: &str) -> Result<Vec<String>, Failure> {
    let mut all: Vec<String> = properties.text(one)?.into_iter().collect();
    for value in properties.strings(more)? {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    Ok(all)
}

/// The one tenancy that has an effect; other words have always been ignored.
fn dedicated(properties: &Properties) -> Result<bool, Failure> {
    match properties.text("tenancy")?.as_deref() {
        Some("dedicated") => Ok(true),
        None | Some("default") => Ok(false),
        Some(other) => {
            log::warn("this tenancy has no effect; 'dedicated' would have one", &[("tenancy", other)]);
            Ok(false)
        }
    }
}

fn routes(properties: &Properties) -> Result<Vec<Route>, Failure> {
    let part = |route: &Properties, key: &str| {
        route.text(key)?.ok_or_else(|| Failure::rejected(format!("'advertised_routes' needs a '{key}' in every entry")))
    };
    let read =
        |route: &Properties| Ok(Route { table: part(route, "table_id")?, destination: part(route, "destination")? });
    properties.objects("advertised_routes")?.iter().map(read).collect()
}

fn root_disk(disk: &Properties) -> Result<RootDisk, Failure> {
    let volume_type = disk.text("type")?;
    let iops = disk.number("iops")?.filter(|iops| *iops > 0);
    // What the type cannot use has always been left out here.
    volume_speed::check_given("root_disk.", volume_type.as_deref().unwrap_or_default(), iops)?;
    Ok(RootDisk {
        size_mib: disk.number("size")?.filter(|size| *size > 0),
        volume_type,
        iops,
        throughput: disk.number("throughput")?.filter(|throughput| *throughput > 0),
        encryption: Encryption::own(disk)?,
    })
}

fn ephemeral_disk(disk: &Properties, settings: &Settings) -> Result<EphemeralDisk, Failure> {
    let volume_type = disk.text("type")?;
    let (iops, throughput) = (disk.number("iops")?, disk.number("throughput")?);
    volume_speed::check("ephemeral_disk.", volume_type.as_deref().unwrap_or_default(), iops, throughput)?;
    let use_instance_storage = disk.flag("use_instance_storage")?.unwrap_or(false);
    let use_root_disk = disk.flag("use_root_disk")?.unwrap_or(false);
    // There is no volume of its own then.
    let encryption = if use_instance_storage || use_root_disk { Encryption::if_any } else { Encryption::of };
    Ok(EphemeralDisk {
        size_mib: disk.number("size")?,
        volume_type,
        iops,
        throughput,
        encryption: encryption(disk, settings)?,
        own_encryption: disk.flag("encrypted")?.unwrap_or(false),
        use_instance_storage,
        use_root_disk,
    })
}

/// The VM's options over those of the settings, key by key. The keys are those of the BOSH documentation.
fn metadata_options(properties: &Properties, settings: &Settings) -> Result<Option<MetadataOptions>, Failure> {
    const KEYS: &[&str] = &[
        "http_tokens",
        "http_put_response_hop_limit",
        "http_endpoint",
        "http_protocol_ipv_6",
        "http_protocol_ipv6",
        "instance_metadata_tags",
    ];
    let merged = settings.metadata_options.clone().overlaid_with(&properties.object("metadata_options")?);
    if let Some(unknown) = merged.keys().find(|key| !KEYS.contains(key)) {
        let known = KEYS.join(", ");
        return Err(Failure::invalid(format!("'metadata_options.{unknown}' is not known; there are: {known}")));
    }
    if merged.keys().next().is_none() {
        return Ok(None);
    }
    let ipv6 = merged.text("http_protocol_ipv6")?;
    Ok(Some(MetadataOptions {
        http_tokens: merged.text("http_tokens")?,
        http_put_response_hop_limit: merged.number("http_put_response_hop_limit")?,
        http_endpoint: merged.text("http_endpoint")?,
        http_protocol_ipv6: merged.text("http_protocol_ipv_6")?.or(ipv6),
        instance_metadata_tags: merged.text("instance_metadata_tags")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(json: &str, settings: &str) -> Result<VmProperties, Failure> {
        VmProperties::parse(json, &testing::settings(settings))
    }

    fn vm(extra: &str, settings: &str) -> VmProperties {
        parse(&format!(r#"{{"instance_type": "m5.large", "availability_zone": "a"{extra}}}"#), settings).unwrap()
    }

    #[test]
    fn missing_properties_are_told_together() {
        assert_eq!(
            parse("{}", "{}").unwrap_err(),
            Failure::rejected(
                "Missing properties: cloud_properties.instance_type, cloud_properties.availability_zone. \
                 See http://bosh.io/docs/aws-cpi.html for the list of supported properties."
            )
        );
    }

    #[test]
    fn alternatives_follow_the_first_choice() {
        let vm = vm(r#", "instance_types": ["m5a.large", "m5.large"], "availability_zones": ["b"]"#, "{}");
        assert_eq!(vm.instance_types, ["m5.large", "m5a.large"]);
        assert_eq!(vm.availability_zones, ["a", "b"]);
        let lists = parse(r#"{"instance_types": ["t"], "availability_zones": "z"}"#, "{}").unwrap();
        assert_eq!((lists.instance_types, lists.availability_zones), (vec!["t".to_owned()], vec!["z".to_owned()]));
    }

    #[test]
    fn settings_are_the_defaults() {
        let settings = r#"{"default_key_name": "k", "default_iam_instance_profile": "p"}"#;
        let plain = vm("", settings);
        assert_eq!((plain.key_name.as_deref(), plain.iam_instance_profile.as_deref()), (Some("k"), Some("p")));
        assert!(plain.source_dest_check && !plain.dedicated && plain.metadata_options.is_none());
        let own = vm(r#", "key_name": "own", "tenancy": "dedicated", "source_dest_check": false"#, settings);
        assert!(own.key_name.as_deref() == Some("own") && own.dedicated && !own.source_dest_check);
    }

    #[test]
    fn metadata_options_are_merged_key_by_key() {
        let settings = r#"{"metadata_options": {"http_endpoint": "enabled", "http_tokens": "required"}}"#;
        let options =
            vm(r#", "metadata_options": {"http_tokens": "optional", "http_protocol_ipv_6": "enabled"}"#, settings)
                .metadata_options
                .unwrap();
        assert_eq!(options.http_tokens.as_deref(), Some("optional"));
        assert_eq!(options.http_endpoint.as_deref(), Some("enabled"));
        assert_eq!(options.http_protocol_ipv6.as_deref(), Some("enabled"));
        let unknown = parse(r#"{"instance_type": "t", "availability_zone": "a", "metadata_options": {"x": 1}}"#, "{}");
        assert!(matches!(unknown, Err(Failure::Invalid(text)) if text.contains("metadata_options.x")));
    }

    #[test]
    fn routes_need_both_parts() {
        let whole = vm(r#", "advertised_routes": [{"table_id": "rtb-1", "destination": "10.0.0.0/8"}]"#, "{}");
        assert_eq!(whole.advertised_routes[0].table, "rtb-1");
        let half = r#"{"instance_type": "t", "availability_zone": "a", "advertised_routes": [{"table_id": "rtb-1"}]}"#;
        assert!(parse(half, "{}").unwrap_err().message().contains("'destination'"));
    }
}
