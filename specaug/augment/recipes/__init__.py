"""Recipes: operations composed, drawn and replayed; their TOML files; settings in source pixels."""
