"""What commands share: the console, the target, the client, signals, and failures."""
