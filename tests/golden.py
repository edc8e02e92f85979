"""Compares with recorded calls of the Ruby CPIs, where these are to be had: cases that differ have to be known ones."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

# Recorded cases that are meant to differ: docs/improvements.md and docs/improvements-azure.md say why.
KNOWN = {
    "aws": {"054", "057", "210", "223", "230", "320", "344"},
    "azure": set(),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, required=True, help="folder with a folder for each cloud")
    parser.add_argument("--cpi", required=True, help="command of the CPI, with {config} for its configuration")
    options = parser.parse_args()
    aws = ["compare.py", "--venv", os.path.dirname(os.path.dirname(sys.executable)), "--allow", "reads,calls,message"]
    clouds = {"aws": (aws, r"^FAIL\s+(\d+)-", r"passed, "), "azure": (["replay.py"], r"^DIFF\s+(\d+)-", r"^same in both:")}
    return max([look(cloud, options, *how) for cloud, how in clouds.items()])


def look(cloud: str, options: argparse.Namespace, tool: list[str], differing: str, ended: str) -> int:
    """Runs one comparison; its whole output goes to a file. Returns the exit status."""
    name, folder = f"recorded calls of the Ruby CPI for {cloud}", options.recordings / cloud
    if not (folder / tool[0]).exists():
        print(f"{name}: skipped, there is no {folder}")
        return 0
    command = [sys.executable, str(folder / tool[0]), *tool[1:], "--cpi", options.cpi]
    output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    file = Path("target") / f"golden-{cloud}.txt"
    file.write_text(output)
    if not re.search(ended, output, re.MULTILINE):
        print(f"{name}: the comparison did not come to its end:\n{output[-2000:]}")
        return 1
    differ = set(re.findall(differing, output, re.MULTILINE))
    alike = len(re.findall(r"^(?:ok|same\*?)\s+\d", output, re.MULTILINE))
    words = f"{alike} agree, {len(differ)} differ"
    new = sorted(differ - KNOWN[cloud])
    print(f"{name}: {words}" + (f", unexpected: {', '.join(new)}; see {file}" if new else ""))
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
