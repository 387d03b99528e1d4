"""The world around a terminal: readers, cards, clocks, people, and the oracle."""
