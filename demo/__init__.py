"""The whole pipeline on one machine: simulated GitHub, the tap, Meltano, PostgreSQL."""
