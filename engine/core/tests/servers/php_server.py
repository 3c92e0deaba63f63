"""Starts PHP's built-in server with php_server.php behind it."""

import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True

from serving import arguments, become  # noqa: E402

# PHP holds a whole request in memory before it looks at it, outside of what memory_limit counts.
LIMITS = {
    "upload_max_filesize": "8G",
    "post_max_size": "8G",
    "max_input_time": "-1",
    "display_errors": "stderr",
}

options = arguments()
if options.cert:
    sys.exit("php_server.py: PHP's built-in server has no TLS; put nginx in front of it")
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "php_server.php")
folder = tempfile.mkdtemp(prefix="quintet-php-")
command = ["php"]
for name, value in {**LIMITS, "upload_tmp_dir": folder}.items():
    command += ["-d", f"{name}={value}"]
command += ["-S", f"127.0.0.1:{options.port}", script]
# It says its port once it listens, also one that the system chose.
become(command, folder, ready=re.compile(r"Development Server \(http://127\.0\.0\.1:(\d+)\)"))
