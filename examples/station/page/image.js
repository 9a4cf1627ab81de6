// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The screen of the desk "image": a form that is checked as it is filled in.

import {download, get, post} from './api.js';
import {el, fill} from './dom.js';
import {Found, remark, wrong} from './image_field.js';
import {Files} from './image_firmware.js';
import {look} from './image_look.js';
import {FlashMap} from './image_map.js';
import {Options} from './image_options.js';
import {picker} from './picker.js';
import {announce, button, bytes, card, errorBox, field, group, settled,
  state} from './ui.js';
import {t} from './texts.js';
import {watch} from './told.js';

const KEPT = 'sfi-station-image'; // names and numbers, nothing secret

const fresh = () => ({chip: '', firmware: [{file: '', address: ''}],
  modules: [], only_flash: false, only: '', exclude: '', pad: false,
  merge_gap: null, fill: null, key: '', nonce: '', version: null, out: '',
  replace: false, options: {set: {}}});

function remembered() {
  try {
    return {...fresh(), ...JSON.parse(sessionStorage.getItem(KEPT))};
  } catch {
    return fresh();
  }
}

// "" is null, digits are a number, anything else is refused by the program.
function number(text) {
  if (text.trim() === '') return null;
  return /^\d+$/.test(text.trim()) ? Number(text) : text;
}

class Screen {
  constructor(parts) {
    this.form = remembered();
    this.rows = []; // what was found last
    if (!parts.some((p) => p.name === this.form.chip)) {
      this.form.chip = parts[0].name;
    }
    this.parts = parts;
    this.found = new Found();
    this.inputs = {};
    this.check = settled(() => this.ask(), 150);
    const changed = () => this.changed();
    this.files = new Files(this.found, this.form, 'firmware', changed);
    this.modules = new Files(this.found, this.form, 'modules', changed);
    this.options = new Options(this.found, this.form, changed);
    this.map = new FlashMap();
    this.errors = errorBox();
    this.nonce = el('p', {class: 'remarks'});
    this.out = el('p', {class: 'remarks'});
    this.list = el('ul', {class: 'findings'});
    this.verdict = el('p', {class: 'verdict'});
    this.done = el('div', {class: 'done'});
    this.last = el('p', {class: 'remarks'});
    watch('image/made', (told) => fill(this.last, told.get('image/made') &&
      el('span', {dir: 'auto'}, t('image.made_last', told.get('image/made')))));
  }

  changed() {
    sessionStorage.setItem(KEPT, JSON.stringify(this.form));
    fill(this.done);
    this.check();
  }

  set(name, value) {
    this.form[name] = value;
    this.changed();
  }

  // ---- fields ----

  text(name, more = {}) {
    const read = more.numeric ? number : (text) => text.trim();
    const value = this.form[name];
    const one = field({label: t(`image.${name}`), ...more, numeric: null,
      value: value === null ? '' : String(value),
      oninput: (e) => this.set(name, read(e.target.value))});
    this.inputs[name] = one;
    return this.found.add(name, one);
  }

  file(name, kinds, more = {}) {
    const one = picker({label: t(`image.${name}`), kinds, ...more,
      value: this.form[name],
      onchange: (value) => this.set(name, value.trim())});
    this.inputs[name] = one;
    return this.found.add(name, one);
  }

  flag(name) {
    const one = field({label: t(`image.${name}`), type: 'checkbox'});
    one.value = this.form[name];
    one.input.addEventListener('change', () => this.set(name, one.value));
    return one.node;
  }

  part() {
    const one = field({label: t('image.chip'), value: this.form.chip,
      options: this.parts.map((p) => [p.name, t('image.chip_is', {
        name: p.name.toUpperCase(), size: bytes(p.flash_size)})])});
    one.input.value = this.form.chip;
    one.input.addEventListener('change', () => {
      this.form.options = {set: {}};
      this.set('chip', one.value);
    });
    return this.found.add('chip', one);
  }

  more() {
    return el('details', {}, el('summary', {}, t('image.more_choices')),
      this.flag('only_flash'), this.flag('pad'),
      this.text('only', {help: t('image.ranges_help')}),
      this.text('exclude', {help: t('image.ranges_help')}),
      this.text('merge_gap', {numeric: true, inputmode: 'numeric'}),
      this.text('fill', {numeric: true, inputmode: 'numeric'}),
      group(t('image.modules'), this.modules.node));
  }

  // New files for a key and a nonce, whose names become the form's.
  makeSecrets() {
    const errors = errorBox();
    const prefix = picker({label: t('image.new_secrets'), mode: 'write',
      help: t('image.new_secrets_help')});
    const make = button(t('image.make_secrets'), async () => {
      const name = prefix.value.trim().replace(/\.(key|nonce)$/, '');
      const made = await post('image/secrets', {chip: this.form.chip,
        key: `${name}.key`, nonce: `${name}.nonce`});
      for (const one of ['key', 'nonce']) {
        this.form[one] = made[one];
        this.inputs[one].value = made[one];
      }
      announce(t('image.secrets_made', made));
      this.changed();
    }, {errors, changes: true});
    return el('details', {}, el('summary', {}, t('image.new_ones')),
      prefix.node, make, errors.node);
  }

  cards() {
    return [
      card(t('image.firmware'), this.part(), this.files.node, this.more()),
      card(t('image.secrets'), el('p', {class: 'help'}, t('image.secrets_help')),
        this.file('key', ['.key', '.bin']),
        this.file('nonce', ['.nonce', '.bin']), this.nonce,
        this.makeSecrets()),
      card(t('image.options'), this.options.node),
      card(t('image.output'),
        this.text('version', {numeric: true, inputmode: 'numeric',
          help: t('image.version_help')}),
        this.file('out', ['.sfi'], {mode: 'write'}), this.out,
        this.flag('replace')),
    ];
  }

  results() {
    return card(t('image.result'), this.verdict,
      button(t('image.generate'), () => this.generate(),
        {kind: 'main', errors: this.errors, changes: true}),
      this.errors.node, this.done, this.last,
      el('h3', {}, t('image.map')), this.map.node,
      button(t('image.map_save'), () => download('image/map', this.form,
        `${this.form.chip}-map.svg`), {errors: this.errors}),
      el('h3', {}, t('image.findings')), this.list);
  }

  // ---- what the program says ----

  async ask() {
    try {
      this.show(await post('image/check', this.form));
    } catch (failure) {
      this.errors.show(failure);
    }
  }

  show(answer) {
    const rows = [...answer.errors.map(wrong), ...answer.findings.filter(
      (one) => !answer.missing.includes('firmware') ||
        one.rule !== 'no-firmware')];
    this.rows = rows;
    this.errors.clear();
    this.files.show(answer.firmware);
    this.options.show(answer.chip.name, answer.options);
    this.found.show(rows);
    this.map.show(answer.chip, answer.areas || [], answer.findings);
    this.showSecrets(answer.nonce);
    fill(this.out, answer.out.state === 'exists' &&
      remark({severity: 'warning', message: t('image.out_exists')}));
    fill(this.list, rows.map((row) => el('li', {}, remark(row),
      row.source && el('span', {class: 'quiet'}, ` (${row.source})`),
      row.where && this.found.all.has(row.where) &&
        button(t('image.go'), () => this.found.go(row.where),
          {'aria-label': t('image.go_to', {message: row.message})}))),
    rows.length === 0 && el('li', {}, t('image.nothing')));
    this.showVerdict(answer, rows);
  }

  showSecrets(nonce) {
    const kinds = {new: 'ok', used: 'bad', unknown: 'idle', none: 'idle'};
    const name = nonce.state === 'used' && nonce.file ? 'used_for' :
      nonce.state;
    fill(this.nonce, state(kinds[nonce.state], t(`image.nonce_${name}`, nonce)));
  }

  showVerdict(answer, rows) {
    const errors = rows.filter((row) => row.severity === 'error').length;
    const names = answer.missing.map((name) => t(`image.${name}`)).join(', ');
    if (answer.ready) {
      fill(this.verdict, state('ok', t('image.ready',
        {size: bytes(answer.image_size)})));
    } else if (answer.missing.length > 0) {
      fill(this.verdict, state('idle', t('image.missing', {names})));
    } else {
      fill(this.verdict, state('bad', t('image.refused', {count: errors})));
    }
  }

  async generate() {
    fill(this.done);
    try {
      const made = await post('image/generate', this.form);
      this.show(made);
      fill(this.done, el('p', {}, state('ok', t('image.created'))),
        el('p', {}, el('span', {dir: 'auto'}, made.file), ' ',
          t('image.created_as', {version: made.version,
            size: bytes(made.image_size),
            areas: made.areas.length})));
      announce(t('image.created'));
    } catch (failure) {
      this.found.show([...this.rows, wrong(failure)]);
      this.found.go(failure.where);
      throw failure;
    }
  }
}

// Fill `root`, once, when the screen is shown for the first time.
export function build(root) {
  const place = el('div', {});
  root.append(el('h1', {}, t('frame.image')), place);
  get('image/parts').then(({parts}) => {
    const screen = new Screen(parts);
    fill(place, el('div', {class: 'image-columns'},
      el('div', {}, screen.cards()), el('div', {}, screen.results())),
    look(parts));
    screen.check();
  }, (failure) => {
    const errors = errorBox();
    fill(place, errors.node);
    errors.show(failure);
  });
}
