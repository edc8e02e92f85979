//! Load balancers: looked up before anything is made, joined when the VM runs, left when it is gone.

use cpi_tests::coverage::Case;
use cpi_tests::{Asked, Turn, texts};
use serde_json::json;

use crate::row;
use crate::world::{CLOUD_ERROR, World, actions, has, of, one};

pub(crate) const CASES: &[Case] =
    &[row("A53", "create_vm: the VM", "load balancers and target groups", load_balancers)];

const SERVICE: &str = "elasticloadbalancing";

fn load_balancers() {
    let world = World::new();
    classic(&world, "web");
    let (first, second) = (group(&world, "one", "instance"), group(&world, "two", "ip"));
    let properties = json!({"elbs": ["web"], "lb_target_groups": ["one", "two"]});
    let (vm, requests) = world.create(world.vm(properties));
    let joins = |asked: &&Asked| asked.field("Action").starts_with("Register");
    let joined: Vec<_> = requests.iter().filter(joins).cloned().collect();
    assert_eq!(actions(&joined), ["RegisterTargets", "RegisterTargets", "RegisterInstancesWithLoadBalancer"]);
    has(&joined[0], &[("TargetGroupArn", &first), ("Targets.member.1.Id", &vm), ("Targets.member.1.Port", "")]);
    has(&joined[1], &[("TargetGroupArn", &second), ("Targets.member.1.Id", "10.0.1.20")]);
    has(&joined[2], &[("LoadBalancerName", "web"), ("Instances.member.1.InstanceId", &vm)]);
    let remembered = ("bosh-target-0".to_owned(), format!("10.0.1.20 {second}"));
    assert!(world.tags(&vm).contains(&remembered), "{:?}", world.tags(&vm));

    // An address would stay where it is registered, whoever has it next.
    world.host().call("delete_vm", &json!([vm])).result();
    let requests = world.relay.take();
    has(one(&requests, "DeregisterTargets"), &[("TargetGroupArn", &second), ("Targets.member.1.Id", "10.0.1.20")]);

    // What is not there, cannot have a VM, or belongs elsewhere costs nothing.
    let other = texts(&world.account.ec2("Action=CreateVpc&CidrBlock=10.9.0.0/16"), "vpcId").remove(0);
    targets(&world, &format!("{}&TargetType=instance&VpcId={other}", group_form("far")));
    targets(&world, "Action=CreateTargetGroup&Name=function&TargetType=lambda");
    for (properties, words) in [
        (json!({"lb_target_groups": ["one", "none"]}), "Cloud not find ALB target group `none'"),
        (json!({"lb_target_groups": ["far"]}), "target group 'far' is for instances of VPC"),
        (json!({"lb_target_groups": ["function"]}), "has targets of type 'lambda'"),
        (json!({"elbs": ["web", "none"]}), "LoadBalancerNotFound"),
    ] {
        world.refuses_and_makes_nothing(world.vm(properties), CLOUD_ERROR, words);
    }

    // Who may not look, may still register.
    let denied = refuse(403, "AccessDenied", "not allowed to describe");
    world.relay.script_for("DescribeLoadBalancers", vec![denied]);
    world.host().call("create_vm", &world.vm(json!({"elbs": ["web"]}))).result();

    // Load balancers learn a moment later that an instance runs; and when they refuse it, nothing of it is left.
    world.relay.take();
    let late = refuse(400, "InvalidTarget", "The following targets are not in a running state");
    world.relay.script_for("RegisterTargets", vec![late]);
    world.host().call("create_vm", &world.vm(json!({"lb_target_groups": ["one"]}))).result();
    assert_eq!(of(&world.relay.take(), "RegisterTargets").len(), 2);
    let before = world.account.inventory();
    world.relay.script_for("RegisterTargets", vec![refuse(400, "TooManyTargets", "no more")]);
    let (kind, message) = world.host().call("create_vm", &world.vm(json!({"lb_target_groups": ["one"]}))).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert!(message.contains("TooManyTargets: target group 'one': no more"), "{message}");
    assert_eq!(world.account.inventory(), before);
}

/// The answer of a load balancer's service when it refuses something.
fn refuse(status: u16, code: &str, message: &str) -> Turn {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    Turn::Answer(status, format!("<ErrorResponse>{error}<RequestId>refused</RequestId></ErrorResponse>"))
}

/// Makes a classic load balancer.
pub(crate) fn classic(world: &World, name: &str) {
    let listener = "Listeners.member.1.Protocol=tcp&Listeners.member.1.LoadBalancerPort=80&\
                    Listeners.member.1.InstancePort=80&AvailabilityZones.member.1=us-east-1a";
    let form = format!("Action=CreateLoadBalancer&LoadBalancerName={name}&{listener}");
    world.account.ask(SERVICE, "2012-06-01", &form);
}

/// Makes a target group and returns its ARN.
pub(crate) fn group(world: &World, name: &str, kind: &str) -> String {
    let answer = targets(world, &format!("{}&TargetType={kind}&VpcId={}", group_form(name), world.vpc));
    texts(&answer, "TargetGroupArn").remove(0)
}

fn group_form(name: &str) -> String {
    format!("Action=CreateTargetGroup&Name={name}&Protocol=HTTP&Port=80")
}

fn targets(world: &World, form: &str) -> String {
    world.account.ask(SERVICE, "2015-12-01", form)
}
