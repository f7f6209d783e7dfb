"""Tests of the engines; `make test-orchestrate` runs them, since both are heavy."""
