"""The catalog: rulesets, in files and in tables.

======================  ============================================================
`opening`               open the catalog's database, made and seeded where needed
`vocabulary`            instruments, EXP_TYPEs, keywords and other words of the field
`content`               what a ruleset consists of, and its checksum
`plain`                 read TOML and CSV files
`nodes`                 parts of a TOML file, each of which knows its line
`files`                 read a ruleset from its files
`executable_files`      read the files of an executable ruleset
`condition_files`       read its conditions
`writing`               write a ruleset as files
`executable_writing`    write the files of an executable ruleset
`plain_writing`         write plain files: the texts, and folders of them
`page`                  read the exposure-mode page that the observatory publishes
`corrections`           correct what is misprinted on it, or ask
`page_writing`          write a published ruleset as such a page
`drafting`              import a ruleset as a draft, export it, publish it
`store`                 put a ruleset into tables, publish it, read it back
`executable`            turn the rows of an executable ruleset into engine rules
`rulesets`              which rulesets there are, and which one is meant
`modes`                 look up the published table
`description`           describe a ruleset for people
`analysis`              what rulesets come to, over all exposures they can tell apart
`checking`              check rulesets
`comparing`             compare two rulesets
======================  ============================================================
"""
