// The package as `npm pack` makes it, installed in a folder that knows nothing of this one.
'use strict';

const assert = require('node:assert/strict');
const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { file, folder, receive } = require('./receiver.js');

const SCRIPTS = {
  'required.cjs': "const { Engine, uploadFile } = require('@quintet/upload');",
  'imported.mjs': "import { Engine, uploadFile } from '@quintet/upload';",
};
const UPLOAD = `
const [url, filePath] = process.argv.slice(2);
const options = { url, filePath, name: 'f' };
uploadFile(options).then(({ errMsg }) => console.log(errMsg, Engine.name));
`;

test('the tarball installs in a clean folder, and is all that it needs', async (t) => {
  const at = folder(t);
  // Nothing is asked of a registry: the package has no dependency.
  const npm = (args, cwd) => execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8' });
  const [{ filename, files }] = JSON.parse(npm(['pack', '--json', '--pack-destination', at], path.join(__dirname, '..')));
  const names = files.map(({ path }) => path);
  for (const name of ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'index.d.mts', 'index.d.ts', 'index.js', 'index.mjs', 'lib/engine.js', 'package.json']) {
    assert.ok(names.includes(name), name);
  }
  assert.ok(names.includes(`quintet.${process.platform}-${process.arch}.node`));
  assert.deepEqual(names.filter((name) => /test|src|target|\.(sh|rs|toml)$/.test(name)), []);
  fs.writeFileSync(path.join(at, 'package.json'), '{}');
  npm(['install', path.join(at, filename)], at);
  const receiver = await receive(t);
  for (const [name, first] of Object.entries(SCRIPTS)) {
    const script = path.join(at, name);
    fs.writeFileSync(script, first + UPLOAD);
    const said = await new Promise((resolve, reject) => {
      execFile(process.execPath, [script, receiver.url, file(t, 'x')], (error, stdout) =>
        error ? reject(error) : resolve(stdout));
    });
    assert.equal(said, 'uploadFile:ok Engine\n');
  }
});
