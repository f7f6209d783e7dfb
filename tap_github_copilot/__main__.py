"""The command `tap-github-copilot`, also as `python -m tap_github_copilot`."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command; a Ctrl-C while it is still being imported ends it without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tap_github_copilot.tap import TapGitHubCopilot  # noqa: PLC0415 - takes half a second

    TapGitHubCopilot.cli()


if __name__ == "__main__":
    main()
