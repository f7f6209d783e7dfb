"""What the tests share: ways to run the tap, loaders to run it into, and expected tables."""
