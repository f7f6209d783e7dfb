"""Tests by behavior, one file per room, against a simulated GitHub over HTTP."""
