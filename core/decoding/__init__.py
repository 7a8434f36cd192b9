"""Decoding of files from outside, in limited child processes behind a gate.

`gate.py` is what the server calls. The functions it runs stand in modules of their own that import neither Django nor models,
so that a child starts quickly; of this package they import `contract` alone.
"""
