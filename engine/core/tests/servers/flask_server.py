"""Flask with Werkzeug's form parser, on Werkzeug's own threaded server."""

import logging
import sys

sys.dont_write_bytecode = True

from flask import Flask, request  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

from serving import arguments, digest, listening  # noqa: E402

app = Flask("flask")


@app.post("/upload")
def upload():
    fields = [[name, value] for name, value in request.form.items(multi=True)]
    files = []
    for name, file in request.files.items(multi=True):
        size, sha256 = digest(file.stream)
        # `content_type` is what the part said; `mimetype` would drop its parameters.
        files.append({
            "name": name,
            "fileName": file.filename,
            "contentType": file.content_type,
            "size": size,
            "sha256": sha256,
        })
    return {"server": "flask", "fields": fields, "files": files}


options = arguments()
# Half a megabyte by default.
app.config["MAX_FORM_MEMORY_SIZE"] = 16 * 1024 * 1024
# A line for every request otherwise.
logging.getLogger("werkzeug").setLevel(logging.WARNING)
tls = (options.cert, options.key) if options.cert else None
server = make_server("127.0.0.1", options.port, app, threaded=True, ssl_context=tls)
listening(server.server_port)
server.serve_forever()
