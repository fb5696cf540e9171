"""Exhaustive analysis of rulesets, over all exposures that their rules can tell apart."""
