#!/usr/bin/env node
// Uploads by this package, by Node's own fetch or by undici: `node.js WHICH UPLOADS URL FILE`.
'use strict';

const { openAsBlob } = require('node:fs');

const [which, times, url, filePath] = process.argv.slice(2);
// Code is compiled, and connections are there, before it is counted.
const WARM_UP = 1_000;

async function form(FormData) {
  const form = new FormData();
  form.set('album', 'spring');
  form.set('file', await openAsBlob(filePath), 'file.bin');
  return form;
}

const clients = {
  node() {
    const { uploadFile } = require('../../../adapters/node');
    return async () => (await uploadFile({ url, filePath, name: 'file', formData: { album: 'spring' } })).statusCode;
  },
  'node, listeners'() {
    const { uploadFile } = require('../../../adapters/node');
    return async () => {
      const task = uploadFile({ url, filePath, name: 'file', formData: { album: 'spring' } });
      task.onProgressUpdate(() => {});
      task.onHeadersReceived(() => {});
      return (await task).statusCode;
    };
  },
  fetch() {
    return async () => {
      const response = await fetch(url, { method: 'POST', body: await form(FormData) });
      await response.text();
      return response.status;
    };
  },
  undici() {
    const { FormData, Pool } = require('undici');
    const { origin, pathname: path } = new URL(url);
    const pool = new Pool(origin, { connections: 5 });
    return async () => {
      const { statusCode, body } = await pool.request({ path, method: 'POST', body: await form(FormData) });
      await body.text();
      return statusCode;
    };
  },
};

const upload = clients[which]();

async function run(uploads) {
  let left = uploads;
  const one = async () => {
    while (left-- > 0) {
      const status = await upload();
      if (status !== 200) throw new Error(`${which}: ${status}`);
    }
  };
  await Promise.all([one(), one(), one(), one(), one()]);
}

(async () => {
  await run(WARM_UP);
  const cpu = process.cpuUsage();
  const began = performance.now();
  await run(Number(times));
  const { user, system } = process.cpuUsage(cpu);
  console.log((user + system) / times, (performance.now() - began) * 1e3 / times);
  process.exit(0);
})();
