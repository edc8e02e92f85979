"""An emulator of Azure Resource Manager, of its token endpoints and of its instance metadata service, for tests."""
