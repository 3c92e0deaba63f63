"""aiohttp's server and its streaming multipart reader: no file is ever held or stored."""

import hashlib
import ssl
import sys

sys.dont_write_bytecode = True

from aiohttp import web  # noqa: E402

from serving import arguments, bound, listening  # noqa: E402


async def upload(request):
    fields, files = [], []
    async for part in await request.multipart():
        if part.filename is None:
            value = (await part.read()).decode("utf-8", "replace")
            fields.append([part.name, value])
            continue
        size, sha256 = 0, hashlib.sha256()
        while piece := await part.read_chunk(256 * 1024):
            size += len(piece)
            sha256.update(piece)
        files.append({
            "name": part.name,
            "fileName": part.filename,
            "contentType": part.headers.get("Content-Type"),
            "size": size,
            "sha256": sha256.hexdigest(),
        })
    return web.json_response({"server": "aiohttp", "fields": fields, "files": files})


options = arguments()
# A megabyte by default, and no value means none.
app = web.Application(client_max_size=1 << 62)
app.router.add_post("/upload", upload)
context = None
if options.cert:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.cert, options.key)
listener = bound(options.port)
listening(listener.getsockname()[1])
web.run_app(app, sock=listener, ssl_context=context, print=None, access_log=None)
