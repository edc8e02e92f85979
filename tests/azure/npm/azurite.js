// Azurite with every account there can be. By itself it knows those that are named when it starts, and no others.
const { createHash } = require("crypto");
const AccountDataStore = require("azurite/dist/src/common/AccountDataStore").default;

// The keys that `azure_emulator/kinds/storage_accounts.py` gives to accounts.
const key = (name, number) => createHash("sha512").update(`${name}#${number}`).digest();
AccountDataStore.prototype.getAccount = (name) => ({ name, key1: key(name, 1), key2: key(name, 2) });

require("azurite/dist/src/azurite");
