"""All that talks to GitHub. Plain Python: nothing here knows of Singer."""
