"""Questions to the record, each asked in SQL here and nowhere else.

======================  ============================================================
`runs`                  which runs there are
`decisions`             what a run decided of its exposures
`associations`          associations, with their members
`exposures`             one exposure, in all runs
`summaries`             a run in numbers
======================  ============================================================
"""
