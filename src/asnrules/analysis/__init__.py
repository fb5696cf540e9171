"""Exhaustive analysis of rulesets, over all exposures that their rules can tell apart.

================  ==================================================================
`partition`       the classes of values of a keyword
`formulas`        what rules ask, as formulas that shrink as keywords become known
`space`           every exposure that rules can tell apart
`answers`         what rules answer for it
`alternatives`    conditions by themselves
`reach`           what rules, roles and lines of the classification reach
`tables`          the rules against the table that they implement
`check`           the check of rules, and of a table
`findings`        what a check found
`items`           two rulesets, item by item
`behaviour`       two rulesets, answer by answer
================  ==================================================================
"""
