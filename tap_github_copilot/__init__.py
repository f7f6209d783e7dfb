"""Singer tap for the usage-metrics reports of GitHub Copilot."""
