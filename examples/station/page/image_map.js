// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The flash of a part, and what an image puts there.

import {el, fill, svg} from './dom.js';
import {bytes, hex, table, unique} from './ui.js';
import {t} from './texts.js';

const HEIGHT = 34;
const STEP = 66;
const LEAST = 4; // pixels that an area has, however small it is

function patterns(id) {
  const stripes = (name, kind, path) => svg('pattern', {
    id: `${id}-${name}`, width: 8, height: 8, patternUnits: 'userSpaceOnUse'},
  svg('rect', {class: `${kind}-back`, width: 8, height: 8}),
  svg('path', {class: `${kind}-line`, d: path}));
  return svg('defs', {},
    stripes('used', 'used', 'M0 8L8 0M-2 2L2 -2M6 10L10 6'),
    stripes('wrong', 'wrong', 'M0 0L8 8M0 8L8 0'));
}

// Rows of equal size: a bank of the larger part, 64 sectors of the smaller.
function rowSize(chip) {
  const sectors = chip.flash_size / chip.sector_size;
  return (sectors > 64 ? 64 : Math.min(8, sectors)) * chip.sector_size;
}

function used(sector, size, areas) {
  return areas.some((a) => a.address < sector + size &&
    a.address + a.size > sector);
}

// What lies in a row, as places from its left edge: [x, width].
function span(range, row, size, width) {
  const from = Math.max(range.address, row);
  const to = Math.min(range.address + range.size, row + size);
  if (from >= to) return null;
  const x = (from - row) / size * width;
  const w = Math.max(LEAST, (to - from) / size * width);
  return [Math.min(x, width - w), w];
}

function drawRow(id, chip, view, row, size, width) {
  const parts = [];
  const one = chip.sector_size / size * width;
  for (let at = 0; at < size; at += chip.sector_size) {
    parts.push(svg('rect', {
      class: 'sector', x: at / size * width, y: 0, width: one, height: HEIGHT,
      fill: used(row + at, chip.sector_size, view.areas) ?
        `url(#${id}-used)` : 'none'}));
  }
  let last = -100;
  for (const area of view.areas) {
    const at = span(area, row, size, width);
    if (!at) continue;
    parts.push(svg('rect', {class: 'area', x: at[0], y: 6, width: at[1],
      height: HEIGHT - 6}));
    if (at[0] - last < 18) continue; // numbers would touch
    last = at[0];
    parts.push(svg('text', {x: at[0], y: HEIGHT + 13}, String(area.number)));
  }
  for (const place of view.wrong) {
    const at = span(place, row, size, width);
    if (!at) continue;
    parts.push(svg('rect', {class: 'wrong', x: at[0], y: 0,
      width: Math.max(8, at[1]), height: HEIGHT, fill: `url(#${id}-wrong)`}));
  }
  return parts;
}

function key(id, name, fillWith) {
  return el('li', {}, svg('svg', {width: 18, height: 18,
    'aria-hidden': 'true'}, svg('rect', {class: name, x: 1, y: 1, width: 16,
    height: 16, fill: fillWith})), ' ', t(`image.map_${name}`));
}

// The picture for this width.
function draw(id, view, width) {
  const {chip} = view;
  const size = rowSize(chip);
  const rows = chip.flash_size / size;
  const picture = svg('svg', {width, height: rows * STEP, role: 'img',
    'aria-label': t('image.map_says', {chip: chip.name,
      areas: view.areas.length, wrong: view.wrong.length})}, patterns(id));
  for (let i = 0; i < rows; i++) {
    const row = chip.flash_base + i * size;
    picture.append(svg('g', {transform: `translate(1 ${i * STEP + 16})`},
      svg('text', {class: 'place', x: 0, y: -4}, hex(row)),
      drawRow(id, chip, view, row, size, width - 2)));
  }
  return picture;
}

// A map whose show(chip, areas, findings) draws it anew.
export class FlashMap {
  constructor() {
    this.id = unique('map');
    this.view = null;
    this.width = 0;
    this.picture = el('div', {class: 'picture'});
    this.list = table({caption: t('image.areas'), key: (a) => a.number,
      columns: [
        {title: t('image.number'), number: true, cell: (a) => a.number},
        {title: t('image.kind'), cell: (a) => t(`image.kind_${a.kind}`)},
        {title: t('image.address'), cell: (a) => a.kind !== 'C' &&
          el('code', {}, hex(a.address))},
        {title: t('image.size'), number: true, cell: (a) => bytes(a.size)},
        {title: t('image.from'), cell: (a) => a.file && el('span', {},
          el('span', {dir: 'auto'}, a.file), a.segment > 0 &&
          t('image.segment', {segment: a.segment}))},
      ]});
    this.node = el('div', {class: 'map empty'}, this.picture,
      el('ul', {class: 'keys'},
        key(this.id, 'area', null), key(this.id, 'sector',
          `url(#${this.id}-used)`),
        key(this.id, 'wrong', `url(#${this.id}-wrong)`)),
      this.list.node);
    new ResizeObserver(() => this.draw()).observe(this.picture);
  }

  draw() {
    const width = Math.floor(this.picture.clientWidth);
    if (!this.view || width < 100) return;
    fill(this.picture, draw(this.id, this.view, width));
  }

  show(chip, areas, findings) {
    this.view = {chip,
      areas: areas.filter((a) => a.kind !== 'C'),
      wrong: findings.filter((f) => f.severity === 'error' && f.size > 0)};
    this.draw();
    this.list.rows(areas);
    this.node.classList.remove('empty');
  }
}
