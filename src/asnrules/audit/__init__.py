"""The record: what was decided, from what, by which rules.

======================  ============================================================
`record`                put a run into the tables
`ledger`                what of the record belongs to a run, and the digests
`recording`             add a run to the ledger
`queries`               all questions in SQL
`reports`               a run as a whole; an association in every run that has it
`history`               an exposure in every run that has it, and what changed
`differences`           in what the associations of two runs differ
`redecided`             in what decisions made again differ
`stored_pools`          the pools of a run, as they were
`spelling`              which names come near to one that is not there
`verify`                has anything been changed
`export`                the ledger as JSON Lines
======================  ============================================================
"""
