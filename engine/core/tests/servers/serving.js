// What the JavaScript servers share: packages, the command line, the ready line, the end with stdin, hashing.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { createRequire } = require('node:module');
const path = require('node:path');
const { Writable } = require('node:stream');
const { parseArgs } = require('node:util');

// The packages lie where install.sh puts them, outside of the sources.
exports.load = createRequire(path.join(
  path.resolve(process.env.QUINTET_SERVERS_DIR ?? path.join(__dirname, '../../../../target/servers')),
  'node/package.json',
));

// `handler` is a request listener, which an Express application is too.
exports.serve = function serve(handler) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { cert: { type: 'string' }, key: { type: 'string' } },
  });
  const server = values.cert
    ? https.createServer({ cert: fs.readFileSync(values.cert), key: fs.readFileSync(values.key) }, handler)
    : http.createServer(handler);
  // Node gives a request five minutes in all by default, which a slow upload may need and more.
  server.requestTimeout = 0;
  server.listen(Number(positionals[0] ?? 0), '127.0.0.1', () => {
    process.stdout.write(`LISTENING ${server.address().port}\n`);
    process.stdin.resume().on('end', () => process.exit(0)).on('error', () => process.exit(0));
  });
};

// A stream that keeps nothing but size and SHA-256.
exports.Digest = class Digest extends Writable {
  size = 0;
  #hash = crypto.createHash('sha256');

  _write(piece, _encoding, done) {
    this.size += piece.length;
    this.#hash.update(piece);
    done();
  }

  hex() {
    return this.#hash.digest('hex');
  }
};
