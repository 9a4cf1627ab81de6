// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// What today brought, and the last boards.

import {el, fill} from './dom.js';
import {value} from './told.js';
import {date, number, state, table} from './ui.js';
import {t} from './texts.js';

const kinds = {done: 'ok', failed: 'bad', half: 'run'};

function row(name, text, kind = '') {
  return [el('dt', {class: kind}, name), el('dd', {class: `num ${kind}`}, text)];
}

function yieldOf(sum) {
  const all = sum.good + sum.bad;
  return all ? `${(100 * sum.good / all).toFixed(1)} %` : '–';
}

export class Figures {
  constructor() {
    this.list = el('dl', {class: 'figures'});
    this.half = el('div', {class: 'half'});
    this.note = el('p', {class: 'help', dir: 'auto'});
    this.node = el('div', {}, this.list, this.note, this.half);
    this.rows = table({
      caption: t('line.last'),
      empty: t('line.no_boards'),
      key: (one) => `${one.board}-${one.port}-${one.time}`,
      columns: [
        {title: t('line.time'), cell: (one) => date(one.time)},
        {title: t('line.number'), number: true,
          cell: (one) => one.board ? number(one.board) : '–'},
        {title: t('line.serial'), cell: (one) => el('bdi', {}, one.board_serial || '')},
        {title: t('line.port'), cell: (one) => el('bdi', {}, one.port || '')},
        {title: t('line.result'), cell: (one) => [state(kinds[one.state] ?? 'idle',
          one.result || one.state), one.error ? el('bdi', {}, ' ' + one.error) : null]},
        {title: t('line.license'), cell: (one) => one.license || ''},
        {title: t('line.seconds'), number: true,
          cell: (one) => ((one.milliseconds ?? 0) / 1000).toFixed(1)},
      ],
    });
  }

  show() {
    const sum = value('line/sum');
    if (!sum) return;
    const equal = sum.counted === sum.installed && sum.installed === sum.receipts;
    const verdict = sum.audit_looks ? state('run', t('line.checking')) :
      !sum.audit_read ? state('idle', t('line.unknown')) :
        state(equal ? 'ok' : 'bad', equal ? t('line.equal') : t('line.differ'));
    fill(this.list,
      row(t('line.good'), number(sum.good)), row(t('line.bad'), number(sum.bad)),
      row(t('line.yield'), yieldOf(sum)), row(t('line.hour'), number(sum.hour)),
      [2, 3, 4, 5, 6, 7].map((n) =>
        row(t(`line.why_${n}`), number(sum.why[n]))),
      row(t('line.counts'), [sum.audit_read ?
        `${sum.counted} = ${sum.installed} = ${sum.receipts} ` :
        `– = ${sum.installed} = – `, verdict], 'wide'),
      row(t('line.elsewhere'), sum.audit_read ? number(sum.audit_all - sum.counted) : '–'));
    fill(this.note, sum.audit_error || '');
    fill(this.half, sum.half_done.map((one) => el('p', {},
      el('b', {}, t('line.half', {n: one.board})), ' ', one.board_serial || '', ' ', one.advice)));
    this.rows.rows([...(value('line/rows') ?? [])].reverse());
  }
}
