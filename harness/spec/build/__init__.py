"""From the scenario's operations to their programs; each error names the operation's key, or the script's line."""
