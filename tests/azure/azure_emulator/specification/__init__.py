"""What Azure's published descriptions say about bodies.

`table.json` is drawn by `generate.py` from azure-rest-api-specs and bicep-types-az, which are Microsoft's and under the
MIT licence (`LICENSE` beside this file). It is data of theirs, and never edited by hand.
"""
