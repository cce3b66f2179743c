"""The benchmark's shots as data, and filming them into the cache.

To add a shot: a JSON file in shots/ that names its people from people.json. held_out.txt lists
those that nothing may be tuned to.
"""
