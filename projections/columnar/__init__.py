"""The same figures over spells in columns, with validity in both times.

A spell is a rectangle: the days that it covers, and the knowledge times between which it was
believed to look like that. A figure at any cutoff and any knowledge time is then a filter and a
group-by. The reference engine says what is right; this one must agree with it.

The SQL here is kept to what DuckDB and, transpiled, Apache Spark answer alike: days are whole
numbers since 1970, instants microseconds since 1970, and everything that a calendar decides
(months, ages, deadlines) is worked out in Python and handed over as small tables.
"""
