"""What the Ruby CPI does in Azure, row by row, and what its users ask for: each against the real program.

`table.py` has the rows. A test names those that it is about: `@row(31)`.
"""
