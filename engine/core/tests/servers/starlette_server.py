"""Starlette with python-multipart, on uvicorn."""

import asyncio
import sys

sys.dont_write_bytecode = True

import uvicorn  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.datastructures import UploadFile  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from serving import arguments, bound, digest, listening  # noqa: E402


async def upload(request):
    fields, files = [], []
    async with request.form(max_part_size=16 * 1024 * 1024) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                size, sha256 = await asyncio.to_thread(digest, value.file)
                files.append({
                    "name": name,
                    "fileName": value.filename,
                    "contentType": value.content_type,
                    "size": size,
                    "sha256": sha256,
                })
            else:
                fields.append([name, value])
    return JSONResponse({"server": "starlette", "fields": fields, "files": files})


options = arguments()
app = Starlette(routes=[Route("/upload", upload, methods=["POST"])])
config = uvicorn.Config(
    app,
    log_level="warning",
    lifespan="off",
    ssl_certfile=options.cert,
    ssl_keyfile=options.key,
)
listener = bound(options.port)
# The socket listens already: what connects before uvicorn accepts waits in its queue.
listening(listener.getsockname()[1])
uvicorn.Server(config).run(sockets=[listener])
