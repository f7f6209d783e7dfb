"""Names as people read them, for what GitHub calls by its own."""

from __future__ import annotations

_FEATURES = {
    "code_completion": "Code completion",
    "chat_inline": "Inline chat",
    "chat_panel_ask_mode": "Chat: ask",
    "chat_panel_edit_mode": "Chat: edit",
    "chat_panel_agent_mode": "Chat: agent",
    "chat_panel_plan_mode": "Chat: plan",
    "chat_panel_custom_mode": "Chat: custom agent",
    "chat_panel_unknown_mode": "Chat: unknown mode",
    "agent_edit": "Edits by an agent",
    "copilot_cli": "Copilot CLI",
    "copilot_app": "Copilot app",
    "vscode": "VS Code",
    "visualstudio": "Visual Studio",
    "intellij": "JetBrains IDEs",
    "eclipse": "Eclipse",
    "xcode": "Xcode",
    "neovim": "Neovim",
    "vim": "Vim",
    "emacs": "Emacs",
    "zed": "Zed",
    "others": "others (as GitHub says)",
    "unknown": "unknown",
}


def readable(name: str) -> str:
    """A feature's or an IDE's name in words; any other name, or one yet unknown, as it is."""
    return _FEATURES.get(name, name)
