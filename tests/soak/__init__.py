"""Seeded schedules of runs, faults and kills, each compared with the truth: `make soak`."""
