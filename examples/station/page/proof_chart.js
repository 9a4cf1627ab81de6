// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// Devices by day as bars, and as a table.

import {el, svg} from './dom.js';
import {number, table} from './ui.js';
import {t} from './texts.js';

const DAY_MS = 86400000;
const DAYS_SHOWN = 92;
const MONTHS_SHOWN = 60;

function name(day, length) {
  return new Date(day * DAY_MS).toISOString().slice(0, length);
}

// Days between the first and the last without a device are shown too.
function everyDay(days) {
  const known = new Map(days.map((row) => [row[0], row]));
  const list = [];
  for (let day = days[0][0]; day <= days[days.length - 1][0]; day++) {
    const [, devices, again] = known.get(day) || [day, 0, 0];
    list.push({name: name(day, 10), devices, again});
  }
  return list;
}

function together(days, length) {
  const sums = new Map();
  for (const [day, devices, again] of days) {
    const key = name(day, length);
    const sum = sums.get(key) || {name: key, devices: 0, again: 0};
    sum.devices += devices;
    sum.again += again;
    sums.set(key, sum);
  }
  return [...sums.values()];
}

// By day, month or year: as fine as can be seen.
export function periods(days) {
  if (days.length === 0) return {unit: 'day', list: []};
  const span = days[days.length - 1][0] - days[0][0] + 1;
  if (span <= DAYS_SHOWN) return {unit: 'day', list: everyDay(days)};
  const months = together(days, 7);
  if (months.length <= MONTHS_SHOWN) return {unit: 'month', list: months};
  return {unit: 'year', list: together(days, 4)};
}

// Few bars are not as wide as they could be.
function bars(list, most) {
  const width = Math.min(0.85, 0.06 * (list.length + 1));
  return list.map((row, index) => {
    const height = 100 * row.devices / most;
    return svg('rect', {x: index + (1 - width) / 2, y: 100 - height, width, height},
      svg('title', {}, `${row.name}: ${number(row.devices)}`));
  });
}

export function chart(days) {
  const {unit, list} = periods(days);
  if (list.length === 0) return el('p', {}, t('proof.no_devices'));
  const top = list.reduce((best, row) => (row.devices > best.devices ? row : best));
  const most = Math.max(top.devices, 1);
  const rows = table({
    caption: t(`proof.by_${unit}`),
    key: (row) => row.name,
    columns: [
      {title: t(`proof.${unit}`), cell: (row) => row.name},
      {title: t('proof.devices'), number: true, cell: (row) => number(row.devices)},
      {title: t('proof.again'), number: true, cell: (row) => number(row.again)},
    ],
  });
  rows.rows(list);
  return [
    el('figure', {class: 'proof-chart'},
      el('span', {class: 'proof-most num', 'aria-hidden': 'true'}, number(most)),
      svg('svg', {viewBox: `0 0 ${list.length} 100`, preserveAspectRatio: 'none',
        role: 'img', 'aria-label': t('proof.chart_says', {
          from: list[0].name, to: list[list.length - 1].name, most: number(most),
          at: top.name})}, bars(list, most)),
      el('figcaption', {}, el('span', {class: 'num'}, list[0].name),
        el('span', {}, t(`proof.by_${unit}`)),
        el('span', {class: 'num'}, list[list.length - 1].name))),
    el('details', {}, el('summary', {}, t('proof.as_table')), rows.node),
  ];
}
