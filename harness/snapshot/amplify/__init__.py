"""Growing a restored database N times inside of its server, so that keys, references and distributions still hold."""
