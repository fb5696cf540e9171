"""The catalog in a web browser, read only, on this machine.

======================  ============================================================
`reference`             what docs/sql.md says of views, columns and questions
`site`                  the pages, by Datasette
`statements`            what a visitor asks, run in processes that can be ended
`server`                serving them
======================  ============================================================

Only `server.browse` imports the others, as they take the extra `asnrules[browse]`.
"""
