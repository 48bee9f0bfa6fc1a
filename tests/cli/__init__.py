"""The operator commands, without a server."""
