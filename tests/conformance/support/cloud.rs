//! EC2 as moto simulates it, with a subnet, a security group, a key and an image, and a look past the program.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cpi_tests::{Host, Moto, Relay, texts};
use serde_json::{Value, json};

pub(crate) struct Cloud {
    moto: Weak<Moto>,
    pub(crate) url: String,
    pub(crate) subnet: String,
    pub(crate) group: String,
    pub(crate) ami: String,
}

pub(crate) const ZONE: &str = "us-east-1a";
pub(crate) const SECRET: &str = "canary-secret-access-key-0123456789";

static MOTO: Mutex<Option<Arc<Moto>>> = Mutex::new(None);

/// The one cloud of all statements, started when the first one needs it.
pub(crate) fn cloud() -> &'static Cloud {
    static CLOUD: OnceLock<Cloud> = OnceLock::new();
    CLOUD.get_or_init(|| {
        let moto = Arc::new(Moto::start());
        let mut cloud = Cloud {
            moto: Arc::downgrade(&moto),
            url: moto.url(),
            subnet: String::new(),
            group: String::new(),
            ami: String::new(),
        };
        *MOTO.lock().unwrap_or_else(PoisonError::into_inner) = Some(moto);
        let vpc = cloud.one(&[("Action", "CreateVpc"), ("CidrBlock", "10.0.0.0/16")], "vpcId");
        let subnet =
            [("Action", "CreateSubnet"), ("VpcId", &vpc), ("CidrBlock", "10.0.0.0/20"), ("AvailabilityZone", ZONE)];
        cloud.subnet = cloud.one(&subnet, "subnetId");
        let group =
            [("Action", "CreateSecurityGroup"), ("VpcId", &vpc), ("GroupName", "bosh"), ("GroupDescription", "b")];
        cloud.group = cloud.one(&group, "groupId");
        cloud.ask(&[("Action", "CreateKeyPair"), ("KeyName", "bosh")]);
        let image = [
            ("Action", "RegisterImage"),
            ("Name", "bosh"),
            ("RootDeviceName", "/dev/xvda"),
            ("VirtualizationType", "hvm"),
            ("Architecture", "x86_64"),
        ];
        cloud.ami = cloud.one(&image, "imageId");
        cloud
    })
}

/// Ends moto; a static is never dropped.
pub(crate) fn stop() {
    MOTO.lock().unwrap_or_else(PoisonError::into_inner).take();
}

impl Cloud {
    /// Something in front of it that can refuse requests, and remembers them.
    pub(crate) fn relay(&self) -> Relay {
        Relay::before(self.moto.upgrade().expect("moto runs").own_account())
    }

    /// The program with this cloud behind an address, which is that of moto or of something in front of it.
    pub(crate) fn host_at(&self, endpoint: &str) -> Host {
        self.host_with(endpoint, &json!({}))
    }

    pub(crate) fn host(&self) -> Host {
        self.host_at(&self.url)
    }

    /// The same with more settings of the provider.
    pub(crate) fn host_with(&self, endpoint: &str, more: &Value) -> Host {
        let mut aws = json!({
            "credentials_source": "static", "access_key_id": "AKIATESTKEY00000001", "secret_access_key": SECRET,
            "region": "us-east-1", "ec2_endpoint": endpoint, "default_key_name": "bosh",
            "default_security_groups": [self.group], "max_retries": 0,
        });
        aws.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let agent = json!({"mbus": "nats://nats:canary-bus-password@10.0.0.6:4222", "ntp": ["time.example.com"]});
        Host::new("aws", &json!({"aws": aws, "agent": agent}))
    }

    pub(crate) fn stemcell(&self) -> String {
        format!("{} light", self.ami)
    }

    pub(crate) fn network(&self) -> Value {
        json!({"type": "manual", "ip": free_address(), "netmask": "255.255.240.0", "gateway": "10.0.0.1",
               "dns": ["10.0.0.2"], "default": ["dns", "gateway"], "cloud_properties": {"subnet": self.subnet}})
    }

    /// Arguments of a `create_vm`, whose resources all have this tag.
    pub(crate) fn vm(&self, tag: &str) -> Value {
        let properties = json!({"instance_type": "m5.large", "availability_zone": ZONE});
        json!(["agent-1", self.stemcell(), properties, {"private": self.network()}, [], {"bosh": {"tags": {"test": tag}}}])
    }

    /// Makes a VM and returns its identifier.
    pub(crate) fn make_vm(&self, host: &Host, tag: &str) -> String {
        text(&host.call("create_vm", &self.vm(tag)).result()[0])
    }

    /// VMs, volumes and network interfaces with a tag.
    pub(crate) fn tagged(&self, tag: &str) -> Vec<String> {
        let filter = |action| [("Action", action), ("Filter.1.Name", "tag:test"), ("Filter.1.Value.1", tag)];
        let instances = self.ask(&filter("DescribeInstances"));
        let mut found: Vec<_> = instances
            .split("<instanceId>")
            .skip(1)
            .filter(|instance| !instance.contains("<name>terminated</name>"))
            .map(|instance| instance[..instance.find('<').unwrap()].to_owned())
            .collect();
        for (action, member) in [("DescribeVolumes", "volumeId"), ("DescribeNetworkInterfaces", "networkInterfaceId")] {
            found.extend(texts(&self.ask(&filter(action)), member));
        }
        found
    }

    /// The labels of a resource, sorted.
    pub(crate) fn tags(&self, id: &str) -> Vec<(String, String)> {
        let answer =
            self.ask(&[("Action", "DescribeTags"), ("Filter.1.Name", "resource-id"), ("Filter.1.Value.1", id)]);
        let mut tags: Vec<_> = texts(&answer, "key").into_iter().zip(texts(&answer, "value")).collect();
        tags.sort();
        tags
    }

    /// The settings of a VM's agent, as the VM reads them.
    pub(crate) fn agent_settings(&self, vm: &str) -> Value {
        let ask = [("Action", "DescribeInstanceAttribute"), ("InstanceId", vm), ("Attribute", "userData")];
        let bytes = STANDARD.decode(self.one(&ask, "value")).expect("standard base64");
        serde_json::from_slice(&bytes).expect("plain JSON")
    }

    /// The first text of a member of an answer.
    pub(crate) fn one(&self, parameters: &[(&str, &str)], member: &str) -> String {
        let answer = self.ask(parameters);
        texts(&answer, member).into_iter().next().unwrap_or_else(|| panic!("no {member} in {answer}"))
    }

    /// Asks EC2, past the program.
    pub(crate) fn ask(&self, parameters: &[(&str, &str)]) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in parameters {
            form.append_pair(key, value);
        }
        self.moto.upgrade().expect("moto runs").ec2(&form.finish())
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Addresses of one subnet are used once each: statements run at the same time.
fn free_address() -> String {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(10);
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("10.0.{}.{}", next / 250, next % 250 + 4)
}
