// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// What was found about a form, beside the fields that it is about.

import {el, fill} from './dom.js';
import {unique} from './ui.js';
import {t} from './texts.js';

const order = {error: 0, warning: 1, note: 2};

// A sign and a word before the message: not colour alone.
export function remark(one) {
  return el('span', {class: `remark ${one.severity}`},
    el('b', {}, t(`image.${one.severity}`)), ' ', one.message,
    one.remedy && el('span', {class: 'quiet'},
      ` ${t('image.remedy', {remedy: one.remedy})}`));
}

// The error of a request, or of a form, as a row for Found.
export function wrong(error) {
  return {where: error.where, severity: 'error', message: error.message,
    remedy: error.hint};
}

// Fields of ui.js by their names in requests, as "firmware.0.address".
export class Found {
  constructor() {
    this.all = new Map();
  }

  // The field with room below it for warnings and notes.
  add(where, field) {
    const slot = el('p', {class: 'remarks', id: unique('remarks')});
    field.input.setAttribute('aria-describedby',
      `${field.input.getAttribute('aria-describedby') || ''} ${slot.id}`.trim());
    field.node.append(slot);
    this.all.set(where, {field, slot, text: '[]'});
    return field.node;
  }

  // Those that begin so are gone.
  forget(prefix) {
    for (const where of this.all.keys()) {
      if (where.startsWith(prefix)) this.all.delete(where);
    }
  }

  // Rows of {where, severity, message, remedy}; what belongs to no field is
  // returned.
  show(rows) {
    const sorted = [...rows].sort(
      (a, b) => order[a.severity] - order[b.severity]);
    for (const [where, one] of this.all) {
      const {field, slot} = one;
      const some = sorted.filter((row) => row.where === where);
      const text = JSON.stringify(some);
      if (one.text === text) continue; // a screen reader says it once
      one.text = text;
      const first = some.length && some[0].severity === 'error' ? 1 : 0;
      field.error(first ? {message: some[0].message, hint: some[0].remedy} :
        null);
      fill(slot, some.slice(first).map(remark));
    }
    return sorted.filter((row) => !this.all.has(row.where));
  }

  // The focus goes to a field.
  go(where) {
    const one = this.all.get(where);
    if (one) one.field.input.focus();
    return one !== undefined;
  }
}
