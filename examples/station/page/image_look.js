// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// A look into an image that exists.

import {post} from './api.js';
import {el, fill} from './dom.js';
import {remark, wrong} from './image_field.js';
import {FlashMap} from './image_map.js';
import {picker} from './picker.js';
import {button, bytes, card, clearErrors, errorBox, field, hex, placeFailure,
  state} from './ui.js';
import {t} from './texts.js';

const shown = ['protocol_version', 'image_version', 'area_count', 'header_tag',
  'option_fields'];

// Facts that a person looks for, as a list of terms.
function facts(told) {
  const rows = [[t('image.size'), bytes(told.size)]];
  for (const name of shown) {
    if (told[name] === undefined || Array.isArray(told[name])) continue;
    rows.push([t(`image.fact_${name}`), String(told[name])]);
  }
  for (const one of told.option_fields || []) {
    rows.push([one.name, `${hex(one.value, 1)} ${one.text || ''}`]);
  }
  return el('dl', {class: 'facts', tabindex: 0, role: 'region',
    'aria-label': t('image.facts')},
  rows.map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
}

export function look(parts) {
  const errors = errorBox();
  const map = new FlashMap();
  const verdict = el('p', {class: 'verdict'});
  const list = el('ul', {class: 'findings'});
  const said = el('div', {hidden: true});
  const fields = {
    chip: field({label: t('image.chip'),
      options: parts.map((p) => [p.name, p.name.toUpperCase()])}),
    file: picker({label: t('image.look_file'), kinds: ['.sfi']}),
    key: picker({label: t('image.look_key'), kinds: ['.key', '.bin']}),
    nonce: picker({label: t('image.look_nonce'), kinds: ['.nonce', '.bin']}),
  };
  const show = (answer) => {
    const failed = answer.errors.map(wrong);
    clearErrors(fields);
    for (const error of answer.errors) placeFailure(fields, error);
    fill(verdict, answer.sound ?
      state('ok', t(answer.facts.verified ? 'image.look_verified' :
        'image.look_sound')) : state('bad', t('image.look_bad')));
    said.hidden = !answer.facts;
    if (answer.facts) fill(said, facts(answer.facts));
    fill(list, [...failed, ...answer.findings].map((row) =>
      el('li', {}, remark(row))));
    map.show(answer.chip, answer.areas || [], answer.findings);
    map.node.hidden = false;
  };
  map.node.hidden = true;
  return card(t('image.look'), el('p', {class: 'help'}, t('image.look_help')),
    Object.values(fields).map((one) => one.node),
    button(t('image.look_at'), async () => {
      const form = Object.fromEntries(Object.entries(fields).map(
        ([name, one]) => [name, one.value.trim()]));
      show(await post('image/look', form));
    }, {errors}),
    errors.node, verdict, said, list, map.node);
}
