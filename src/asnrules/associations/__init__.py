"""Associations: what they consist of, and their files.

====================  ==============================================================
`model`               association, product, member
`files`               write `*_asn.json` files, all of them or none
`reader`              read such a file that was made elsewhere
`constraints`         what its constraints tell
`listing`             which files a command line means
====================  ==============================================================
"""
