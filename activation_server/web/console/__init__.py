"""The console of the vendor's staff: server-rendered pages at `/console`, without any script."""
