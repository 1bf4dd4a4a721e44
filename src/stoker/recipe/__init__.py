"""The recipe: what a user writes, read strictly, explained, and turned into steps."""
