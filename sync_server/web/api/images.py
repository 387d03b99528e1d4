"""PUT and GET /api/images: the firmware that terminals shall run.

An image says itself for which kind it is. Terminals of that kind with an older one fetch it; how
far each is stands in the status.
"""

from __future__ import annotations

from flask import current_app, jsonify, request

from sync_server.web.api import api


@api.put("/images")
def put():
    """The bytes of an image -> {kind, version, size, digest, key, commit, changed}"""
    return jsonify(current_app.extensions["desk"].orders.put_image(request.get_data()))


@api.get("/images")
def images():
    """-> {images: [as above]}"""
    return jsonify(images=current_app.extensions["desk"].orders.images())
