"""The reference desktop client."""
