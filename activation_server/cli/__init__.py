"""Operator commands: parse, call a service, print (for people, or --json)."""
