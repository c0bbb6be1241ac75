"""What is asked of a language model, and what is believed of its answers: prompts, schemas, parsers, checks. No I/O."""
