// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The screen of the desk "proof": the files, the verification, and its verdict.

import {get, post, upload} from './api.js';
import {el, fill} from './dom.js';
import {pick} from './picker.js';
import {showResult, verdict} from './proof_result.js';
import {watch} from './told.js';
import {announce, bar, button, bytes, card, errorBox, failureParts, field, number,
  state, table} from './ui.js';
import {t} from './texts.js';

const PIECE = 4 << 20;

// ---- files ----

async function send(file) {
  const {id} = await post('proof/drop', {name: file.name, size: file.size});
  for (let at = 0; at < file.size; at += PIECE) {
    await upload('proof/upload',
      new File([file.slice(at, at + PIECE)], String(id)));
  }
}

// All of them, whatever becomes of one; the first failure is shown.
async function sendAll(files, errors) {
  let first = null;
  errors.clear();
  for (const file of files) {
    try {
      await send(file);
    } catch (failure) {
      first = first || failure;
    }
  }
  if (first) errors.show(first);
}

function useOf(row, errors) {
  const words = (use) => t(`proof.use_${use || 'none'}`);
  if (row.use !== 'log' && row.use !== 'before') return words(row.use);
  const choice = el('select', {'aria-label': t('proof.use_of', {name: row.name}),
    'data-changes': true},
  ['log', 'before'].map((use) =>
    el('option', {value: use, selected: use === row.use}, words(use))));
  choice.addEventListener('change', async () => {
    try {
      await post('proof/use', {id: row.id, use: choice.value});
    } catch (failure) {
      choice.value = row.use;
      errors.show(failure);
    }
  });
  return choice;
}

function fileTable(errors) {
  return table({
    caption: t('proof.files'),
    empty: t('proof.no_files'),
    key: (row) => row.id,
    columns: [
      {title: t('proof.file'), cell: (row) =>
        el('bdi', {class: 'proof-name'}, row.name)},
      {title: t('proof.use'), cell: (row) => useOf(row, errors)},
      {title: t('proof.size'), number: true, cell: (row) =>
        (row.have < row.size
          ? t('proof.size_part', {have: number(row.have), size: bytes(row.size)})
          : bytes(row.size))},
      {title: t('proof.remove'), cell: (row) => button(t('proof.remove'),
        () => post('proof/remove', {id: row.id}),
        {errors, changes: true, 'aria-label': t('proof.remove_name', {name: row.name})})},
    ],
  });
}

function dropArea(errors) {
  const input = field({label: t('proof.own_files'), type: 'file', multiple: true,
    help: t('proof.own_files_help'), 'data-changes': true});
  input.input.addEventListener('change', async () => {
    await sendAll([...input.input.files], errors);
    input.input.value = '';
  });
  return el('div', {class: 'proof-drop'},
    el('p', {}, t('proof.drop')), input.node,
    button(t('proof.choose'), async () => {
      const name = await pick({title: t('proof.choose')});
      if (name !== null) await post('proof/choose', {name});
    }, {errors, changes: true}));
}

// Files may be dropped anywhere on the screen.
function takeDrops(root, area, errors) {
  root.addEventListener('dragover', (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    area.classList.add('over');
  });
  root.addEventListener('dragleave', () => area.classList.remove('over'));
  root.addEventListener('drop', (event) => {
    event.preventDefault();
    area.classList.remove('over');
    sendAll([...event.dataTransfer.files], errors);
  });
}

// ---- the verification ----

function makeRun(errors) {
  const progress = bar(t('proof.progress'));
  const words = el('span', {class: 'num'});
  const start = button(t('proof.verify'), () => post('proof/verify'),
    {kind: 'main', errors, changes: true});
  const cancel = button(t('proof.cancel'), () => post('proof/cancel'),
    {errors, changes: true});
  const clear = button(t('proof.clear'), () => post('proof/clear'),
    {errors, changes: true});
  return {
    node: el('div', {class: 'proof-run'}, el('div', {class: 'actions'}, cancel, clear, start),
      el('div', {class: 'proof-progress'}, progress.node, words)),
    show(now) {
      const runs = now !== null && now.state === 'running';
      const part = runs && now.total > 0 ? now.done / now.total : 0;
      if (!runs && document.activeElement === cancel) start.focus();
      cancel.classList.toggle('proof-away', !runs); // its place stays
      progress.node.hidden = !runs;
      if (runs) {
        const text = t(`proof.step_${now.step}`, {part: Math.floor(100 * part)});
        progress.set(part, text);
        fill(words, text);
      } else {
        fill(words, now !== null && now.state === 'cancelled' ? t('proof.cancelled') : '');
      }
    },
  };
}

function makeVerdict() {
  const node = el('div', {class: 'proof-verdict'});
  const none = () => fill(node, state('idle', t('proof.no_verdict')));
  none();
  return {
    node: card(t('proof.verdict'), node),
    none,
    failed(error) {
      fill(node, state('bad', t('proof.not_proven')),
        el('p', {class: 'proof-line'}, failureParts(error)));
      announce(`${t('proof.not_proven')}: ${error.message}`);
    },
    passed(result) {
      const {kind, word, line} = verdict(result);
      fill(node, state(kind, word), el('p', {class: 'proof-line'}, line));
      announce(`${word}: ${line}`);
    },
  };
}

// Fill `root`, once, when the screen is shown for the first time.
export function build(root) {
  const errors = errorBox();
  const files = fileTable(errors);
  const area = dropArea(errors);
  const run = makeRun(errors);
  const told = makeVerdict();
  const more = el('div', {class: 'proof-result'});
  let shown = null;

  const show = async (now) => {
    run.show(now);
    if (now === null || now.state !== 'done') {
      shown = null;
      fill(more);
      if (now !== null && now.state === 'failed') told.failed(now.error);
      else told.none();
      return;
    }
    if (shown === now.number) return;
    shown = now.number;
    try {
      const result = await get('proof/result');
      if (shown !== result.number) return;
      told.passed(result);
      showResult(more, result);
    } catch (failure) {
      if (failure.http !== 409) errors.show(failure); // cleared by another page
    }
  };

  root.append(el('h1', {}, t('frame.proof')),
    card(t('proof.files'), area, errors.node,
      el('div', {class: 'proof-files'}, files.node), run.node), told.node, more);
  takeDrops(root, area, errors);
  files.rows([]);
  run.show(null);
  watch('proof/', (changed) => {
    if (changed.has('proof/files')) files.rows(changed.get('proof/files') || []);
    if (changed.has('proof/state')) show(changed.get('proof/state'));
  });
}
