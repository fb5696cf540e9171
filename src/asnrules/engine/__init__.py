"""The engine: exposures and a ruleset in, decisions and associations out.

Pure functions. Nothing here knows a database, a file, a clock, an EXP_TYPE or the name of a
rule: all of that is in the rows of the ruleset.
"""
