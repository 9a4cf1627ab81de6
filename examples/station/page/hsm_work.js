// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// Work at an HSM goes on when the request was answered: wait for its end.

import {Failure, post} from './api.js';
import {value, watch} from './told.js';

const waiting = new Map(); // of `place work`: functions

watch('hsm/place/', (changed) => {
  for (const [key, told] of changed) {
    const work = told?.work;
    if (!work || work.runs) continue;
    const name = `${key} ${work.number}`;
    const end = waiting.get(name);
    waiting.delete(name);
    if (end) end(work.error);
  }
});

export async function work(path, form) {
  const begun = await post(path, form);
  const key = `hsm/place/${begun.place}`;
  const told = value(key)?.work;
  const error = told && told.number === begun.work && !told.runs ? told.error :
    await new Promise((resolve) => waiting.set(`${key} ${begun.work}`, resolve));
  if (error) throw new Failure(422, error);
}
