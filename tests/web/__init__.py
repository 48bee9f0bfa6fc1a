"""The client protocol and the pages, over HTTP."""
