"""The server's HTTP side: the JSON API and the console page, one Flask application.

Not the gateway: nothing here speaks to a terminal. Every view asks `gateway.orders.Orders`, which
may be called from any thread, so a web worker never touches the event loop or a database cursor.
"""
