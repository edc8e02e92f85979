"""How many fault domains a set may have here, by its SKU."""

MOST_FAULT_DOMAINS = {"Aligned": 2, "Classic": 3}
