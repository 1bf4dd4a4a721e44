"""Candidates: what a training ends with, and what was measured of it, as plain values.

A run may try many models; each that is finished is a candidate, and the bundle is made of one.
Nothing here fits anything: `stoker.models` makes candidates, and everything behind it reads them.
"""
