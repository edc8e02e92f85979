//! Looks for the agent's secrets, and puts the token where it does not belong.

use cpi_plugin_sdk::{Call, Failure, Plan, agents, http};

use crate::found;
use crate::network::{endpoint, sent};
use crate::scan;

/// The identifier of the agent chooses:
///
/// * `place-elsewhere`: the token goes into headers, URLs, other fields, other actions and a body that is no form;
/// * `place`: it goes where it belongs, so that a test sees the difference;
/// * `memory-scan:TEXT`: looks for the document in the plugin's memory, see [`scan::memory`];
/// * `seal-wrong`: facts that are not true;
/// * any other: shows everything that there is to see.
pub(crate) async fn create_vm(call: &Call, plan: &Plan) -> Result<String, Failure> {
    let sealed = agents::seal(&settings(plan)).map_err(Failure::Rejected)?;
    match plan.agent_id.as_str() {
        "place-elsewhere" => elsewhere(&endpoint(call)?, &sealed.token).await,
        "place" => {
            let form = format!("Action=RunInstances&Version=1&UserData={}", sealed.token);
            found(sent(post(&endpoint(call)?, form)).await)
        }
        "seal-wrong" => wrong(plan),
        agent => match agent.strip_prefix("memory-scan:") {
            Some(backwards) => scan::memory(backwards),
            None => found((sealed.token, sealed.size, call, plan)),
        },
    }
}

async fn elsewhere(endpoint: &str, token: &str) -> Result<String, Failure> {
    let run = "Action=RunInstances&Version=1";
    let requests = [
        post(endpoint, format!("{run}&Name={token}")),
        post(endpoint, format!("{run}&UserData=x{token}")),
        post(endpoint, format!("{run}&userdata={token}&UserData.1={token}")),
        post(endpoint, format!("{run}&{token}=UserData")),
        post(endpoint, run.to_owned()).header("x-token", token),
        http::get(format!("{endpoint}/allowed/{token}?UserData={token}")).credential("aws"),
        http::post(format!("{endpoint}/allowed/json"), format!("{{\"UserData\":\"{token}\"}}")).credential("aws"),
        http::post(format!("{endpoint}/open/form"), format!("{run}&UserData={token}"))
            .header("content-type", "application/x-www-form-urlencoded"),
    ];
    let mut answers = Vec::new();
    for request in requests {
        answers.push(sent(request).await);
    }
    found(answers)
}

fn post(endpoint: &str, form: String) -> http::Request {
    http::post(format!("{endpoint}/"), form)
        .header("content-type", "application/x-www-form-urlencoded")
        .credential("aws")
}

fn settings(plan: &Plan) -> agents::Settings {
    agents::Settings {
        vm_name: "hostile".to_owned(),
        interfaces: plan
            .networks
            .iter()
            .map(|network| agents::InterfaceFacts { network: network.name.clone(), mac: None, use_dhcp: true })
            .collect(),
        disks: agents::Disks { system: None, ephemeral: None, raw_ephemeral: Vec::new() },
        extra: "{}".to_owned(),
    }
}

/// Networks that the call does not have, hints and members of the wrong type, and more documents than anyone needs.
fn wrong(plan: &Plan) -> Result<String, Failure> {
    let right = settings(plan);
    let disks = |ephemeral: &str| agents::Disks { ephemeral: Some(ephemeral.to_owned()), ..right.disks.clone() };
    let unknown = agents::InterfaceFacts { network: "unknown".to_owned(), mac: None, use_dhcp: true };
    let outcomes = [
        agents::Settings { interfaces: vec![unknown], ..right.clone() },
        agents::Settings { disks: disks("{\"lun\":0}"), ..right.clone() },
        agents::Settings { disks: disks("not json"), ..right.clone() },
        agents::Settings { extra: "[]".to_owned(), ..right.clone() },
        agents::Settings { extra: "not json".to_owned(), ..right.clone() },
        agents::Settings { extra: "{\"agent_id\":\"FORGED\",\"mbus\":\"FORGED\"}".to_owned(), ..right.clone() },
    ]
    .map(|settings| agents::seal(&settings).map(|sealed| sealed.size));
    let another = |number: usize| agents::Settings { vm_name: number.to_string(), ..right.clone() };
    let most = (0..1000).take_while(|number| agents::seal(&another(*number)).is_ok()).count();
    found((outcomes, most))
}
