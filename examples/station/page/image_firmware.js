// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The files of an image, each with what is in it.

import {el, fill} from './dom.js';
import {picker} from './picker.js';
import {button, bytes, field, hex, table} from './ui.js';
import {t} from './texts.js';

const FILES_MAX = 16;
const kinds = {
  firmware: ['.elf', '.axf', '.out', '.hex', '.ihex', '.srec', '.s19', '.s37',
    '.dfu', '.bin'],
  modules: ['.smi'],
};

function end(range) {
  return hex(range.address + range.size - 1);
}

function segments(file) {
  const code = (text) => el('code', {}, text);
  const list = table({caption: t('image.segments'), columns: [
    {title: t('image.first'), cell: (s) => code(hex(s.address))},
    {title: t('image.last'), cell: (s) => code(end(s))},
    {title: t('image.size'), number: true, cell: (s) => bytes(s.size)},
  ]});
  list.rows(file.segments);
  return list.node;
}

// Firmware information, as far as the file could be read.
function told(file) {
  const more = file.segment_count - file.segments.length;
  return [
    segments(file),
    more > 0 && el('p', {}, t('image.more', {count: more})),
    file.vectors.map((v) => el('p', {}, t('image.vectors', {
      address: hex(v.address), stack: hex(v.stack), memory: v.memory,
      reset: hex(v.reset)}))),
    (file.left_out || []).map((r) => el('p', {}, t('image.left_out', {
      first: hex(r.address), last: end(r), size: bytes(r.size),
      why: r.why}))),
    file.warnings.map((w) => el('p', {class: 'remark warning'},
      el('b', {}, t('image.warning')), ' ', w)),
  ];
}

// Rows of a list of the form: `name` is "firmware" or "modules".
export class Files {
  constructor(found, form, name, changed) {
    Object.assign(this, {found, form, name, changed, shown: []});
    this.rows = el('div', {});
    this.add = button(t(`image.add_${name}`), () => {
      this.form[name].push({file: '', address: ''});
      this.build();
      this.shown.at(-1).input.focus();
    });
    this.node = el('div', {}, this.rows, this.add);
    this.build();
  }

  build() {
    const list = this.form[this.name];
    this.found.forget(`${this.name}.`);
    this.shown = list.map((row, index) => this.row(row, index));
    fill(this.rows, this.shown.map((s) => s.node));
    this.add.disabled = list.length >= FILES_MAX;
  }

  row(row, index) {
    const names = {index: index + 1};
    const where = `${this.name}.${index}`;
    const set = (member) => (value) => {
      row[member] = value.trim();
      this.changed();
    };
    const label = t(`image.${this.name}_file`, names);
    const file = picker({label, kinds: kinds[this.name], value: row.file,
      onchange: set('file')});
    const parts = [this.found.add(`${where}.file`, file)];
    if (this.name === 'firmware') {
      const address = field({label: t('image.firmware_address', names),
        value: row.address, oninput: (e) => set('address')(e.target.value)});
      parts.push(this.found.add(`${where}.address`, address));
    }
    parts.push(button(t('image.remove'), () => this.remove(index),
      {'aria-label': t('image.remove_file', names)}));
    const body = el('div', {});
    const info = el('details', {hidden: true}, el('summary', {}), body);
    return {input: file.input, info, body, node: el('div', {class: 'image-file',
      role: 'group', 'aria-label': label}, parts, info)};
  }

  remove(index) {
    this.form[this.name].splice(index, 1);
    this.build();
    (this.shown[index] || this.shown.at(-1) || {input: this.add}).input.focus();
    this.changed();
  }

  // What the program says about the files.
  show(files) {
    for (const {info} of this.shown) info.hidden = true;
    for (const file of files) {
      const shown = this.shown[file.row];
      if (!shown || !file.segments) continue;
      shown.info.hidden = false;
      fill(shown.info.firstChild, t('image.information', {
        format: file.format, total: bytes(file.total),
        count: file.segment_count}));
      fill(shown.body, told(file));
    }
  }
}
