"""The plugin `azure` against Resource Manager as the emulator of its tests has it."""

import sys
from pathlib import Path

# The emulator, and the client that its tests look at it with.
sys.path.append(str(Path(__file__).resolve().parents[2] / "azure"))
