// The typings, and what is written with those of mini-programs.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

for (const [what, project] of [['by themselves and with Douyin\'s', 'tsconfig.json'], ['with WeChat\'s', 'tsconfig.wechat.json']]) {
  test(`the typings compile ${what}`, () => {
    const tsc = path.join(__dirname, 'node_modules/typescript/bin/tsc');
    const args = [tsc, '--project', path.join(__dirname, 'types', project)];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
}
