"""Tests of loaders and warehouses; `make test-loaders` runs them, since they are heavy."""
