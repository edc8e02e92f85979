//! Each request of a `create_vm` fails in turn, in every way: the answer is an error that says so, or a VM after a second
//! try, and nothing else is left in EC2 nor on record.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Host, Turn, texts};
use serde_json::{Value, json};

use crate::world::{World, ZONE, network_in, text};
use crate::{load_balancers, row};

const SECTION: &str = "create_vm: faults";

pub(crate) const CASES: &[Case] = &[
    row("F01", SECTION, "one manual network", || inject(|world| world.vm(json!({})))),
    row("F02", SECTION, "a dynamic network", || inject(dynamic)),
    row("F03", SECTION, "an Elastic IP", || inject(vip)),
    row("F04", SECTION, "two interfaces", || inject(two_nics)),
    row("F05", SECTION, "IPv6 and prefixes", || inject(prefixes)),
    row("F06", SECTION, "security groups by name", || inject(|world| world.vm(json!({"security_groups": ["bosh"]})))),
    row("F07", SECTION, "no spot instance, so one on demand", || inject(spot)),
    row("F08", SECTION, "routes that are made and replaced", || inject(routes)),
    row("F09", SECTION, "encrypted and large disks, near another one", || inject(disks)),
    row("F10", SECTION, "metadata options and tags", || inject(options)),
    row("F11", SECTION, "source_dest_check off, on one interface and on two", || {
        inject(|world| world.vm(json!({"source_dest_check": false})));
        inject(|world| {
            let mut arguments = two_nics(world);
            arguments[2]["source_dest_check"] = json!(false);
            arguments
        });
    }),
    row("F12", SECTION, "a public address, and local disks as they are", || {
        inject(|world| {
            let local = json!({"instance_type": "i3.large", "raw_instance_storage": true});
            let mut arguments = world.vm(local);
            arguments[2]["auto_assign_public_ip"] = json!(true);
            arguments
        });
    }),
    row("F13", SECTION, "target groups and a classic load balancer", || inject(balanced)),
];

/// How a request fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Throttled,
    Fault,
    FaultAfter,
    Denied,
    Dropped,
    DroppedAfter,
}

/// With how many retries of the host's. With one the call has to succeed where EC2 lets it.
const WAYS: &[(Way, u32)] = &[
    (Way::Throttled, 1),
    (Way::Fault, 0),
    (Way::FaultAfter, 1),
    (Way::Denied, 1),
    (Way::Dropped, 0),
    (Way::DroppedAfter, 0),
];

/// Faults, and how many of them a second try made good.
static INJECTED: AtomicUsize = AtomicUsize::new(0);
static MADE_GOOD: AtomicUsize = AtomicUsize::new(0);

/// What was done in all, for who reads the end of the run.
pub(crate) fn summary() -> String {
    let (injected, good) = (INJECTED.load(Ordering::Relaxed), MADE_GOOD.load(Ordering::Relaxed));
    if injected == 0 {
        return String::new();
    }
    format!("faults injected: {injected}; {good} were made good, {} told, nothing was left behind", injected - good)
}

impl Way {
    /// What EC2 has no room for, it does not carry out either.
    fn turn(self, no_room: bool) -> Turn {
        const BROKEN: (u16, &str, &str) = (500, "InternalError", "an internal error has occurred");
        let (status, code, message) = BROKEN;
        match self {
            Self::Throttled => Turn::refuse(503, "RequestLimitExceeded", "slow down"),
            Self::Denied => Turn::refuse(403, "UnauthorizedOperation", "you may not"),
            Self::FaultAfter if !no_room => Turn::refuse_after(status, code, message),
            Self::Fault | Self::FaultAfter => Turn::refuse(status, code, message),
            Self::DroppedAfter if !no_room => Turn::DropAfter,
            Self::Dropped | Self::DroppedAfter => Turn::Drop,
        }
    }
}

/// All ways at once, each in a world of its own.
fn inject(arguments: fn(&World) -> Value) {
    thread::scope(|scope| {
        let ways: Vec<_> =
            WAYS.iter().map(|(way, retries)| scope.spawn(move || Lane::new(arguments, *way, *retries).run())).collect();
        for way in ways {
            if let Err(panic) = way.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

struct Lane {
    world: World,
    arguments: Value,
    way: Way,
    retries: u32,
}

impl Lane {
    fn new(arguments: fn(&World) -> Value, way: Way, retries: u32) -> Self {
        let world = World::new();
        Self { arguments: arguments(&world), world, way, retries }
    }

    fn run(&self) {
        // What a VM leaves when nothing fails.
        let (answer, _) = self.create(usize::MAX, &self.host());
        let requests = self.world.relay.take().len();
        let made = self.made();
        let expected = kinds(&made);
        self.remove(&text(&answer.result()[0]), &made);
        for number in 0..requests {
            let host = self.host();
            let (answer, failed) = self.create(number, &host);
            let Some(failed) = failed else { break };
            INJECTED.fetch_add(1, Ordering::Relaxed);
            let moment = format!("{:?} with {} retries, at {failed}: {answer:?}", self.way, self.retries);
            let changed = self.world.relay.take().iter().any(|asked| !asked.field("Action").starts_with("Describe"));
            if let Some(vm) = answer.response()["result"][0].as_str() {
                MADE_GOOD.fetch_add(1, Ordering::Relaxed);
                let made = self.made();
                assert_eq!(kinds(&made), expected, "{made:?}: {moment}");
                self.remove(vm, &made);
            } else {
                let (kind, message) = answer.error();
                assert!(kind.starts_with("Bosh::Clouds::") && message.contains(&failed), "{moment}");
                if !changed {
                    continue;
                }
                assert_eq!(self.made(), [], "{moment}");
            }
            let listed = host.run("orphans", &["--json"]).stdout;
            let report: Value = serde_json::from_str(&listed).expect("a report");
            let orphans = report["orphans"].as_array().expect("a list");
            assert!(orphans.iter().all(|orphan| orphan["ids"] == json!([])), "{listed}: {moment}");
        }
    }

    fn host(&self) -> Host {
        self.world.host_with(json!({"max_retries": self.retries}))
    }

    /// Makes the VM while the request of this number fails, and tells what that request was.
    fn create(&self, number: usize, host: &Host) -> (Answer, Option<String>) {
        let failed = Arc::<Mutex<Option<String>>>::default();
        let (told, way) = (Arc::clone(&failed), self.way);
        let mut seen = 0;
        self.world.relay.script(move |asked| {
            seen += 1;
            let spot = asked.field("InstanceMarketOptions.MarketType") == "spot";
            if seen == number.wrapping_add(1) {
                *told.lock().unwrap() = Some(asked.field("Action"));
                return way.turn(spot);
            }
            if spot { Turn::refuse(400, "SpotMaxPriceTooLow", "the price is too low") } else { Turn::Pass }
        });
        let answer = host.call("create_vm", &self.arguments);
        let failed = failed.lock().unwrap().clone();
        (answer, failed)
    }

    /// What is there that was not there before, each with its kind. Volumes come and go with their instance.
    fn made(&self) -> Vec<(&'static str, String)> {
        let alive = "Filter.1.Name=instance-state-name&Filter.1.Value.1=pending&Filter.1.Value.2=running";
        let mut made = Vec::new();
        for (kind, form, element) in [
            ("instance", format!("DescribeInstances&{alive}"), "instanceId"),
            ("interface", "DescribeNetworkInterfaces".to_owned(), "networkInterfaceId"),
            ("route", format!("DescribeRouteTables&RouteTableId.1={}", self.world.table), "destinationCidrBlock"),
        ] {
            made.extend(self.world.ec2(&form, element).into_iter().map(|id| (kind, id)));
        }
        // The VPC's, and the one that was there to be replaced.
        made.retain(|(_, id)| !matches!(id.as_str(), "10.0.0.0/16" | REPLACED));
        // EC2 takes an address from an interface that is gone; moto forgets to.
        let interfaces = self.world.ec2("DescribeAddresses", "networkInterfaceId");
        let there = |id: &String| made.iter().any(|(_, made)| made == id);
        let associated: Vec<_> = interfaces.into_iter().filter(there).map(|id| ("address", id)).collect();
        made.extend(associated);
        made
    }

    /// Removes a VM and what else was made, past the program.
    fn remove(&self, vm: &str, made: &[(&str, String)]) {
        let world = &self.world;
        world.account.ec2(&format!("Action=TerminateInstances&InstanceId.1={vm}"));
        for (kind, id) in made {
            let form = match *kind {
                "route" => format!("DeleteRoute&RouteTableId={}&DestinationCidrBlock={id}", world.table),
                "interface" => format!("DeleteNetworkInterface&NetworkInterfaceId={id}"),
                "address" => {
                    let association = world.ec2("DescribeAddresses", "associationId").remove(0);
                    format!("DisassociateAddress&AssociationId={association}")
                }
                _ => continue,
            };
            world.account.ec2(&format!("Action={form}"));
        }
    }
}

fn kinds(made: &[(&'static str, String)]) -> BTreeMap<&'static str, usize> {
    made.iter().fold(BTreeMap::new(), |mut kinds, (kind, _)| {
        *kinds.entry(*kind).or_default() += 1;
        kinds
    })
}

/// A route that is there before.
const REPLACED: &str = "10.98.0.0/16";

fn with_networks(world: &World, networks: Value) -> Value {
    let mut arguments = world.vm(json!({}));
    arguments[3] = networks;
    arguments
}

fn dynamic(world: &World) -> Value {
    with_networks(world, json!({"d": {"type": "dynamic", "cloud_properties": {"subnet": world.subnet}}}))
}

fn vip(world: &World) -> Value {
    let vip = json!({"type": "vip", "ip": world.address, "cloud_properties": {}});
    with_networks(world, json!({"a": world.network("10.0.1.20"), "v": vip}))
}

fn two_nics(world: &World) -> Value {
    with_networks(world, json!({"a": world.network("10.0.1.20"), "b": network_in(&world.second, "10.0.2.20")}))
}

fn prefixes(world: &World) -> Value {
    let part = |ip: &str, prefix: &str| json!({"type": "manual", "ip": ip, "prefix": prefix, "nic_group": "0", "cloud_properties": {"subnet": world.subnet}});
    let networks = json!({
        "v4": part("10.0.1.20", "32"), "v4p": part("10.0.1.32", "28"),
        "v6": part("2600:1f18::20", "128"), "v6p": part("2600:1f18:0:1::", "80"),
    });
    with_networks(world, networks)
}

fn spot(world: &World) -> Value {
    world.vm(json!({"spot_bid_price": 0.25, "spot_ondemand_fallback": true}))
}

fn routes(world: &World) -> Value {
    let gateway = texts(&world.account.ec2("Action=CreateInternetGateway"), "internetGatewayId").remove(0);
    world.account.ec2(&format!("Action=AttachInternetGateway&InternetGatewayId={gateway}&VpcId={}", world.vpc));
    let table = &world.table;
    world
        .account
        .ec2(&format!("Action=CreateRoute&RouteTableId={table}&DestinationCidrBlock={REPLACED}&GatewayId={gateway}"));
    let route = |destination: &str| json!({"table_id": table, "destination": destination});
    world.vm(json!({"advertised_routes": [route("10.99.0.0/16"), route(REPLACED)]}))
}

fn disks(world: &World) -> Value {
    let disk = texts(&world.account.ec2(&format!("Action=CreateVolume&Size=1&AvailabilityZone={ZONE}")), "volumeId");
    let ephemeral = json!({"size": 4096, "encrypted": true, "kms_key_arn": "arn:aws:kms:k"});
    let mut arguments = world.vm(json!({"ephemeral_disk": ephemeral, "root_disk": {"size": 20_480}}));
    arguments[4] = json!(disk);
    arguments
}

fn options(world: &World) -> Value {
    let options = json!({"metadata_options": {"http_tokens": "required"}, "tags": {"a": "b"}});
    let mut arguments = world.vm(options);
    arguments[5] = json!({"bosh": {"tags": {"deployment": "cf"}}});
    arguments
}

fn balanced(world: &World) -> Value {
    load_balancers::group(world, "one", "instance");
    load_balancers::group(world, "two", "ip");
    load_balancers::classic(world, "web");
    world.vm(json!({"lb_target_groups": ["one", "two"], "elbs": ["web"]}))
}
