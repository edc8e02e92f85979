"""The end of the story: how many things were true, how long they took, and what to look at next."""

from __future__ import annotations

import tempfile
from itertools import groupby
from pathlib import Path
from statistics import median

from .director import Tally
from .host import ms_of_nothing
from .show import Show

_BESIDES = """\
   Checked on every call besides: exit status, shape of the response, request id on each line of the
   log, no secret on stdout or stderr; that the log has each request; for aws, each signature, for
   azure, whose token each request has. The plugins had no key, no client's secret and nothing of the
   agent's settings: they leave a mark, and the host puts the settings there before it sends."""

_NEXT = """\
   Next
     dist/cpi-host call --config cpi.json   a call with your own cpi.json, as its job renders it
     dist/cpi-host plugin list              what is installed, with its digest
     plugins/sim/                           a whole plugin, small enough to read: the start of yours
     README.md                              cpi-host in the place of the CPI that you run"""


def tell(show: Show, tallies: dict[str, Tally]) -> None:
    show.heading("summary")
    show.say(f"   {'':10}{'steps':>7}{'checks':>9}{'median of a call':>19}{'of it, without the cloud':>27}"
             f"{'requests':>11}")
    for plugin, tally in tallies.items():
        mark = show.bad("✗") if tally.failures else show.good("✓")
        show.say(f" {mark} {plugin:<10}{_figures(tally)}")
    with tempfile.TemporaryDirectory(prefix="cpi-host-demo-") as folder:
        nothing = ms_of_nothing(Path(folder))
    show.say(f"   {'/bin/true':<26}{nothing:16.1f} ms   started in the same way, for comparison")
    failures = [failure for tally in tallies.values() for failure in tally.failures]
    for (where, log), group in groupby(failures, key=lambda failure: (failure.where, failure.log)):
        show.failure(where, [failure.fact for failure in group], log)
    checks = sum(tally.checks for tally in tallies.values())
    show.say()
    if failures:
        show.say(show.bad(f"   {len(failures)} of {checks} checks failed."))
    else:
        show.say(show.good(f"   All {checks} checks are true."))
        show.aside(f"\n{_BESIDES}\n\n{_NEXT}")


def _figures(tally: Tally) -> str:
    own = median(whole - part for whole, part in zip(tally.ms, tally.cloud_ms, strict=True))
    requests = str(tally.requests) if tally.requests else "none"
    return (f"{tally.steps:7}{tally.checks:9}{median(tally.ms):16.1f} ms{own:24.1f} ms{requests:>11}")
