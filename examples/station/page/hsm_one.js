// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// One HSM: its state, its counter, and what can be done with it.

import {el, fill} from './dom.js';
import {work} from './hsm_work.js';
import {post} from './api.js';
import {picker} from './picker.js';
import {button, confirmAsked, confirmTyped, date, errorBox, field, gauge, number,
  placeFailure, state, table, toast, unique} from './ui.js';
import {t} from './texts.js';

const KINDS = {operational: 'ok', exhausted: 'bad', blocked: 'bad',
  retired: 'idle', blank: 'idle'};
const WORKS = ['operational', 'exhausted'];

export class One {
  constructor(value, provision) {
    const id = unique('hsm');
    this.value = value;
    this.name = el('h2', {id, dir: 'auto'}, value.name);
    this.word = el('p', {});
    this.gauge = gauge(t('hsm.counter'));
    this.facts = el('dl', {class: 'hsm-facts'});
    this.errors = errorBox();
    this.pin = field({label: t('hsm.pin'), type: 'password',
      oninput: () => this.pin.error(null),
      onkeydown: (event) => event.key === 'Enter' && this.unlocking.click()});
    this.unlocking = button(t('hsm.unlock'), () => this.unlock(),
      {kind: 'main', changes: true, errors: this.errors});
    this.lock = el('div', {class: 'hsm-lock'}, this.pin.node, this.unlocking);
    this.held = el('p', {}, state('ok', t('hsm.held')));
    this.provision = button(t('hsm.provision_this'), () => provision(value.name),
      {kind: 'main', changes: true});
    this.log = picker({label: t('hsm.log'), kinds: ['.log'], mode: 'write'});
    this.devices = table({caption: t('hsm.devices'), empty: t('hsm.no_devices'),
      key: (row) => row.sequence, columns: [
        {title: t('hsm.sequence'), number: true, cell: (r) => number(r.sequence)},
        {title: t('hsm.time'), cell: (r) => date(r.time)},
        {title: t('hsm.what'), cell: (r) => t(`hsm.kind_${r.kind || 'other'}`)},
        {title: t('hsm.device'), cell: (r) => el('code', {}, r.device.slice(0, 16))},
        {title: t('hsm.left'), number: true, cell: (r) => number(r.remaining)}]});
    this.more = this.makeMore();
    this.node = el('article', {class: 'card hsm', 'aria-labelledby': id}, this.name,
      this.word, this.gauge.node, this.facts, this.lock, this.held,
      this.provision, this.errors.node, this.more,
      el('p', {class: 'actions'}, button(t('hsm.look'),
        () => post('hsm/look', {hsm: this.value.name}), {errors: this.errors})));
    this.show(value);
  }

  makeMore() {
    return el('details', {}, el('summary', {}, t('hsm.more')), this.devices.node,
      this.log.node, button(t('hsm.save_log'), async () => {
        this.log.error(null);
        await this.work('hsm/audit', {path: this.log.value}, {path: this.log});
        toast(t('hsm.log_saved', {name: this.log.value}));
      }, {changes: true, errors: this.errors}),
      el('p', {class: 'actions'}, button(t('hsm.verify'), async () => {
        await this.work('hsm/verify', {});
        toast(t('hsm.verified', {n: number(this.value.records)}));
      }, {changes: true, errors: this.errors}),
      button(t('hsm.retire'), () => this.retire(),
        {kind: 'danger', changes: true, errors: this.errors})));
  }

  async work(path, form, fields = {}) {
    try {
      await work(path, {hsm: this.value.name, ...form});
    } catch (failure) {
      if (!placeFailure(fields, failure)) throw failure;
      throw new Error(failure.message);
    }
  }

  async unlock() {
    const value = this.value;
    const pin = this.pin.value;
    let last_try = false;
    if (value.tries === 1) {
      last_try = await confirmAsked({title: t('hsm.last_try'),
        text: t('hsm.last_try_text'), action: t('hsm.last_try_go'), kind: 'danger'});
      if (!last_try) return;
    }
    this.pin.value = '';
    try {
      await work('hsm/unlock', {hsm: value.name, pin, last_try});
    } catch (failure) {
      this.pin.error(failure);
      this.pin.input.focus();
      if (failure.where !== 'pin') throw failure;
    }
  }

  async retire() {
    const value = this.value;
    if (value.has_pin && !value.held) throw new Error(t('hsm.unlock_first'));
    const sure = await confirmTyped({title: t('hsm.retire_title'),
      text: [t('hsm.retire_text', {name: value.name}),
        t('hsm.given_up', {n: number(value.remaining), max: number(value.maximum)})],
      name: value.firmware_id, action: t('hsm.retire')});
    if (!sure) return;
    await this.work('hsm/retire', {typed: value.firmware_id});
    toast(t('hsm.retired'));
  }

  row(name, text, code = false) {
    return text === '' || text === undefined ? null : [el('dt', {}, t(`hsm.${name}`)),
      el('dd', {dir: 'auto'}, code ? el('code', {}, text) : text)];
  }

  left(value) {
    if (!WORKS.includes(value.state)) return 'hsm.left_unused';
    if (value.remaining === 0) return 'hsm.left_none';
    return value.low ? 'hsm.left_low' : 'hsm.left_of';
  }

  show(value) {
    const known = value.state !== undefined;
    const used = known && value.state !== 'blank';
    const works = WORKS.includes(value.state);
    this.value = value;
    fill(this.word, t(`hsm.kind_of_${value.kind}`), ' ',
      !value.present ? state('idle', t('hsm.no_card')) :
        value.work?.runs ? state('run', t('hsm.busy')) :
          known ? state(KINDS[value.state] || 'bad', value.word) :
            value.error ? state('bad', t('hsm.unreadable')) :
              state('run', t('hsm.looking')));
    this.gauge.node.hidden = !used;
    if (used) {
      this.gauge.set({value: value.remaining, max: value.maximum,
        warn: value.low_water, low: value.low, text: t(this.left(value), {n: number(value.remaining),
          max: number(value.maximum), low: number(value.low_water)})});
    }
    fill(this.facts, this.row('reader', value.reader),
      this.row('firmware_id', value.firmware_id), this.row('product', value.product),
      this.row('serial', value.serial, true),
      known && value.has_pin ? this.row('tries', String(value.tries)) : null,
      value.live_only ? this.row('licences', t('hsm.live_only')) : null,
      used ? this.row('records', number(value.records)) : null,
      this.row('ca', value.ca, true), this.row('head', value.head, true),
      value.expires ? this.row('expires', date(value.expires)) : null,
      value.seen ? this.row('seen', date(value.seen)) : null);
    this.lock.hidden = !works || value.held || !value.has_pin;
    this.held.hidden = !value.held;
    this.provision.hidden = value.state !== 'blank';
    this.more.hidden = !used;
    this.devices.rows(value.devices || []);
    if (value.error) this.errors.show(value.error);
    else if (this.unreadable) this.errors.clear();
    this.unreadable = Boolean(value.error);
  }
}
