"""Tests by behaviour, a file for each room, against a simulated GitHub over HTTP."""
