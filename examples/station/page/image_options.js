// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The option bytes as fields with meanings.

import {download, post} from './api.js';
import {el, fill} from './dom.js';
import {remark} from './image_field.js';
import {picker} from './picker.js';
import {button, errorBox, field, hex, unique} from './ui.js';
import {t} from './texts.js';

const CSV_MAX = 32768; // bytes of a file of the browser's

export class Options {
  constructor(found, form, changed) {
    Object.assign(this, {found, form, changed, chip: '', rows: new Map()});
    this.body = el('tbody', {});
    this.permanent = el('p', {class: 'remarks'});
    this.errors = errorBox();
    this.node = el('div', {}, this.tools(), this.errors.node,
      el('div', {class: 'scroll options', tabindex: 0, role: 'region',
        'aria-label': t('image.options')},
      el('table', {},
        el('caption', {class: 'unseen'}, t('image.options')),
        el('thead', {}, el('tr', {}, ['image.field', 'image.value',
          'image.meaning'].map((name) => el('th', {scope: 'col'}, t(name))))),
        this.body)),
      this.permanent);
  }

  tools() {
    const errors = {errors: this.errors};
    const csv = picker({label: t('image.csv'), kinds: ['.csv'],
      help: t('image.csv_help')});
    const drop = field({label: t('image.csv_drop'), type: 'file',
      accept: '.csv,text/csv'});
    drop.input.addEventListener('change', () => this.dropped(drop.input));
    return el('div', {class: 'tools'},
      this.found.add('options', csv),
      button(t('image.csv_read'), () => this.read({csv: csv.value}), errors),
      drop.node,
      el('div', {class: 'actions'},
        button(t('image.csv_save'), () => download('image/csv',
          {chip: this.form.chip, options: this.form.options},
          `${this.form.chip}-option-bytes.csv`), errors),
        button(t('image.options_new'), () => this.take({set: {}}), errors)));
  }

  async dropped(input) {
    const [file] = input.files;
    this.errors.clear();
    if (!file) return;
    try {
      await this.read({text: await file.slice(0, CSV_MAX).text()});
    } catch (failure) {
      this.errors.show(failure);
    }
    input.value = '';
  }

  async read(csv) {
    const {words} = await post('image/options',
      {chip: this.form.chip, ...csv});
    this.take({words, set: {}});
  }

  take(options) {
    this.form.options = options;
    this.changed();
  }

  set(name, text) {
    if (text === '') delete this.form.options.set[name];
    else if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
      this.form.options.set[name] = Number(text);
    } else {
      this.form.options.set[name] = text;
    }
    this.changed();
  }

  // A row as a field of ui.js, as far as Found needs one.
  row({name, about, width}) {
    const id = unique('option');
    const listen = (e) => this.set(name, e.target.value.trim());
    const input = width > 1 ?
      el('input', {id, class: 'number', autocomplete: 'off',
        spellcheck: 'false', oninput: listen}) :
      el('select', {id, onchange: listen},
        el('option', {value: '0x0'}, '0'), el('option', {value: '0x1'}, '1'));
    const bad = el('p', {class: 'error', id: `${id}-error`});
    const meaning = el('span', {});
    const cell = el('td', {}, meaning, bad);
    const tr = el('tr', {}, el('th', {scope: 'row'},
      el('label', {for: id}, name), ' ', el('span', {class: 'quiet'}, about)),
    el('td', {}, input), cell);
    input.setAttribute('aria-describedby', bad.id);
    this.rows.set(name, {input, meaning, tr});
    this.found.add(`options.${name}`, {input, node: cell, error: (e) => {
      fill(bad, e && ['✕ ', e.message, ' ', e.hint]);
      input.setAttribute('aria-invalid', String(e !== null));
    }});
    return tr;
  }

  show(chip, options) {
    if (!options) return;
    if (this.chip !== chip) {
      this.chip = chip;
      this.rows.clear();
      this.found.forget('options.');
      fill(this.body, options.fields.map((one) => this.row(one)));
    }
    for (const one of options.fields) {
      const row = this.rows.get(one.name);
      const {input, meaning, tr} = row;
      const digits = Math.ceil(one.width / 4);
      const bad = input.getAttribute('aria-invalid') === 'true';
      const changed = one.value !== one.shipped;
      if (document.activeElement !== input && !bad) {
        input.value = hex(one.value, digits);
      }
      const text = JSON.stringify(one);
      if (row.text === text) continue;
      row.text = text;
      tr.classList.toggle('changed', changed);
      fill(meaning, changed && el('b', {}, t('image.changed'), ' '),
        one.text, one.text && one.effect && ': ', one.effect);
    }
    fill(this.permanent, options.permanent && remark({severity: 'warning',
      message: options.permanent}));
  }
}
