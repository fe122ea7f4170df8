"""Production data made safe to rehearse on while it behaves the same: keyed, offline, without a mapping table."""
