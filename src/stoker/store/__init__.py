"""The store: artifacts that are whole or absent, and the catalog of what was done with them."""
