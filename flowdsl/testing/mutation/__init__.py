"""Wrong edits of flows, and which of them their tests notice."""
