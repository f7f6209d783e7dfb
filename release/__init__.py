"""`make release`: from a tested checkout to PyPI."""
