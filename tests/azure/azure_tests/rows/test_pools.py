"""Load balancers and application gateways."""

from __future__ import annotations

from typing import Any

from ..running import SCOPE
from ..world import COMPUTE, NETWORK
from .cases import PROVIDERS, SIZE, Machines
from .table import row


class Pools(Machines):
    def balancer(self, name: str, pools: list[str], rules: tuple[str, ...] = (), group: str = "g") -> str:
        path = f"{group}/providers/Microsoft.Network/loadBalancers/{name}"
        front = f"{SCOPE}/resourceGroups/{path}/frontendIPConfigurations/front"
        properties = {
            "frontendIPConfigurations": [
                {
                    "name": "front",
                    "properties": {"subnet": {"id": f"{PROVIDERS}/Microsoft.Network/virtualNetworks/net/subnets/b"}},
                }
            ],
            "backendAddressPools": [{"name": pool} for pool in pools],
            "inboundNatRules": [
                {
                    "name": rule,
                    "properties": {
                        "frontendIPConfiguration": {"id": front},
                        "protocol": "Tcp",
                        "frontendPort": 2200 + number,
                        "backendPort": 22,
                    },
                }
                for number, rule in enumerate(rules)
            ],
        }
        body = {"location": "eastus", "sku": {"name": "Standard"}, "properties": properties}
        return self.put(path, NETWORK, body, whole=True)["id"]

    def joined(self, balancers: Any, key: str = "load_balancer") -> dict[str, Any]:
        """The configuration of the primary interface of a VM that is made and removed."""
        self.forget()
        networks = {"b": self.manual("10.0.1.9", "b"), "a": self.manual("10.0.0.9", default=["gateway"])}
        vm = self.cpi("create_vm", *self.create_vm({**SIZE, key: balancers}, networks=networks))[0]
        for part in ("loadBalancerBackendAddressPools", "applicationGatewayBackendAddressPools"):
            self.assertNotIn(part, self.configuration(1))
        configuration = self.configuration(0)
        self.cpi("delete_vm", vm)
        return configuration

    @row(34)
    def test_every_writing_of_load_balancers(self) -> None:
        self.put("lbs", COMPUTE, {"location": "eastus"}, whole=True)
        one, two = self.balancer("one", ["p1", "p2"]), self.balancer("two", ["q1"])
        far = self.balancer("far", ["f1", "f2"], group="lbs")
        self.balancer("empty", [])

        def pools(*names: tuple[str, str]) -> list[dict[str, str]]:
            return [{"id": f"{balancer}/backendAddressPools/{pool}"} for balancer, pool in names]

        for given, expected in (
            ("one", pools((one, "p1"))),
            ("one,two", pools((one, "p1"), (two, "q1"))),
            ("one, two", pools((one, "p1"), (two, "q1"))),
            ({"name": "one", "backend_pool_name": "p2"}, pools((one, "p2"))),
            ({"name": "far", "resource_group_name": "lbs", "backend_pool_name": "f2"}, pools((far, "f2"))),
            (
                ["two", {"name": "one", "backend_pool_name": "p2"}, {"name": "one"}],
                pools((two, "q1"), (one, "p2"), (one, "p1")),
            ),
            ({"backend_pool_name": "p2"}, None),
            ("empty", None),
        ):
            with self.subTest(given):
                self.assertEqual(expected, self.joined(given).get("loadBalancerBackendAddressPools"))

    @row(34)
    def test_nat_rules_of_the_first_frontend(self) -> None:
        one = self.balancer("one", ["p1", "p2"], ("ssh", "web"))
        two = self.balancer("two", ["q1"], ("ssh",))
        several = [{"name": "one", "backend_pool_name": "p1"}, {"name": "one", "backend_pool_name": "p2"}, "two"]
        found = self.joined(several)
        expected = [{"id": f"{one}/inboundNatRules/ssh"}, {"id": f"{one}/inboundNatRules/web"}]
        expected.append({"id": f"{two}/inboundNatRules/ssh"})
        self.assertEqual(expected, found["loadBalancerInboundNatRules"])
        self.assertEqual(3, len(found["loadBalancerBackendAddressPools"]))

    @row(34)
    def test_load_balancers_that_cannot_be_joined(self) -> None:
        self.balancer("one", ["p1", "p2"])
        networks = {"a": self.manual("10.0.0.9")}
        said = "Property 'load_balancer' must be a String, Hash, or Array."
        self.refusals([(said, {"load_balancer": 7}, networks), (said, {"load_balancer": [7]}, networks)])
        cases = [
            ("Cannot find the load balancer 'none'", "none"),
            (
                "Cannot find the load balancer 'one' in the resource group 'far'",
                {"name": "one", "resource_group_name": "far"},
            ),
            ("'one' does not have a backend_pool named 'x': p1, p2", {"name": "one", "backend_pool_name": "x"}),
        ]
        self.refusals([(said, {"load_balancer": given}, networks) for said, given in cases], "VMCreationFailed")

    @row(35)
    def test_application_gateways(self) -> None:
        properties = {"backendAddressPools": [{"name": "p1"}, {"name": "p2"}]}
        path = "Network/applicationGateways/gw"
        gateway = self.put(path, NETWORK, {"location": "eastus", "properties": properties})["id"]
        part = "applicationGatewayBackendAddressPools"
        for given, pool in (("gw", "p1"), ({"name": "gw", "backend_pool_name": "p2"}, "p2")):
            expected = [{"id": f"{gateway}/backendAddressPools/{pool}"}]
            self.assertEqual(expected, self.joined(given, "application_gateway")[part])
        both = [{"name": "gw", "backend_pool_name": name} for name in ("p1", "p2")]
        self.assertEqual(2, len(self.joined(both, "application_gateway")[part]))
        networks = {"a": self.manual("10.0.0.9")}
        said = "Property 'application_gateway' must be a String, Hash, or Array."
        self.refusals([(said, {"application_gateway": 7}, networks)])
        cases = [
            ("Cannot find the application gateway 'none'", "none"),
            ("'gw' does not have a backend_pool named 'x'", {"name": "gw", "backend_pool_name": "x"}),
        ]
        self.refusals([(said, {"application_gateway": given}, networks) for said, given in cases], "VMCreationFailed")
