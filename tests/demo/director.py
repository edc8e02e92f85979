"""Makes the calls, shows them, and checks what must be true of each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .brief import brief, short
from .cloud import Cloud, Fact, Facts, same, seconds_in_cloud
from .host import Call, Host
from .show import Show

DIRECTOR = "8d2c5b62-6f7e-4f6a-9d1b-0d5d0a6f1c11"
# Calls that concern a VM or a stemcell carry the version that its agent speaks.
_ABOUT_A_VM = {"create_vm", "delete_vm", "attach_disk", "detach_disk"}
_ANYTHING = object()


class StoryEnds(Exception):
    """A call failed that the rest of the story needs."""


class Failure(NamedTuple):
    """A check that was not true."""

    where: str
    fact: Fact
    log: str


@dataclass
class Tally:
    """What the summary tells."""

    steps: int = 0
    checks: int = 0
    requests: int = 0
    failures: list[Failure] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    cloud_ms: list[float] = field(default_factory=list)


class Director:
    def __init__(self, host: Host, cloud: Cloud, show: Show, secrets: Iterable[str]) -> None:
        self.tally = Tally()
        self.api_version: int | None = None
        self._host, self._cloud, self._show = host, cloud, show
        self._secrets = [*secrets, *cloud.secrets]

    def call(
        self,
        method: str,
        *arguments: Any,
        returns: Any = _ANYTHING,
        fails: str | None = None,
        then: Callable[[Any], Facts] | None = None,
        told: Callable[[str], Facts] | None = None,
        context: dict[str, Any] | None = None,
        rules: str = "",
    ) -> Any:
        """Makes a call and gives its result.

        `returns` is the result that it must have, `fails` the type of the error that it must end with, `then` looks at
        the cloud afterwards and `told` at the error's message. `context` is what the director's CPI configuration adds,
        `rules` what the operator adds to the settings of the host.
        """
        self.tally.steps += 1
        made = self._host.call(self._request(method, arguments, context or {}), rules)
        sights = self._cloud.seen()
        cloud_ms = seconds_in_cloud(sights) * 1e3
        self.tally.ms.append(made.ms)
        self.tally.cloud_ms.append(cloud_ms)
        self.tally.requests += sum(sight.end > 0 for sight in sights)
        self._show.step(self.tally.steps, method, made.ms, cloud_ms)
        self._show.line("asks", ", ".join(map(brief, arguments)) or "nothing")
        if context:
            self._show.line("with", f"{', '.join(context)} in its context")
        if rules:
            self._show.line("with", f"{rules.strip()} in host.toml")
        self._show.sights(sights)
        response = made.response()
        self._show_answer(response)
        where = f"{self._cloud.plugin}, step {self.tally.steps}, {method}"
        self._check(where, made, self._of_every_call(made, sights), quiet=True)
        error = response["error"]["type"] if response and response["error"] else None
        if response is None or error != fails:
            wanted = f"it fails with {fails}" if fails else "it succeeds"
            self._check(where, made, [Fact(wanted, False, made.stdout.strip() or "stdout is empty")])
            raise StoryEnds
        if fails:
            self._check(where, made, [Fact(f"it fails with {fails}, and retrying would not help",
                                           response["error"]["ok_to_retry"] is False)])
            self._check(where, made, told(response["error"]["message"]) if told else [])
        if returns is not _ANYTHING:
            self._check(where, made, [same(f"the answer is {brief(returns)}", response["result"], returns)])
        if then:
            self._check(where, made, then(response["result"]))
        self._check(where, made, self._cloud.beside(method, sights))
        return response["result"]

    def skip(self, method: str, why: str) -> None:
        """Says that a call is left out."""
        self._show.chapter(f"{method} is left out: {why}")

    def chapter(self, text: str) -> None:
        self._show.chapter(text)

    def look(self, what: str, facts: Facts) -> None:
        """Looks at the cloud without a call."""
        self._show.line("")
        self._show.line("then", what)
        self._check(f"{self._cloud.plugin}, {what}", None, facts)

    def _request(self, method: str, arguments: tuple[Any, ...], more: dict[str, Any]) -> dict[str, Any]:
        context = more | {"director_uuid": DIRECTOR, "request_id": f"cpi-{self.tally.steps:06}"}
        if method in _ABOUT_A_VM:
            context["vm"] = {"stemcell": {"api_version": 3}}
        request = {"method": method, "arguments": list(arguments), "context": context}
        # The first `info` comes without a version: its answer tells which one to use.
        return request if self.api_version is None else request | {"api_version": self.api_version}

    def _of_every_call(self, made: Call, sights: list[Any]) -> Facts:
        yield same("the exit status is 0", made.status, 0)
        yield Fact("stdout is one line, a response that directors accept",
                   made.response() is not None and made.stdout.count("\n") <= 1, repr(made.stdout))
        yield Fact("the log has the request id on every line",
                   all(f"[req_id cpi-{self.tally.steps:06}]" in line for line in made.stderr.splitlines()))
        told = [name for name, text in (("stdout", made.stdout), ("stderr", made.stderr))
                if any(secret in text for secret in self._secrets)]
        yield Fact("no secret is on stdout or stderr", not told, f"there is one on {', '.join(told)}")
        yield from self._cloud.of_every_call(sights, made.stderr)

    def _show_answer(self, response: dict[str, Any] | None) -> None:
        if response is None:
            self._show.line("reply", "none that a director would accept")
        elif error := response["error"]:
            self._show.line("reply", short(f"{error['type']}: {error['message']}"))
        else:
            self._show.line("reply", brief(response["result"]), most=2)

    def _check(self, where: str, made: Call | None, facts: Iterable[Fact], quiet: bool = False) -> None:
        for fact in _safely(facts):
            self.tally.checks += 1
            if not quiet or not fact.true:
                self._show.fact(fact)
            if not fact.true:
                self.tally.failures.append(Failure(where, fact, made.stderr if made else ""))


def _safely(facts: Iterable[Fact]) -> Facts:
    """A look at the cloud that goes wrong is a failed check, not the end."""
    try:
        yield from facts
    except Exception as problem:
        yield Fact("the cloud can be looked at", False, f"{type(problem).__name__}: {problem}")
