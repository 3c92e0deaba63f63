"""Starts nginx with nginx.conf in front of a server that listens already."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True

from serving import arguments, become, bound  # noqa: E402

options = arguments("--upstream")
# nginx tells no port of the system's choice; this keeps one for it until it is there.
holder = bound(options.port, listen=False)
port = holder.getsockname()[1]
folder = tempfile.mkdtemp(prefix="quintet-nginx-")
certificate = ""
if options.cert:
    cert, key = os.path.abspath(options.cert), os.path.abspath(options.key)
    certificate = f'ssl_certificate "{cert}"; ssl_certificate_key "{key}";'
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "nginx.conf")) as template:
    text = template.read()
for name, value in {
    "FOLDER": folder,
    "PORT": str(port),
    "SSL": " ssl" if options.cert else "",
    "CERTIFICATE": certificate,
    "UPSTREAM": str(int(options.upstream)),
}.items():
    text = text.replace(f"@{name}@", value)
conf = os.path.join(folder, "nginx.conf")
with open(conf, "w") as file:
    file.write(text)

become(["nginx", "-e", "stderr", "-p", folder, "-c", conf], folder, port=port)
