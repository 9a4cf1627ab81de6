// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// Provisioning: every field is checked, then the firmware identifier is typed.

import {el, fill} from './dom.js';
import {work} from './hsm_work.js';
import {post} from './api.js';
import {picker} from './picker.js';
import {button, card, clearErrors, confirmTyped, errorBox, field, number,
  placeFailure, settled, toast} from './ui.js';
import {t} from './texts.js';

const whole = (text) => (/^\d+$/.test(text.trim()) ? Number(text) : -1);

export class Form {
  constructor(places) {
    this.places = places;
    this.touched = new Set();
    this.errors = errorBox();
    this.facts = el('p', {class: 'help hsm-checked'});
    this.fields = this.makeFields();
    this.check = settled(() => this.look(false));
    for (const [name, one] of Object.entries(this.fields)) {
      const changed = () => {
        this.touched.add(name);
        this.check();
      };
      one.input.addEventListener('input', changed);
      one.input.addEventListener('change', changed);
    }
    this.fields.hsm.input.addEventListener('change', () => this.target());
    this.node = card(t('hsm.provision'),
      el('p', {class: 'help'}, t('hsm.provision_help')),
      el('div', {class: 'hsm-form'},
        Object.values(this.fields).map((one) => one.node)),
      this.facts, this.errors.node,
      el('p', {class: 'actions'}, button(t('hsm.check_and_lock'), () => this.lock(),
        {kind: 'main', changes: true, errors: this.errors})));
    this.target();
  }

  makeFields() {
    const file = (name, kinds, mode = 'read', help = null) => picker({
      label: t(`hsm.${name}`), kinds, mode, help, onchange: () => {
        this.touched.add(name);
        this.check();
      }});
    const text = (name, more = {}) => field({label: t(`hsm.${name}`), ...more});
    return {
      hsm: text('target', {options: [['', t('hsm.new_vault')]]}),
      vault: file('vault', ['.vault'], 'write', t('hsm.vault_help')),
      key: file('key', ['.key', '.bin']),
      nonce: file('nonce', ['.nonce', '.bin']),
      perso: file('perso', ['.pd'], 'read', t('hsm.perso_help')),
      firmware_id: text('firmware_id', {help: t('hsm.firmware_id_help')}),
      count: text('count', {inputmode: 'numeric'}),
      low_water: text('low_water', {inputmode: 'numeric', help: t('hsm.low_water_help')}),
      live_only: text('live_only_field', {type: 'checkbox'}),
      audit_key: file('audit_key', ['.key'], 'write', t('hsm.audit_key_help')),
      pin: text('form_pin', {type: 'password', help: t('hsm.form_pin_help')}),
      again: text('pin_again', {type: 'password'}),
    };
  }

  // The blank HSMs that can be chosen.
  targets() {
    const input = this.fields.hsm.input;
    const names = this.places().filter((one) => one.state === 'blank')
      .map((one) => one.name);
    const before = input.value;
    if (names.join('\n') === this.known) return;
    this.known = names.join('\n');
    fill(input, el('option', {value: ''}, t('hsm.new_vault')),
      names.map((name) => el('option', {value: name}, name)));
    input.value = names.includes(before) ? before : '';
    this.target();
  }

  target() {
    this.fields.vault.node.hidden = this.fields.hsm.value !== '';
  }

  choose(name) {
    this.fields.hsm.value = name;
    this.target();
    this.fields.key.input.focus();
  }

  read() {
    const form = {};
    for (const name of ['hsm', 'vault', 'key', 'nonce', 'perso', 'audit_key']) {
      form[name] = this.fields[name].value.trim();
    }
    form.firmware_id = this.fields.firmware_id.value;
    form.count = whole(this.fields.count.value);
    form.low_water = this.fields.low_water.value.trim() === '' ? 0 :
      whole(this.fields.low_water.value);
    form.live_only = this.fields.live_only.value;
    return form;
  }

  // All faults, or those of fields that were filled in; true: there are none.
  async look(all) {
    const pin = this.fields.pin.value;
    const answer = await post('hsm/check', {...this.read(),
      pin_len: new TextEncoder().encode(pin).length});
    const findings = answer.findings;
    if (pin !== this.fields.again.value) {
      findings.push({where: 'again', message: t('hsm.pins_differ')});
    }
    clearErrors(this.fields);
    let first = null;
    for (const one of findings) {
      if (!all && !this.touched.has(one.where)) continue;
      if (!placeFailure(this.fields, one)) this.errors.show(one);
      first = first || this.fields[one.where];
    }
    this.answer = answer.facts;
    fill(this.facts, answer.facts.product ? t('hsm.checked', {
      product: answer.facts.product, ca: answer.facts.ca}) : null);
    if (all && first) first.input.focus();
    return findings.length === 0;
  }

  async lock() {
    if (!await this.look(true)) throw new Error(t('hsm.mend'));
    const form = this.read();
    const place = this.places().find((one) => one.name === form.hsm);
    const sure = await confirmTyped({title: t('hsm.lock_title'),
      text: [t('hsm.lock_text', {name: form.hsm || form.vault,
        product: this.answer.product, n: number(form.count),
        low: number(this.answer.low_water)}),
      form.live_only ? t('hsm.live_only') : null,
      t(`hsm.audit_key_${this.answer.audit_key}`, {name: form.audit_key}),
      place?.tries === 1 ? t('hsm.last_try_text') : null].filter(Boolean),
      name: form.firmware_id, action: t('hsm.lock_for_ever')});
    if (!sure) return;
    try {
      await work('hsm/provision', {...form, typed: form.firmware_id,
        pin: this.fields.pin.value, last_try: place?.tries === 1});
    } catch (failure) {
      if (placeFailure(this.fields, failure)) {
        this.fields[failure.where].input.focus();
      }
      throw failure;
    } finally {
      this.fields.pin.value = this.fields.again.value = '';
    }
    this.touched.clear();
    clearErrors(this.fields);
    toast(t('hsm.provisioned'));
  }
}
