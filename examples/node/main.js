// Uploads in the manner of Electron: the main process has the engine, and a renderer that may not open files or sockets asks
// it by message. Here the renderer is a worker, whose port has the methods of Electron's MessagePortMain.
//
//     node examples/node/main.js http://localhost:8080/up photo.jpg
'use strict';

const path = require('node:path');
const { MessageChannel, Worker } = require('node:worker_threads');

// '@quintet/upload', where it is installed.
const { Engine } = require('../../adapters/node');

// Carries out what the renderer asks for at the other end of `port`. What it may ask for is decided here, by the engine's
// settings, and by reading no other option than these.
function serveUploads(engine, port) {
  const tasks = new Map();
  port.on('message', ({ id, abort, options }) => {
    if (abort) {
      tasks.get(id)?.abort();
      return;
    }
    const { url, filePath, name, formData } = options;
    const tell = (event) => (value) => port.postMessage({ id, event, value });
    const task = engine.uploadFile({
      url,
      filePath,
      name,
      formData,
      success: tell('success'),
      fail: tell('fail'),
      complete: (result) => {
        tasks.delete(id);
        tell('complete')(result);
      },
    });
    task.onProgressUpdate(tell('progress'));
    tasks.set(id, task);
  });
  // A renderer that is gone wants nothing any more.
  port.on('close', () => {
    for (const task of tasks.values()) task.abort();
  });
}

function main([url, file]) {
  const engine = new Engine({
    root: path.dirname(path.resolve(file)),
    allowHosts: `${new URL(url).hostname}:*`,
  });
  const { port1, port2 } = new MessageChannel();
  serveUploads(engine, port1);
  // Electron: `window.webContents.postMessage('uploads', null, [port2])`.
  new Worker(path.join(__dirname, 'renderer.js'), {
    workerData: { port: port2, url, filePath: path.basename(file) },
    transferList: [port2],
  });
}

main(process.argv.slice(2));
