"""What every command stands on: the console, the target, the client, signals, how it fails."""
