"""Search: vectors of many rows in a folder, and the nearest of them to a text."""
