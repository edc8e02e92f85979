"""The plugin `azure` against Resource Manager as the emulator of its tests has it."""
