"""The plugin `aws`: what is there before the story, and what goes over the wire."""

from __future__ import annotations

import os
import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from ..cloud import Cloud, Fact, Facts, Sight, same
from . import moto, proxy, wire
from .ec2 import Eye
from .elb import LoadBalancers
from .proxy import Exchange, Record

REGION, ZONE, ADDRESS = "us-east-1", "us-east-1a", "10.0.16.9"
CREDENTIALS = Credentials("demo-access-key", "demo-secret-key-that-nobody-may-ever-see")
# How the host logs a request.
_LOGGED = re.compile(r"POST http://\S+ (\w+) -> (\d+) in ")


class Aws(Eye, Cloud):
    plugin = "aws"
    title = f"EC2 in {REGION}, simulated by moto; a proxy between them records and checks signatures"
    secrets = [CREDENTIALS.secret_key]
    vm_type = {"instance_type": "t3.small", "availability_zone": ZONE, "ephemeral_disk": {"size": 10240}}
    disk_type = {"type": "gp3", "encrypted": True}
    # A light stemcell: its image is in EC2 already, and nothing may open this path.
    image = "/nonexistent/image"
    missing_vm = "i-0123456789abcdef0"

    def __init__(self, moto_port: int, proxy_port: int, record: Record, agent: dict[str, Any]) -> None:
        _forget_whoever_runs_this()
        config = Config(region_name=REGION, proxies={}, retries={"total_max_attempts": 1})
        client, classic, targets = (
            boto3.client(service, endpoint_url=f"http://127.0.0.1:{moto_port}", config=config,
                         aws_access_key_id="an-independent-client", aws_secret_access_key="its-own")
            for service in ("ec2", "elb", "elbv2")
        )
        self._record = record
        self.requests: list[Exchange] = []
        vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.0.16.0/20", AvailabilityZone=ZONE)["Subnet"]
        group = client.create_security_group(VpcId=vpc, GroupName="bosh", Description="VMs of BOSH")["GroupId"]
        client.create_key_pair(KeyName="bosh")
        ami = client.register_image(Name="bosh-aws-xen-hvm-ubuntu-noble", RootDeviceName="/dev/xvda",
                                    VirtualizationType="hvm", Architecture="x86_64")["ImageId"]
        self.stemcell = {"name": "bosh-aws-xen-hvm-ubuntu-noble", "version": "1.484", "ami": {REGION: ami}}
        self.network = {"type": "manual", "ip": ADDRESS, "prefix": "32", "netmask": "255.255.240.0",
                        "gateway": "10.0.16.1", "dns": ["10.0.0.2"], "default": ["dns", "gateway"],
                        "cloud_properties": {"subnet": subnet["SubnetId"]}}
        self.properties = {"agent": agent, "aws": {
            "credentials_source": "static", "access_key_id": CREDENTIALS.access_key,
            "secret_access_key": CREDENTIALS.secret_key, "region": REGION,
            "ec2_endpoint": f"http://127.0.0.1:{proxy_port}", "elb_endpoint": f"http://127.0.0.1:{proxy_port}",
            "default_key_name": "bosh", "default_security_groups": [group], "max_retries": 8,
        }}
        super().__init__(client, ami, group, subnet["SubnetId"])
        self.load_balancers = LoadBalancers(classic, targets, vpc, ZONE)
        self.vm_type = self.vm_type | self.load_balancers.properties

    def seen(self) -> list[Sight]:
        """The requests since the last question, in the order in which they arrived."""
        self.requests = self._record.take()
        for request in self.requests:
            if request.params.get("Attachment.DeleteOnTermination") == "true" and request.status == 200:
                self.goes_with_vm.add(request.params["NetworkInterfaceId"])
        return [_sight(request) for request in self.requests]

    def of_every_call(self, sights: list[Sight], log: str) -> Facts:
        wrong = [f"{it.action}: {it.signed}" for it in self.requests if it.signed != f"ok {REGION}/{_service(it)}"]
        yield Fact("every request is signed as botocore would sign it, for its service", not wrong, "; ".join(wrong))
        yield same("the host's log has every request, with its status", Counter(_LOGGED.findall(log)),
                   Counter((it.action, str(it.status)) for it in self.requests))


def started(stack: ExitStack, folder: Path, agent: dict[str, Any]) -> Aws:
    """moto and the proxy live as long as the stack."""
    port = stack.enter_context(moto.running(folder))
    proxy_port, record = stack.enter_context(proxy.recording(port, CREDENTIALS))
    return Aws(port, proxy_port, record, agent)


def _forget_whoever_runs_this() -> None:
    """boto3 would read profiles, endpoints and proxies of a person who works with AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _service(exchange: Exchange) -> str:
    """Both generations of load balancers share a name; EC2 has its own version of the protocol."""
    return "ec2" if exchange.params.get("Version") == "2016-11-15" else "elasticloadbalancing"


def _sight(exchange: Exchange) -> Sight:
    detail = wire.decisive(exchange.params)
    if exchange.error:
        detail += f" → {exchange.error}"
    verdict = f"{exchange.status} signed {exchange.signed}"
    ok = exchange.signed.startswith("ok ")
    return Sight(exchange.action, detail, verdict, ok, exchange.start, exchange.end)
