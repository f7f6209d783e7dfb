"""The Singer streams. Nothing here knows of HTTP."""
