// SPDX-License-Identifier: MIT
'use strict';

const crashinject = require('crashinject');
const fs = require('fs');
const test = require('node:test');
const { save } = require('./store.js');

const store = crashinject.functions(__filename, {
  // workload and check
  work(directory) {
    save(directory, '1');
    save(directory, '2');
  },
  look({ acks }) {
    if (!acks.length) return;
    const value = fs.readFileSync('value', 'latin1');
    if (!(Number(value) >= acks.length)) throw new Error(`there is ${JSON.stringify(value)}`);
  },
  // end of workload and check
});

test('the store is crash-safe', () => {
  crashinject.explore({ workload: store.work, check: store.look, models: ['ext4'] });
});
