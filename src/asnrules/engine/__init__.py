"""The engine: exposures and a ruleset in, decisions and associations out.

Pure functions. Nothing here knows a database, a file, a clock, an EXP_TYPE or the name of a
rule: all of that is in the rows of the ruleset.

====================  ==============================================================
`model`               what a ruleset is: conditions, keys, roles, rules
`values`              what an empty value is
`conditions`          evaluate a condition on an exposure
`signatures`          judge each distinct signature once: class, rules, reasons
`drafts`              associations while they grow
`candidates`          which exposures belong to which candidate
`grouping`            make associations set-wise, for regular groups
`procedure`           make associations by the procedure, for the others
`finishing`           the steps between a grown association and a finished one
`diagnosis`           where jwst's answer depends on the order of the rows
`growth`              grow and finish the associations of each candidate
`naming`              prune, number, name and merge them
`generation`          all of it, for a pool
====================  ==============================================================
"""
