"""Associations: what they consist of, and their files.

====================  ==============================================================
`model`               association, product, member
`files`               write `*_asn.json` files, all of them or none
====================  ==============================================================
"""
