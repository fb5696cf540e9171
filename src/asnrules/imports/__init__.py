"""Associations that were made elsewhere: judged by a ruleset, and recorded.

======================  ============================================================
`choice`                the ruleset by which one is judged
`table`                 what the published table says of its type
`made`                  what the rules make of the pools that were given with it
`differences`           in what two associations differ
`verdicts`              the verdict, and its explanation
`record`                put an imported run into the tables
======================  ============================================================
"""
