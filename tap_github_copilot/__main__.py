"""`python -m tap_github_copilot` is the command `tap-github-copilot`."""

from __future__ import annotations

from tap_github_copilot.tap import TapGitHubCopilot

if __name__ == "__main__":
    TapGitHubCopilot.cli()
