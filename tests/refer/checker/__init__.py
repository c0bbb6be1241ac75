"""A second judge of rule-made expressions: it reads the English, and knows ``docs/words.md`` alone."""
