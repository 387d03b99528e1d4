"""The offices of Article 3 by the names that people call them."""

from flask_babel import lazy_gettext as _l

from sync_server.core import rights

ROLE_WORDS = {
    rights.CENTRE: _l("Information centre"),
    rights.FINANCE: _l("Finance"),
    rights.PERSONNEL: _l("Personnel"),
    rights.TEACHING: _l("Teaching affairs"),
    rights.LOGISTICS: _l("Logistics"),
    rights.STUDENTS: _l("Student affairs"),
    rights.MERCHANT: _l("Merchant"),
    rights.CLERK: _l("Service desk"),
    rights.KEY: _l("Key"),
    "": "",
}
HOLDER_WORDS = {1: _l("Staff"), 2: _l("Student"), 3: _l("Temporary")}
