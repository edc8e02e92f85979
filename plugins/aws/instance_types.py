"""Writes what plugin `aws` knows of instance types when EC2 may not be asked: src/instance_types/table.rs.

    .venv/bin/python plugins/aws/instance_types.py      (`make instance-types` does this)

The data is what EC2 itself answers to DescribeInstanceTypes, as the package moto collects it.
"""

from __future__ import annotations

import gzip
import json
import subprocess
from collections import defaultdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "src" / "instance_types" / "table.rs"
HEAD = """\
//! Made by `make instance-types` from the data of moto {version}: do not edit.

/// Families of which EBS volumes are no NVMe devices.
pub(super) const EBS_WITHOUT_NVME: &[&str] = &{ebs};

/// Families of which local disks are no NVMe devices.
pub(super) const LOCAL_WITHOUT_NVME: &[&str] = &{local};

/// Sizes of a family, and how many local disks they have.
type Sizes = &'static [(&'static str, usize)];

/// Families with local disks.
pub(super) const LOCAL_DISKS: &[(&[&str], Sizes)] = &[
{disks}
];
"""


def main() -> None:
    packed = (files("moto") / "ec2" / "resources" / "instance_types.json.gz").read_bytes()
    types: dict[str, dict[str, Any]] = json.loads(gzip.decompress(packed))
    nvme: dict[str, set[str]] = defaultdict(set)
    local_nvme: dict[str, set[str]] = defaultdict(set)
    sizes: dict[str, dict[str, int]] = defaultdict(dict)
    for name, facts in types.items():
        family, size = name.split(".")
        nvme[family].add(facts["EbsInfo"]["NvmeSupport"])
        if storage := facts.get("InstanceStorageInfo"):
            local_nvme[family].add(storage["NvmeSupport"])
            sizes[family][size] = sum(disk["Count"] for disk in storage["Disks"])

    # Families with the same sizes share a line.
    alike: dict[tuple[tuple[str, int], ...], list[str]] = defaultdict(list)
    for family, counts in sorted(sizes.items()):
        alike[tuple(sorted(counts.items()))].append(family)
    disks = "\n".join(f"    (&{_list(families)}, &{_pairs(counts)})," for counts, families in alike.items())
    ebs = [family for family, support in sorted(nvme.items()) if support != {"required"}]
    local = [family for family, support in sorted(local_nvme.items()) if support == {"unsupported"}]
    TABLE.write_text(HEAD.format(version=version("moto"), ebs=_list(ebs), local=_list(local), disks=disks))
    subprocess.run(["rustfmt", "--edition", "2024", TABLE], check=True)
    print(f"{TABLE.name}: {len(types)} types, {sum(map(len, sizes.values()))} with local disks")


def _list(words: list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _pairs(counts: tuple[tuple[str, int], ...]) -> str:
    return "[" + ", ".join(f'("{size}", {count})' for size, count in counts) + "]"


if __name__ == "__main__":
    main()
