use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{BLOCK, Request, Snapshot, World, block_of, refusal, refusal_of_ec2};

type Answer = (u16, String, String);

pub(super) fn of(world: &mut World, request: &Request, sha256: Vec<u8>) -> Answer {
    let parts: Vec<_> = request.path.trim_start_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["snapshots"]) => start(world, &request.body),
        ("PUT", ["snapshots", id, "blocks", _]) => put(world, request, id, sha256),
        ("POST", ["snapshots", "completion", id]) => complete(world, request, id),
        ("PUT", ["image", ..]) => {
            let image = world.snapshots.entry("image".to_owned()).or_default();
            image.puts += 1;
            image.head.clone_from(&request.head);
            image.blocks.insert(block_of(&request.path).unwrap_or_default(), sha256);
            (201, String::new(), String::new())
        }
        ("POST", [""]) => ec2(world, &request.body),
        _ => refusal(400, "ValidationException", &format!("{} {}", request.method, request.path), None),
    }
}

fn start(world: &mut World, body: &[u8]) -> Answer {
    world.actions.push("StartSnapshot".to_owned());
    let order: Value = serde_json::from_slice(body).expect("JSON");
    let token = &order["ClientToken"];
    let known = world.snapshots.iter().find(|(_, known)| !token.is_null() && &known.order["ClientToken"] == token);
    let id = match known {
        Some((id, known)) if known.order == order => id.clone(),
        Some(_) => return refusal(503, "ConflictException", "the token of another request", None),
        None => {
            world.made += 1;
            let id = format!("snap-{:017x}", world.made);
            let state = "pending".to_owned();
            world.snapshots.insert(id.clone(), Snapshot { state, order: order.clone(), ..Snapshot::default() });
            id
        }
    };
    let answer = json!({
        "SnapshotId": id, "Status": "pending", "BlockSize": BLOCK, "VolumeSize": order["VolumeSize"], "Tags": order["Tags"],
    });
    (201, String::new(), answer.to_string())
}

fn put(world: &mut World, request: &Request, id: &str, sha256: Vec<u8>) -> Answer {
    world.actions.push("PutSnapshotBlock".to_owned());
    let Some(snapshot) = world.snapshots.get_mut(id) else { return gone(id) };
    let is_whole = request.body.len() == BLOCK && request.header("x-amz-data-length") == BLOCK.to_string();
    let is_same = request.header("x-amz-checksum-algorithm") == "SHA256"
        && request.header("x-amz-checksum") == BASE64.encode(&sha256);
    let Some(index) = block_of(&request.path).filter(|_| is_whole && is_same && snapshot.state == "pending") else {
        return refusal(400, "ValidationException", "a wrong block", Some("INVALID_BLOCK"));
    };
    snapshot.puts += 1;
    snapshot.head.clone_from(&request.head);
    snapshot.blocks.insert(index, sha256);
    (201, String::new(), String::new())
}

fn complete(world: &mut World, request: &Request, id: &str) -> Answer {
    world.actions.push("CompleteSnapshot".to_owned());
    let Some(snapshot) = world.snapshots.get_mut(id) else { return gone(id) };
    let count = request.header("x-amz-changedblockscount") == snapshot.blocks.len().to_string();
    let sum = request.header("x-amz-checksum") == snapshot.linear();
    let linear = request.header("x-amz-checksum-aggregation-method") == "LINEAR";
    if !(count && sum && linear && snapshot.state == "pending") {
        let problem = format!("{} blocks: {}", snapshot.blocks.len(), request.head);
        return refusal(400, "ValidationException", &problem, Some("INVALID_SNAPSHOT"));
    }
    "completed".clone_into(&mut snapshot.state);
    (202, String::new(), json!({"Status": "pending"}).to_string())
}

fn gone(id: &str) -> Answer {
    let message = format!("The snapshot '{id}' does not exist.");
    refusal(404, "ResourceNotFoundException", &message, Some("SNAPSHOT_NOT_FOUND"))
}

fn ec2(world: &mut World, body: &[u8]) -> Answer {
    let form = String::from_utf8_lossy(body).into_owned();
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(body);
        fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let action = field("Action");
    world.actions.push(action.clone());
    world.forms.insert(action.clone(), form.clone());
    let content = match action.as_str() {
        "DescribeSnapshots" => {
            let wanted = (field("SnapshotId.1"), field("Filter.1.Name"), field("Filter.1.Value.1"));
            let is_wanted = |id: &str, snapshot: &Snapshot| match &wanted {
                (wanted, _, _) if !wanted.is_empty() => wanted == id,
                (_, tag, value) => snapshot.order["Tags"].as_array().into_iter().flatten().any(|has| {
                    has["Value"] == **value && tag.strip_prefix("tag:").is_some_and(|tag| has["Key"] == *tag)
                }),
            };
            let found: Vec<_> = world.snapshots.iter().filter(|(id, snapshot)| is_wanted(id, snapshot)).collect();
            if found.is_empty() && !wanted.0.is_empty() {
                return refusal_of_ec2(400, "InvalidSnapshot.NotFound");
            }
            let item = |(id, snapshot): (&String, &Snapshot)| {
                format!("<item><snapshotId>{id}</snapshotId><status>{}</status></item>", snapshot.state)
            };
            format!("<snapshotSet>{}</snapshotSet>", found.into_iter().map(item).collect::<String>())
        }
        "DeleteSnapshot" => {
            if world.snapshots.remove(&field("SnapshotId")).is_none() {
                return refusal_of_ec2(400, "InvalidSnapshot.NotFound");
            }
            "<return>true</return>".to_owned()
        }
        "RegisterImage" => {
            world.made += 1;
            let id = format!("ami-{:017x}", world.made);
            world.images.insert(id.clone(), form);
            format!("<imageId>{id}</imageId>")
        }
        "DescribeImages" => {
            let (id, name, value) = (field("ImageId.1"), field("Filter.1.Name"), field("Filter.1.Value.1"));
            let is_wanted = |image: &String, form: &String| match name.as_str() {
                "name" => form.contains(&format!("Name={value}")),
                "block-device-mapping.snapshot-id" => form.contains(&value),
                _ => *image == id,
            };
            let item = |(id, form): (&String, &String)| {
                let mut fields = form_urlencoded::parse(form.as_bytes());
                let snapshot = fields.find(|(key, _)| key == "BlockDeviceMapping.1.Ebs.SnapshotId");
                let snapshot = snapshot.map(|(_, value)| value.into_owned()).unwrap_or_default();
                format!(
                    "<item><imageId>{id}</imageId><imageState>available</imageState><blockDeviceMapping><item>\
                     <ebs><snapshotId>{snapshot}</snapshotId></ebs></item></blockDeviceMapping></item>"
                )
            };
            let found = world.images.iter().filter(|(id, form)| is_wanted(id, form));
            format!("<imagesSet>{}</imagesSet>", found.map(item).collect::<String>())
        }
        "DeregisterImage" => {
            world.images.remove(&field("ImageId"));
            "<return>true</return>".to_owned()
        }
        _ => return refusal_of_ec2(400, "InvalidAction"),
    };
    let xml = format!("<{action}Response><requestId>r</requestId>{content}</{action}Response>");
    (200, "Content-Type: text/xml\r\n".to_owned(), xml)
}
