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

const saving = (sync) => (directory) => {
  process.chdir(directory);
  for (const value of ['1', '2']) {
    const fd = fs.openSync('value.new', 'w');
    fs.writeSync(fd, value);
    if (sync) fs.fsyncSync(fd);
    fs.closeSync(fd);
    fs.renameSync('value.new', 'value');
    const parent = fs.openSync('.', 'r');
    fs.fsyncSync(parent);
    fs.closeSync(parent);
    crashinject.ack(value);
  }
};

const mine = crashinject.functions(__filename, {
  save: saving(true),
  saveCarelessly: async (directory) => {
    await null;
    saving(false)(directory);
  },
  look({ acks }) {
    console.log('which is no answer');
    if (!acks.length) return;
    const there = fs.readFileSync('value', 'latin1');
    assert.ok(there === '1' || there === '2', `there is ${JSON.stringify(there)}`);
    if (there < acks.at(-1)) throw new crashinject.Lost(`acknowledged ${acks}`);
  },
  async refuse() {
    throw new Error('never right');
  },
});

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

test('functions are called in other processes', () => {
  assert.ok(crashinject.explore({ workload: mine.save, check: mine.look, models: ['posix'] }).checked > 5);
  assert.throws(() => crashinject.explore({ workload: mine.saveCarelessly, check: mine.look, models: ['posix'] }), (error) => {
    assert.match(error.message, /repair: fsync of value\.new before rename/);
    assert.match(error.message, /the check said: there is "/);
    const [, kept] = /\nthe result is in (.*)$/.exec(error.message);
    fs.rmSync(kept, { recursive: true });
    return true;
  });
});

test('what cannot be explored is an error', () => {
  assert.throws(() => crashinject.explore({ workload: 'echo x >$CRASH_DIR/f; exit 1', check: 'true' }),
    /^Error: 0 found\nincomplete: /);
  assert.throws(() => crashinject.explore({ workload: mine.save, check: mine.refuse }), /exit status 125.*never right/s);
  assert.throws(() => crashinject.explore({ workload: () => {}, check: 'true' }), /give it to functions\(\) before/);
});
