"""Pure decisions: standard library only, time comes in as an argument."""
