// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// A tile for each socket.

import {el, fill} from './dom.js';
import {value} from './told.js';
import {bar, bytes, state} from './ui.js';
import {t} from './texts.js';

const kinds = {empty: 'idle', works: 'run', done: 'ok', failed: 'bad'};

function word(one) {
  if (one.state === 'done' && one.license === 'again') return t('line.tile_again');
  return t(`line.tile_${one.state}`);
}

// What happens, and how long it takes.
function step(one) {
  if (one.state === 'done') {
    return t('line.took', {s: (one.milliseconds / 1000).toFixed(1)});
  }
  if (one.state !== 'works') return '';
  const phase = one.phase ? t('line.phase', {phase: one.phase}) : t('line.connects');
  const amount = one.total && one.phase !== 'erase' ?
    ' · ' + t('line.amount', {done: bytes(one.done), total: bytes(one.total)}) : '';
  const left = one.eta_ms ? ' · ' + t('line.left', {s: Math.ceil(one.eta_ms / 1000)}) : '';
  return phase + amount + left;
}

function part(one) {
  if (one.state === 'done') return 1;
  return one.state === 'works' && one.total ? one.done / one.total : 0;
}

class Tile {
  constructor(index) {
    this.state = el('span');
    this.port = el('code', {dir: 'auto'});
    this.board = el('p', {class: 'tile-board', dir: 'auto'});
    this.step = el('p', {class: 'num tile-step'});
    this.bar = bar(t('line.progress', {n: index}));
    this.error = el('div', {class: 'tile-error'});
    this.device = el('code', {class: 'tile-device'});
    const id = `socket-${index}`;
    this.node = el('li', {class: 'tile', 'aria-labelledby': id},
      el('h3', {id}, t('line.socket', {n: index}), ' ', this.state),
      this.port, this.board, this.bar.node, this.step, this.device, this.error);
  }

  show(one, scanned) {
    const text = JSON.stringify([one, scanned]);
    if (text === this.text) return;
    this.text = text;
    this.node.dataset.kind = kinds[one.state];
    fill(this.state, state(kinds[one.state], word(one)));
    fill(this.port, one.port);
    const serial = scanned || one.board_serial;
    fill(this.board, scanned ? t('line.waits', {serial}) :
      [one.board ? t('line.board', {n: one.board}) + ' ' : null, serial ?? null]);
    fill(this.step, step(one));
    this.bar.set(part(one), `${Math.round(100 * part(one))} %`);
    fill(this.device, one.device_id ? one.device_id.slice(0, 16) + '…' : '');
    fill(this.error, one.error ? [el('b', {}, one.error.message), ' ',
      el('span', {}, one.error.hint), ' ',
      el('code', {}, `${one.error.name} ${-one.error.status}`)] : null);
  }
}

export class Sockets {
  constructor() {
    this.list = el('ul', {class: 'tiles'});
    this.none = el('p', {class: 'help'}, t('line.no_sockets'));
    this.node = el('div', {}, this.none, this.list);
    this.tiles = [];
    this.scanned = []; // serial numbers of the next round
  }

  show() {
    const count = value('line/job')?.sockets ?? 0;
    while (this.tiles.length > count) this.tiles.pop().node.remove();
    while (this.tiles.length < count) {
      const tile = new Tile(this.tiles.length + 1);
      this.tiles.push(tile);
      this.list.append(tile.node);
    }
    this.none.hidden = count > 0;
    this.tiles.forEach((tile, i) => {
      const one = value(`line/socket/${i + 1}`);
      if (one) tile.show(one, this.scanned[i]);
    });
  }

  // The next free socket gets this board; a text says why not.
  scan(serial) {
    if (!/^[!-~]{1,127}$/.test(serial)) return t('line.bad_serial');
    if (this.scanned.includes(serial)) return t('line.twice', {serial});
    const free = this.tiles.findIndex((_, i) => !this.scanned[i]);
    if (free < 0) return t('line.full');
    this.scanned[free] = serial;
    this.show();
    return null;
  }

  serials(count) {
    return Array.from({length: count}, (_, i) => this.scanned[i] ?? '');
  }

  forget() {
    this.scanned = [];
    this.show();
  }
}
