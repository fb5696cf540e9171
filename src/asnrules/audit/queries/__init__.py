"""Questions to the record, each asked in SQL here and nowhere else.

======================  ============================================================
`runs`                  which runs there are, and one as a whole
`exposures`             what is on record about one exposure
`associations`          those of a run, and by name
`decisions`             those of a run, with their traces
======================  ============================================================
"""
