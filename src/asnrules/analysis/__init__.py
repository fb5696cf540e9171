"""Exhaustive analysis of rulesets, over all exposures that their rules can tell apart.

================  ==================================================================
`partition`       the classes of values of a keyword
`formulas`        what rules ask, as formulas that shrink as keywords become known
`space`           every exposure that rules can tell apart
`answers`         what rules answer for it
`alternatives`    conditions by themselves
`reach`           what rules, roles and lines of the classification reach
`nearest`         the exposure that comes nearest to a rule that takes none
`tables`          the rules against the published table
`check`           the check of an executable ruleset
`published`       the check of a published one
`findings`        what a check found
`items`           two rulesets, row by row
`behaviour`       two rulesets, answer by answer
================  ==================================================================
"""
