"""The catalog in a web browser, read only, on this machine.

Only `server.browse` imports the other modules, as they take the extra `asnrules[browse]`.
"""
