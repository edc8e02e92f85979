"""Runs the story with each plugin and tells how it went.

    PYTHONPATH=tests .venv/bin/python -m demo      (`make demo` builds all, and does this)

The exit status is 0 when all checks are true, 1 when one is not, 2 when the demo itself cannot run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from . import summary
from .cloud import Cloud, DidNotStart
from .director import Director, StoryEnds, Tally
from .host import Host
from .lifecycle import agent_config, env, live, secrets_in
from .show import Show
from .sim import Sim

PLUGINS = ("sim", "aws", "azure")
BUILT = Path(__file__).resolve().parents[2] / "dist" / "cpi-host"


def main() -> int:
    options = _options()
    if not os.access(options.host, os.X_OK):
        print(f"{options.host}: no such program. Build it first (`make`), or name another with --host.",
              file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _end)
    show = Show(options.quiet)
    try:
        tallies = {plugin: _run(plugin, options.host.resolve(), show) for plugin in options.plugin or PLUGINS}
    except DidNotStart as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; what the demo had started is stopped and removed.", file=sys.stderr)
        return 130
    summary.tell(show, tallies)
    return 1 if any(tally.failures for tally in tallies.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", description="Runs a VM's whole life cycle with cpi-host: in a simulated "
                                     "cloud, in EC2 as moto simulates it, and in an emulator of Azure. Needs no cloud.")
    parser.add_argument("--host", type=Path, default=BUILT, metavar="FILE",
                        help="the program, with its plugins beside it (default: dist/cpi-host)")
    parser.add_argument("--plugin", action="append", choices=PLUGINS, help="only this one")
    parser.add_argument("--quiet", action="store_true", help="only failures and the summary")
    return parser.parse_args()


def _run(plugin: str, program: Path, show: Show) -> Tally:
    """One life. All that it starts and writes is gone afterwards, however it ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cpi-host-demo-")))
        agent, of_agent = agent_config(), env()
        cloud = _cloud(plugin, folder, agent, stack)
        host = Host(program, folder, plugin, cloud.properties)
        director = Director(host, cloud, show, secrets_in(agent, of_agent))
        show.heading(plugin, cloud.title)
        try:
            live(director, cloud, agent, of_agent)
        except StoryEnds:
            show.line("", "The rest of the story needs this call: it ends here.")
        return director.tally


def _cloud(plugin: str, folder: Path, agent: dict[str, object], stack: ExitStack) -> Cloud:
    if plugin == "sim":
        return Sim(folder, agent)
    # Loading what the others need takes longer than the whole life in the simulated cloud.
    if plugin == "azure":
        from .azure import cloud as azure

        return azure.started(stack, folder, agent)
    from .aws import cloud as aws

    return aws.started(stack, folder, agent)


def _end(*_: object) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
