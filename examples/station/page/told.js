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

// Not longer than this, but at once when the machine has its network again.
function pause(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve();
    }
    window.addEventListener('online', done);
  });
}

let listens = 0;

// Listen until the session ends; connected(true or false) says how it goes.
// Resolves to the failure that ended it, or to null when another call listens.
export async function listen(connected) {
  listens += 1;
  const me = listens;
  for (let wait = 500; me === listens; wait = Math.min(2 * wait, 8000)) {
    let failure = null;
    try {
      await stream(lastId, (...event) => {
        if (me === listens) seen(...event);
      }, () => {
        if (me !== listens) return;
        wait = 250;
        connected(true);
      });
    } catch (error) {
      failure = error;
    }
    if (me !== listens) return null;
    connected(false);
    if (failure && failure.http === 401) return failure;
    await pause(wait);
  }
  return null;
}
