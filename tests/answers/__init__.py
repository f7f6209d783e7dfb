"""Tests of what is made from the tables: dbt package, SQL recipes, report. `make test-answers`."""
