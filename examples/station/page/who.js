// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// Who looks at this page: its operator, or somebody who only looks.

const who = {operates: false, may_operate: false, operator: false};
const watchers = [];

// The page may change things.
export function operates() {
  return who.operates;
}

// fn({operates, may_operate, operator}) now and whenever it changes.
export function watchWho(fn) {
  watchers.push(fn);
  fn(who);
}

// As the program answers it; main.js does this.
export function setWho(session) {
  Object.assign(who, session);
  for (const fn of watchers) fn(who);
}
