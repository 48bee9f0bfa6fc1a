"""License activation and reactivation server."""

__version__ = "0.1.0"
