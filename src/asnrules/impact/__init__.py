"""Foresee what a draft would change of what is on record.

==============  ====================================================================
`decisions`     which decisions change, and why
`associations`  which associations change, where decisions or grouping do
`foreseeing`    go through the record
`report`        what came out
==============  ====================================================================
"""
