"""What a stage does that takes more than a page: make a model into a bundle, score candidates."""
