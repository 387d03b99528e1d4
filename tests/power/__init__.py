"""Power fails: everywhere, in every way, and once more while coming back."""
