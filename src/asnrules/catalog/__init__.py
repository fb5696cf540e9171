"""The catalog: rulesets, in files and in tables.

======================  ============================================================
`opening`               open the catalog's database, made and seeded where needed
`vocabulary`            instruments, EXP_TYPEs, keywords and other words of the field
`content`               what a ruleset consists of, and its checksum
`plain`                 read TOML and CSV files
`files`                 read a ruleset from its files
`executable_files`      read the files of an executable ruleset
`store`                 put a ruleset into tables, publish it, read it back
`executable`            turn the rows of an executable ruleset into engine rules
`rulesets`              which rulesets there are, and which one is meant
`modes`                 look up the published table
======================  ============================================================
"""
