// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The screen of the desk "line": a job, its sockets, what today brought.

import {download, post} from './api.js';
import {el, fill} from './dom.js';
import {makeJob} from './line_job.js';
import {Sockets} from './line_sockets.js';
import {Figures} from './line_figures.js';
import {picker} from './picker.js';
import {value, watch} from './told.js';
import {announce, button, card, confirmAsked, dialog, errorBox, failureParts,
  field, state} from './ui.js';
import {operates} from './who.js';
import {t} from './texts.js';

const kinds = {none: 'idle', idle: 'idle', begins: 'run', ready: 'ok',
  works: 'run', stops: 'run', foreign: 'run'};

// Ways for a job to end that are no failure of the program.
const endings = ['count', 'failures', 'hsm', 'input', 'ports', 'shift', 'signal'];

function job() {
  return value('line/job') || {state: 'none', sockets: 0, plan: null};
}

function scans() {
  return job().plan?.board_serials === 'scan';
}

// ---- start: what cannot be taken back, and the PIN ----

// One dialog: the name of a job that makes chips secure, the PIN if it is asked.
async function askStart(asks) {
  const name = field({label: t('line.type_job', {name: job().name}), autofocus: true});
  const pin = field({label: t('line.pin'), type: 'password', autofocus: !asks.name});
  const fields = [asks.name ? [el('p', {}, t('line.secure')), name] : null,
    asks.pin ? [asks.why ? el('p', {}, asks.why) : null, pin] : null]
    .filter(Boolean).flat();
  return dialog({
    title: t('line.start'),
    children: fields.map((one) => one && (one.node || one)).filter(Boolean),
    actions: (close) => {
      const go = () => {
        if (asks.name && name.value !== job().name) {
          name.error(t('line.type_job', {name: job().name}));
          return;
        }
        close({confirm: name.value, pin: pin.value});
      };
      for (const one of [name, pin]) {
        one.input.addEventListener('keydown', (event) => {
          if (event.key === 'Enter') go();
        });
      }
      return [button(t('frame.cancel'), () => close(null)),
        button(t(asks.name ? 'line.make_them' : 'line.use_pin'), go,
          {kind: asks.name ? 'danger' : 'main'})];
    },
  });
}

async function start() {
  let asks = {name: job().plan.make_secure, pin: false};
  let last = false;
  let said = asks.name ? await askStart(asks) : {};
  while (said) {
    try {
      await post('line/start', {...said, last_try: last});
      return;
    } catch (failure) {
      if (failure.where === 'last_try') {
        last = await confirmAsked({title: t('line.last_try'), text: failure.message,
          action: t('line.use_last'), kind: 'danger'});
        if (!last) return;
        continue;
      }
      if (failure.where !== 'pin') throw failure;
      asks = {name: false, pin: true, why: failure.message};
      const next = await askStart(asks);
      said = next && {confirm: job().name, pin: next.pin};
      last = false;
    }
  }
}

// ---- the screen ----

function buildScanner(sockets, begin) {
  const serial = field({label: t('line.serial'), help: t('line.serial_help')});
  serial.input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const text = serial.value.trim();
    if (text === '') {
      begin();
      return;
    }
    const wrong = sockets.scan(text);
    serial.error(wrong);
    if (!wrong) announce(t('line.scanned', {serial: text}));
    serial.value = '';
  });
  return serial;
}

// Space programs, unless it belongs to what has the focus.
function onSpace(root, begin) {
  document.addEventListener('keydown', (event) => {
    const at = event.target;
    if (event.key !== ' ' || root.hidden || document.querySelector('dialog[open]') ||
        (at instanceof Element && at.closest('input, textarea, select, button, a, summary'))) return;
    event.preventDefault();
    begin();
  });
}

function buildHead(errors) {
  const file = picker({label: t('line.job'), kinds: ['.job']});
  const choose = button(t('line.open'), async () => {
    file.error(null);
    try {
      await post('line/choose', {job: file.value});
    } catch (failure) {
      if (failure.where !== 'job') throw failure;
      file.error(failure);
    }
  }, {errors, changes: true});
  const make = button(t('line.new'), async () => {
    const path = await makeJob();
    if (!path) return;
    file.value = path;
    await post('line/choose', {job: path});
  }, {errors, changes: true});
  return {file, node: el('div', {class: 'line-head'}, file.node,
    el('div', {class: 'line-buttons'}, choose, make))};
}

function show(parts) {
  const now = job();
  const runs = !['none', 'idle', 'foreign'].includes(now.state);
  fill(parts.state, state(kinds[now.state], t(`line.state_${now.state}`)), ' ',
    el('bdi', {}, now.name || ''));
  fill(parts.message, endings.includes(now.ended) ? t(`line.ended_${now.ended}`) :
    now.message || '');
  fill(parts.failure, now.error && !endings.includes(now.ended) ?
    failureParts(now.error) : null);
  parts.start.disabled = now.state !== 'idle';
  parts.program.disabled = now.state !== 'ready';
  parts.finish.disabled = parts.stop.disabled = !runs;
  parts.serial.node.hidden = !scans();
  if (document.activeElement !== parts.file.input && now.job && !parts.file.value) {
    parts.file.value = now.job;
  }
}

export function build(root) {
  const errors = errorBox();
  const sockets = new Sockets();
  const figures = new Figures();
  const begin = async () => {
    if (!operates() || job().state !== 'ready') return;
    errors.clear();
    try {
      await post('line/next', scans() ? {serials: sockets.serials(job().sockets)} : {});
      sockets.forget();
    } catch (failure) {
      errors.show(failure);
    }
  };
  const head = buildHead(errors);
  const parts = {
    file: head.file,
    state: el('p', {class: 'line-state', role: 'status'}),
    message: el('p', {class: 'line-message', dir: 'auto'}),
    failure: el('div', {class: 'errorbox', role: 'alert'}),
    serial: buildScanner(sockets, begin),
    start: button(t('line.start'), start, {errors, changes: true}),
    program: button(t('line.program'), begin, {kind: 'main', changes: true}),
    finish: button(t('line.finish'), () => post('line/stop', {}), {errors, changes: true}),
    stop: button(t('line.stop'), () => post('line/stop', {now: true}),
      {errors, changes: true, kind: 'danger'}),
  };
  root.append(el('h1', {}, t('frame.line')),
    card(t('line.job_card'), head.node, parts.state, parts.message, parts.failure, errors.node,
      parts.serial.node,
      el('div', {class: 'line-buttons'}, parts.start, parts.program, parts.finish, parts.stop)),
    el('div', {class: 'line-columns'},
      card(t('line.sockets'), sockets.node),
      card(t('line.today'), figures.node, el('div', {class: 'line-buttons'},
        button(t('line.csv'), () => download('line/csv', {}, 'boards.csv'), {errors}),
        button(t('line.labels'), () => download('line/labels', {}, 'labels.zpl'), {errors}),
        button(t('line.print'), () => window.print())))),
    card(t('line.last'), figures.rows.node));
  onSpace(root, begin);
  watch('line/', (changed) => {
    sockets.show(changed);
    figures.show();
    if (changed.has('line/job')) show(parts);
  });
  show(parts);
}
