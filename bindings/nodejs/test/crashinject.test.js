// SPDX-License-Identifier: MIT
'use strict';

const test = require('node:test');
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawnSync } = require('child_process');
const crashinject = require('..');

const store = path.join(__dirname, '..', 'example', 'store.js');
const what = {
  workload: [process.execPath, store, 'save', '1', '2'],
  check: `'${process.execPath}' '${store}' check`,
  models: ['posix'],
};

function inNewDirectory(use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'crashinject-test-'));
  try {
    return use(directory);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

test('nothing is written without the variable', () => {
  inNewDirectory((directory) => {
    const done = spawnSync(process.execPath, [store, 'save', '1'], { env: { ...process.env, CRASH_DIR: directory } });
    assert.strictEqual(done.status, 0, String(done.stderr));
    assert.deepStrictEqual(fs.readdirSync(directory), ['value']);
  });
});

test('it is killed at the point', () => {
  inNewDirectory((directory) => {
    const words = ['run', '-q', '--dir', directory, '--at', 'store.written#2', '--', ...what.workload];
    const done = spawnSync(process.env.CRASHINJECT || 'crashinject', words);
    assert.strictEqual(done.status, 0, String(done.stderr));
    assert.strictEqual(fs.readFileSync(path.join(directory, 'value'), 'utf8'), '1');
  });
});

test('what is right passes', () => {
  assert.ok(crashinject.explore(what).checked > 5);
});

test('the planted bug is found', () => {
  process.env.STORE_BUG = '1';
  try {
    assert.throws(() => crashinject.explore(what), (error) => {
      assert.ok(error instanceof crashinject.CrashFound, error);
      assert.match(error.message, /repair: fsync of value\.new before rename/);
      assert.match(error.message, /replay: crashinject replay /);
      return true;
    });
  } finally {
    delete process.env.STORE_BUG;
  }
});

test('what cannot be explored is an error', () => {
  assert.throws(() => crashinject.explore({ workload: 'exit 1', check: 'true' }), /^Error: incomplete: /);
});
