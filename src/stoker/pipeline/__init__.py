"""The pipeline: recipe to graph to run, cached, killed and resumed."""
