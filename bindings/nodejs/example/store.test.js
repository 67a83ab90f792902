// SPDX-License-Identifier: MIT
'use strict';

const test = require('node:test');
const crashinject = require('..'); // 'crashinject' where it is installed

test('the store is crash-safe', () => {
  const store = `'${process.execPath}' '${__dirname}/store.js'`;
  crashinject.explore({ workload: `exec ${store} save 1 2`, check: `${store} check`, models: ['ext4'] });
});
