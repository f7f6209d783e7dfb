"""A GitHub on a real port, as far as Copilot's reports go: for the demo, tests and benchmarks."""
