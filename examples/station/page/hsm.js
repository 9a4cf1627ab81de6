// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The screen of the desk "hsm": what HSMs there are, and a form for new ones.

import {el, fill} from './dom.js';
import {One} from './hsm_one.js';
import {Form} from './hsm_form.js';
import {card, errorBox, state} from './ui.js';
import {t} from './texts.js';
import {watch} from './told.js';

function reader(slot) {
  return el('li', {}, el('span', {dir: 'auto'}, `${slot.number}: ${slot.name} `),
    slot.card ? state('ok', t('hsm.card_in')) : state('idle', t('hsm.card_out')));
}

// Fill `root`, once, when the screen is shown for the first time.
export function build(root) {
  const all = new Map();
  const list = el('div', {class: 'hsm-list'});
  const none = el('p', {class: 'help'}, t('hsm.none'));
  const readers = el('ul', {class: 'hsm-readers'});
  const trouble = errorBox();
  const form = new Form(() => [...all.values()].map((one) => one.value));

  root.append(el('h1', {}, t('frame.hsm')), none, list,
    card(t('hsm.readers'), readers, trouble.node), form.node);
  watch('hsm/', (changed) => {
    for (const [key, value] of changed) {
      if (key === 'hsm/readers') {
        fill(readers, (value?.list || []).map(reader),
          value?.list.length === 0 && !value.error ? el('li', {}, t('hsm.no_reader')) : null);
        if (value?.error) trouble.show(value.error);
        else trouble.clear();
      } else if (value === null) {
        all.get(key)?.node.remove();
        all.delete(key);
      } else if (all.has(key) && all.get(key).value.name === value.name) {
        all.get(key).show(value);
      } else {
        const one = new One(value, (name) => form.choose(name));
        if (all.has(key)) all.get(key).node.replaceWith(one.node);
        else list.append(one.node);
        all.set(key, one);
      }
    }
    none.hidden = all.size > 0;
    form.targets();
  });
}
