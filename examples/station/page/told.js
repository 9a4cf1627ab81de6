// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The state that the program tells: the last value of each key.

import {stream} from './api.js';

const values = new Map();
const watchers = [];
let lastId = null;

// fn(changed) for the keys that begin with `prefix`: a Map of those that are
// new, at once with all that are known, and once for each event later.
export function watch(prefix, fn) {
  watchers.push({prefix, fn});
  give({prefix, fn}, values);
}

export function value(key) {
  return values.get(key);
}

function give(watcher, changed) {
  const some = new Map([...changed].filter(
    ([key]) => key.startsWith(watcher.prefix)));
  if (some.size > 0) watcher.fn(some);
}

function seen(id, kind, object) {
  const changed = new Map(Object.entries(object));
  if (kind === 'all') {
    // another process: what it does not know is gone
    for (const key of values.keys()) {
      if (!changed.has(key)) changed.set(key, null);
    }
  }
  lastId = id;
  for (const [key, value] of changed) values.set(key, value);
  for (const watcher of watchers) give(watcher, changed);
}

// Listen for ever; connected(true or false, failure) says how it goes.
export async function listen(connected) {
  for (let wait = 500;; wait = Math.min(2 * wait, 8000)) {
    try {
      await stream(lastId, (...event) => {
        wait = 500;
        connected(true);
        seen(...event);
      });
      connected(false);
    } catch (failure) {
      connected(false, failure);
      if (failure.http === 401) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
