use aws_sdk_ec2::types::{EbsNvmeSupport, EphemeralNvmeSupport, InstanceType, InstanceTypeInfo};
use cpi_plugin_sdk::{ApiError, smithy};

use super::Facts;
use crate::client::Ec2;

/// What EC2 says of an instance type, or where it may not be asked or does not know, what the name tells.
pub(crate) async fn facts(ec2: &Ec2, instance_type: &str) -> Result<Facts, ApiError> {
    let guess = Facts::guess(instance_type);
    if !ec2.settings.describe_instance_types {
        return Ok(guess);
    }
    let request = ec2.describe_instance_types().instance_types(InstanceType::from(instance_type));
    let answer = match request.send().await.map_err(smithy::error("DescribeInstanceTypes")) {
        Ok(answer) => answer,
        Err(error) if unknown(&error) => return Ok(guess),
        Err(error) => return Err(error),
    };
    Ok(answer.instance_types().first().map_or(guess, of))
}

fn of(info: &InstanceTypeInfo) -> Facts {
    let storage = info.instance_storage_info();
    let nvme = storage.and_then(|storage| storage.nvme_support());
    let local =
        storage.and_then(|storage| storage.disks().first()).and_then(|disk| usize::try_from(disk.count()?).ok());
    Facts {
        ebs_nvme: info.ebs_info().and_then(|ebs| ebs.nvme_support()) == Some(&EbsNvmeSupport::Required),
        local_nvme: matches!(nvme, Some(EphemeralNvmeSupport::Required | EphemeralNvmeSupport::Supported)),
        local,
    }
}

fn unknown(error: &ApiError) -> bool {
    error.is(&["InvalidInstanceType", "InvalidParameterValue"])
}
