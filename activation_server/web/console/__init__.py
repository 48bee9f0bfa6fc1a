"""The console of the vendor's staff: server-rendered pages at `/console`.

Everything but passkeys works without a script.
"""
