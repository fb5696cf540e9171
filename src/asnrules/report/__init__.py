"""One run as one HTML page that needs nothing else.

======================  ============================================================
`content`               what is on the page, and how much of a big run
`picture`               from exposures to rules, as bands
`rendering`             the page from its templates
======================  ============================================================
"""
