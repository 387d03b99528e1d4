"""Every link from one page of the tree to another leads somewhere."""

import re

from tests.structure.tree import ROOT, texts

LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


def dead_links(path, text):
    """Yield the links of one page that lead nowhere."""
    for target in LINK.findall(text):
        if not ((ROOT / path).parent / target).exists():
            yield f"{path}: {target}"


def test_no_link_is_dead():
    pages = [(path, text) for path, text in texts() if path.endswith(".md")]
    assert [link for path, text in pages for link in dead_links(path, text)] == []


def test_the_check_can_fail():
    assert list(dead_links("docs/README.md", "[a](nowhere.md)")) == ["docs/README.md: nowhere.md"]
    assert not list(dead_links("docs/README.md", "[a](../README.md#top) [b](https://x.org/y)"))
