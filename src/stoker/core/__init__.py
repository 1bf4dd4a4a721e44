"""What every layer stands on: errors, steps, strict YAML, seeds, clock, progress events.

Imports the standard library, pydantic and PyYAML only; never torch, numpy or anything that is slow
to load.
"""
