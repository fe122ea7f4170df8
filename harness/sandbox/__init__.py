"""The disposable servers: docker, embedded and external engines behind one protocol."""
