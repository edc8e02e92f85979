use std::time::Duration;

use cpi_plugin_sdk::http::{self, Problem};
use cpi_plugin_sdk::{Call, Failure};

use crate::settings::Settings;

const PATIENCE: Duration = Duration::from_secs(5);

/// The id of the instance that the caller runs on, by its metadata service. See "Use IMDSv2" in the EC2 user guide.
pub(crate) async fn current(call: &Call) -> Result<String, Failure> {
    let endpoint = Settings::of(call)?.metadata_endpoint.ok_or_else(|| {
        // The director's snapshots of itself are skipped then; any other error would fail the task.
        Failure::NotImplemented(
            "current_vm_id asks the instance's metadata service: set 'metadata_endpoint' to 'http://169.254.169.254', and \
             open '169.254.169.254:80' with 'allow-private' under [egress] of the host's settings"
                .to_owned(),
        )
    })?;
    let token = http::put(format!("{endpoint}/latest/api/token"), Vec::new())
        .header("x-aws-ec2-metadata-token-ttl-seconds", "300")
        .timeout(PATIENCE);
    let token = token.send().await.map_err(failure)?;

    let request = http::get(format!("{endpoint}/latest/meta-data/instance-id/")).timeout(PATIENCE);
    // Older services know no tokens.
    let request = if token.status == 200 { request.header("x-aws-ec2-metadata-token", token.text()) } else { request };
    let answer = request.send().await.map_err(failure)?;
    if answer.status != 200 {
        return Err(Failure::rejected(format!("Instance metadata endpoint returned HTTP {}", answer.status)));
    }
    Ok(answer.text().trim().to_owned())
}

fn failure(error: http::Error) -> Failure {
    match error.problem() {
        Problem::TimedOut(_) => {
            Failure::rejected("Timed out reading instance metadata, please make sure CPI is running on EC2 instance")
        }
        _ => error.into_failure("current_vm_id"),
    }
}
