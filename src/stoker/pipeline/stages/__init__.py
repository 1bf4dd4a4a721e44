"""Stages: what the nodes of a graph do, one file each with one function.

A stage gets `Work`: the values of the recipe that its node names (and nothing else of the recipe),
the verified artifacts of the stages before it, and a folder to fill.  All that may change what it
writes is in its fingerprint: those values, the contents of those artifacts, and the source of
everything that its file imports, see `stoker.pipeline.source_code`.  So a stage imports only what
it runs, and never `nodes` or `graph`, which know all the others.
"""
