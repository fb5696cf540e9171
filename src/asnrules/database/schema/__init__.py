"""The tables: vocabulary, catalog and record.

The migrations make them; a test holds the two against each other. Names are the field's.
JSON is kept as text: it is stored once, never searched, and must keep its bytes.
"""
