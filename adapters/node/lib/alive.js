// Keeps the process, or the worker, alive as long as an upload runs in it, and no longer.
'use strict';

const { MessageChannel } = require('node:worker_threads');

// Of a channel that carries nothing: what counts is whether its end is referenced. Both ends are held, so that neither closes.
const { port1: port, port2: other } = new MessageChannel();
port.unref();

let uploads = 0;

module.exports = {
  other,
  begun() {
    if (uploads++ === 0) port.ref();
  },
  ended() {
    if (--uploads === 0) port.unref();
  },
};
