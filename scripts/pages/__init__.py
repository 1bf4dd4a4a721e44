"""One module per kind of generated page; each has a function that returns the whole text."""
