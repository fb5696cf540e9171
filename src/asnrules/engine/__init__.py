"""The engine: exposures and a ruleset in, decisions and associations out.

Pure functions. Nothing here knows a database, a file, a clock, an EXP_TYPE or the name of a
rule: all of that is in the rows of the ruleset.

====================  ==============================================================
`model`               what a ruleset is: conditions, keys, roles, rules
`values`              what an empty value is
`conditions`          evaluate a condition on an exposure
`signatures`          judge each distinct signature once: class, rules, reasons
`work`                the exposures of a pool, judged
`drafts`              associations while they grow
`stretches`           members that many associations share
`candidates`          which exposures belong to which candidate
`grouping`            part exposures by their keys, and make associations of each group
`procedure`           what a rule means: the procedure, plain and one by one
`cohorts`             the procedure for all associations in the same state at once
`finishing`           the steps between a grown association and a finished one
`diagnosis`           where jwst's answer depends on the order of the rows
`growth`              grow and finish the associations of each candidate
`naming`              prune, number, name and merge them
`generation`          all of it, for a pool
====================  ==============================================================
"""
