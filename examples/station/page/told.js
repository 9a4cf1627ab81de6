// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The state that the program tells: the last value of each key.

import {stream} from './api.js';
import {operates} from './who.js';

const values = new Map();
const watchers = [];
let lastId = null;
let know;
const known = new Promise((resolve) => {
  know = resolve;
});

// fn(changed) for the keys that begin with `prefix`: a Map of those that are
// new, at once with all that are known, and once for each event later.
export function watch(prefix, fn) {
  watchers.push({prefix, fn});
  give({prefix, fn}, values);
}

// Resolves when the program has told what there is, or after a second: a page
// that nobody sees is told nothing.
export function first() {
  return Promise.race([known, new Promise((resolve) => {
    setTimeout(resolve, 1000);
  })]);
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
  know();
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

// A browser has few connections to one program: pages that nobody sees need
// none, and get what they missed when they are seen.  The operator's keeps it:
// another one would take over from a page that seems to be gone.
function isUnseen() {
  return document.hidden && !operates();
}

function whenSeen() {
  return new Promise((resolve) => {
    const look = () => {
      if (isUnseen()) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    look();
  });
}

// One connection, to its end; returns what ended it, or null.
async function once(isOurs, opened) {
  const abort = new AbortController();
  const hide = () => isUnseen() && abort.abort();
  document.addEventListener('visibilitychange', hide);
  try {
    await stream(lastId, (...event) => {
      if (isOurs()) seen(...event);
    }, opened, abort);
  } catch (failure) {
    return failure;
  } finally {
    document.removeEventListener('visibilitychange', hide);
  }
  return null;
}

// Listen until the session ends; connected(true or false) says how it goes.
// Resolves to the failure that ended it, or to null when another call listens.
export async function listen(connected) {
  listens += 1;
  const me = listens;
  const isOurs = () => me === listens;
  for (let wait = 500; isOurs(); wait = Math.min(2 * wait, 8000)) {
    await whenSeen();
    const failure = await once(isOurs, () => {
      wait = 250;
      if (isOurs()) connected(true);
    });
    if (!isOurs()) return null;
    if (isUnseen()) continue;
    connected(false);
    if (failure && failure.http === 401) return failure;
    await pause(wait);
  }
  return null;
}
