"""The databases on which a term is played."""

from tests.sync_server.conftest import both, cluster  # noqa: F401
