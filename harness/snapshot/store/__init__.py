"""The store: snapshots by name, each a folder with its data and where the data came from."""
