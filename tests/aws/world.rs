//! EC2 as moto simulates it, an account for each case, behind a relay that knows what was asked.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cpi_tests::{Account, Answer, Asked, Host, Moto, Relay, request, texts};
use serde_json::{Value, json};

/// An image whose root device is called `/dev/xvda`.
pub(crate) const AMI: &str = "ami-0b05b0000000000a1";
/// An image whose root device is called `/dev/sda1`.
pub(crate) const AMI_SDA1: &str = "ami-0b05b0000000000a2";
/// A paravirtual image.
pub(crate) const AMI_PV: &str = "ami-0b05b0000000000a3";
pub(crate) const STEMCELL: &str = "ami-0b05b0000000000a1 light";
pub(crate) const ZONE: &str = "us-east-1a";
pub(crate) const SECRET: &str = "canary-secret-access-key-0123456789";
pub(crate) const BUS: &str = "nats://nats:canary-bus-password@10.0.0.6:4222";

/// A VPC with what a director needs there.
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) relay: Relay,
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    /// Another one, in the same zone.
    pub(crate) second: String,
    /// One in another zone.
    pub(crate) elsewhere: String,
    pub(crate) group: String,
    pub(crate) table: String,
    /// An Elastic IP.
    pub(crate) address: String,
}

static MOTOS: Mutex<Vec<Arc<Moto>>> = Mutex::new(Vec::new());

/// The servers of all accounts, started when the first one is needed: one works on one request at a time.
fn motos() -> Vec<Arc<Moto>> {
    static START: OnceLock<()> = OnceLock::new();
    START.get_or_init(|| {
        let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("aws/images.json");
        let start = || Arc::new(Moto::with_images(&images));
        let both = thread::scope(|scope| {
            let other = scope.spawn(start);
            vec![start(), other.join().expect("no panic")]
        });
        *MOTOS.lock().unwrap_or_else(PoisonError::into_inner) = both;
    });
    MOTOS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Ends moto; a static is never dropped.
pub(crate) fn stop() {
    MOTOS.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl World {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(100_000_000_001);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let motos = motos();
        let account = motos[usize::from(number.is_multiple_of(2))].account(&number.to_string());
        let first = |form: &str, element: &str| {
            texts(&account.ec2(&format!("Action={form}")), element).into_iter().next().expect("an answer")
        };
        let vpc = first("CreateVpc&CidrBlock=10.0.0.0/16", "vpcId");
        let subnet = |block: &str, zone: &str| {
            first(&format!("CreateSubnet&VpcId={vpc}&CidrBlock={block}&AvailabilityZone={zone}"), "subnetId")
        };
        let (one, two, three) =
            (subnet("10.0.1.0/24", ZONE), subnet("10.0.2.0/24", ZONE), subnet("10.0.3.0/24", "us-east-1b"));
        let group = first(&format!("CreateSecurityGroup&GroupName=bosh&GroupDescription=bosh&VpcId={vpc}"), "groupId");
        let table = first(&format!("CreateRouteTable&VpcId={vpc}"), "routeTableId");
        let address = first("AllocateAddress&Domain=vpc", "publicIp");
        Self {
            relay: Relay::before(account.clone()),
            account,
            vpc,
            subnet: one,
            second: two,
            elsewhere: three,
            group,
            table,
            address,
        }
    }

    /// The section `aws` of a configuration for this world.
    pub(crate) fn settings(&self) -> Value {
        json!({
            "credentials_source": "static", "access_key_id": "AKIATESTKEY00000001", "secret_access_key": SECRET,
            "region": "us-east-1", "ec2_endpoint": self.relay.url(), "elb_endpoint": self.relay.url(),
            "default_key_name": "bosh", "default_security_groups": [self.group], "max_retries": 0,
        })
    }

    pub(crate) fn host(&self) -> Host {
        self.host_with(json!({}))
    }

    /// The program with these settings over those of the world; a null takes one away.
    pub(crate) fn host_with(&self, more: Value) -> Host {
        let mut settings = self.settings();
        merge(&mut settings, more);
        Host::new("aws", &json!({"aws": settings, "agent": {"mbus": BUS, "ntp": ["time.example.com"]}}))
    }

    /// Calls a method, and keeps only its requests.
    pub(crate) fn call(&self, method: &str, arguments: Value) -> Answer {
        self.relay.take();
        self.host().call(method, &arguments)
    }

    /// The same, successfully, and its result.
    pub(crate) fn result(&self, method: &str, arguments: Value) -> Value {
        self.call(method, arguments).result()
    }

    /// Arguments of a `create_vm` with these cloud properties, and one manual network.
    pub(crate) fn vm(&self, properties: Value) -> Value {
        let mut all = json!({"instance_type": "m5.large", "availability_zone": ZONE});
        merge(&mut all, properties);
        json!(["agent-1", STEMCELL, all, {"private": self.network("10.0.1.20")}, [], {"bosh": {"group": "dep-job"}}])
    }

    /// A manual network in the first subnet.
    pub(crate) fn network(&self, ip: &str) -> Value {
        network_in(&self.subnet, ip)
    }

    /// Makes a VM and returns its id and the requests that it took.
    pub(crate) fn create(&self, arguments: Value) -> (String, Vec<Asked>) {
        let vm = text(&self.result("create_vm", arguments)[0]);
        (vm, self.relay.take())
    }

    /// Has the VM refused, and returns type and message of the error.
    pub(crate) fn refused(&self, arguments: Value) -> (String, String) {
        self.call("create_vm", arguments).error()
    }

    /// Makes a disk.
    pub(crate) fn disk(&self) -> String {
        text(&self.result("create_disk", json!([1024, {}, null])))
    }

    /// The texts of an element of EC2's answer, asked past the program.
    pub(crate) fn ec2(&self, form: &str, element: &str) -> Vec<String> {
        texts(&self.account.ec2(&format!("Action={form}")), element)
    }

    /// State of an instance, as EC2 tells it.
    pub(crate) fn state(&self, vm: &str) -> String {
        let answer = self.account.ec2(&format!("Action=DescribeInstances&InstanceId.1={vm}"));
        let state = answer.split_once("<instanceState>").expect("a state").1;
        texts(state, "name").remove(0)
    }

    /// The tags of a resource, sorted.
    pub(crate) fn tags(&self, id: &str) -> Vec<(String, String)> {
        let answer = self.account.ec2(&format!("Action=DescribeTags&Filter.1.Name=resource-id&Filter.1.Value.1={id}"));
        let mut tags: Vec<_> = texts(&answer, "key").into_iter().zip(texts(&answer, "value")).collect();
        tags.sort();
        tags
    }

    /// Has the VM refused in these words, before anything was changed.
    pub(crate) fn refuses_and_makes_nothing(&self, arguments: Value, kind: &str, words: &str) {
        let before = self.account.inventory();
        let (found, message) = self.refused(arguments);
        assert_eq!((found.as_str(), message.contains(words)), (kind, true), "{message}, not {words}");
        assert_eq!(self.account.inventory(), before, "{message}");
        let changes = self.relay.take().into_iter().filter(|asked| !asked.field("Action").starts_with("Describe"));
        assert_eq!(changes.count(), 0, "{message}");
    }
}

/// A manual network in a subnet.
pub(crate) fn network_in(subnet: &str, ip: &str) -> Value {
    json!({"type": "manual", "ip": ip, "netmask": "255.255.255.0", "gateway": "10.0.1.1", "dns": ["10.0.0.2"],
           "default": ["dns", "gateway"], "cloud_properties": {"subnet": subnet}})
}

pub(crate) const CLOUD_ERROR: &str = "Bosh::Clouds::CloudError";

/// A call at this version of the API for a stemcell of this version.
pub(crate) fn versions(method: &str, arguments: Value, api: u64, stemcell: Option<u64>) -> Vec<u8> {
    let mut call = request(method, &arguments);
    call["api_version"] = json!(api);
    match stemcell {
        Some(version) => call["context"]["vm"] = json!({"stemcell": {"api_version": version}}),
        None => _ = call["context"].as_object_mut().expect("an object").remove("vm"),
    }
    call.to_string().into_bytes()
}

/// The actions of requests.
pub(crate) fn actions(requests: &[Asked]) -> Vec<String> {
    requests.iter().map(|request| request.field("Action")).collect()
}

/// The requests of an action.
pub(crate) fn of<'a>(requests: &'a [Asked], action: &str) -> Vec<&'a Asked> {
    requests.iter().filter(|request| request.field("Action") == action).collect()
}

/// The one request of an action.
pub(crate) fn one<'a>(requests: &'a [Asked], action: &str) -> &'a Asked {
    match of(requests, action).as_slice() {
        [one] => one,
        other => panic!("{} times {action} in {:?}", other.len(), actions(requests)),
    }
}

/// The fields of a request that begin so, without that beginning, with their values.
pub(crate) fn under(request: &Asked, prefix: &str) -> Vec<(String, String)> {
    let fields = request.fields().into_iter();
    fields.filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value))).collect()
}

/// Asserts that a request has these fields; an empty value stands for none.
pub(crate) fn has(request: &Asked, fields: &[(&str, &str)]) {
    for (key, value) in fields {
        assert_eq!(request.field(key), *value, "{key} in {:?}", request.fields());
    }
}

/// The agent's settings in a `RunInstances`.
pub(crate) fn user_data(run: &Asked) -> Value {
    let bytes = STANDARD.decode(run.field("UserData")).expect("standard base64");
    serde_json::from_slice(&bytes).expect("plain JSON")
}

/// The block devices of a `RunInstances` by their names, without the first part of the keys.
pub(crate) fn device(run: &Asked, name: &str) -> Vec<(String, String)> {
    for index in 1..30 {
        let prefix = format!("BlockDeviceMapping.{index}.");
        if run.field(&format!("{prefix}DeviceName")) == name {
            let mut fields = under(run, &prefix);
            fields.retain(|(key, _)| key != "DeviceName");
            fields.sort();
            return fields;
        }
    }
    panic!("no {name} in {:?}", run.fields())
}

pub(crate) fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    pairs.sort();
    pairs
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Lays one object over another; a null takes a key away.
fn merge(below: &mut Value, above: Value) {
    let (Value::Object(below), Value::Object(above)) = (below, above) else { panic!("no objects") };
    for (key, value) in above {
        if value.is_null() {
            below.remove(&key);
        } else {
            below.insert(key, value);
        }
    }
}
