// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// What a verification has found, and the certificate of the count.

import {download} from './api.js';
import {el, fill} from './dom.js';
import {chart} from './proof_chart.js';
import {button, card, number, table} from './ui.js';
import {t} from './texts.js';

const DIFFERENCES = ['unproven', 'failed', 'missing', 'extra'];

function utc(seconds) {
  return seconds > 0
    ? new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19) + ' UTC'
    : t('proof.none');
}

function differences(records) {
  return DIFFERENCES.reduce((sum, kind) => sum + records[kind],
    records.foreign + records.refused);
}

// The whole count: of the HSM, and of its leases if their logs are here.
function count(result) {
  return result.total || result.logs[0];
}

// {kind, word, line}: the answer in one line.
export function verdict(result) {
  const {licensed, remaining, maximum} = count(result);
  const values = {licensed: number(licensed), remaining: number(remaining),
    maximum: number(maximum)};
  const line = [t('proof.line_count', values)];
  const off = result.records ? differences(result.records) : 0;
  if (result.total && result.total.missing > 0) {
    line.push(t('proof.line_missing', {missing: number(result.total.missing),
      spent: number(result.total.spent)}));
  }
  if (off > 0) line.push(t('proof.line_differs', {n: number(off)}));
  else if (result.records) line.push(t('proof.line_agrees'));
  return {kind: off > 0 ? 'bad' : 'ok',
    word: t(off > 0 ? 'proof.proven_differs' : 'proof.proven'), line: line.join(' ')};
}

// ---- facts ----

function facts(rows) {
  return el('dl', {class: 'proof-facts'}, rows.filter(Boolean).map(([name, value, kind]) =>
    el('div', {}, el('dt', {}, t(name)),
      el('dd', {class: kind ?? null}, el('bdi', {}, value)))));
}

function logFacts(log) {
  const more = (name, value) => (value > 0 ? [name, number(value), 'num'] : null);
  return facts([
    ['proof.log_file', log.name],
    ['proof.serial', log.serial, 'code'],
    ['proof.firmware_id', log.firmware_id],
    ['proof.product_id', log.product_id, 'code'],
    ['proof.maximum', number(log.maximum), 'num'],
    ['proof.licensed', number(log.licensed), 'num'],
    more('proof.leased', log.leased),
    more('proof.returned', log.returned),
    more('proof.given_up', log.given_up),
    ['proof.remaining', number(log.remaining), 'num'],
    ['proof.records', number(log.records), 'num'],
    ['proof.first', utc(log.first_time), 'num'],
    ['proof.last', utc(log.last_time), 'num'],
    more('proof.set_back', log.set_back),
    log.is_lease ? ['proof.lease_until', utc(log.expires), 'num'] : null,
    log.retired ? ['proof.retired', t('proof.yes')] : null,
    ['proof.last_record', log.last_record, 'code'],
  ]);
}

function totalFacts(total) {
  return facts([
    ['proof.maximum', number(total.maximum), 'num'],
    ['proof.licensed', number(total.licensed), 'num'],
    ['proof.remaining', number(total.remaining), 'num'],
    ['proof.outstanding', number(total.outstanding), 'num'],
    ['proof.spent', number(total.spent), 'num'],
    ['proof.given_up', number(total.given_up), 'num'],
    ['proof.leases', number(total.leases), 'num'],
    ['proof.missing_logs', number(total.missing), 'num'],
  ]);
}

// ---- what happened ----

function leases(result) {
  const list = table({
    caption: t('proof.leases'),
    key: (row) => `${row.log} ${row.sequence}`,
    columns: [
      {title: t('proof.record'), number: true, cell: (row) => number(row.sequence)},
      {title: t('proof.when'), cell: (row) => utc(row.time)},
      {title: t('proof.amount'), number: true, cell: (row) => number(row.amount)},
      {title: t('proof.until'), cell: (row) => utc(row.detail)},
      {title: t('proof.came_back'), number: true, cell: (row) =>
        (row.is_back ? number(row.returned) : t('proof.open'))},
    ],
  });
  list.rows(result.leases);
  return card(t('proof.leases'), list.node, more(result.lease_count, result.leases));
}

function losses(result) {
  const list = table({
    caption: t('proof.losses'),
    key: (row) => `${row.log} ${row.sequence}`,
    columns: [
      {title: t('proof.record'), number: true, cell: (row) => number(row.sequence)},
      {title: t('proof.when'), cell: (row) => utc(row.time)},
      {title: t('proof.lost_range'), cell: (row) =>
        t('proof.range', {first: number(row.detail), last: number(row.amount)})},
      {title: t('proof.remaining'), number: true, cell: (row) => number(row.remaining)},
    ],
  });
  list.rows(result.restores);
  return card(t('proof.losses'), el('p', {}, t('proof.losses_help')), list.node,
    more(result.restore_count, result.restores));
}

function more(all, shown) {
  return all > shown.length
    ? el('p', {class: 'help'}, t('proof.and_more', {n: number(all - shown.length)})) : null;
}

function productionFacts(records) {
  const some = (name, value) => (value > 0 ? [name, number(value), 'num'] : null);
  return facts([
    ['proof.counted', number(records.counted), 'num'],
    ['proof.with_receipt', number(records.proven), 'num'],
    ['proof.recorded', number(records.recorded), 'num'],
    ...DIFFERENCES.map((kind) => [`proof.is_${kind}`, number(records[kind]), 'num']),
    some('proof.repeated', records.repeated),
    some('proof.foreign', records.foreign),
    some('proof.refused', records.refused),
    some('proof.damaged', records.damaged),
  ]);
}

function production(records) {
  const rows = records.rows.map(([kind, device], index) => ({kind, device, index}));
  const list = table({
    caption: t('proof.differences'),
    empty: t('proof.no_differences'),
    key: (row) => row.index,
    columns: [
      {title: t('proof.difference'), cell: (row) => t(`proof.is_${row.kind}`)},
      {title: t('proof.device'), cell: (row) => el('code', {}, row.device)},
    ],
  });
  const all = DIFFERENCES.reduce((sum, kind) => sum + records[kind], 0);
  list.rows(rows);
  return card(t('proof.production'), productionFacts(records),
    list.node, more(all, rows),
    button(t('proof.csv'), () => download('proof/differences.csv', {}, 'differences.csv')));
}

function warnings(result) {
  return card(t('proof.warnings'),
    el('ul', {}, result.warnings.map((text) => el('li', {}, el('bdi', {}, text)))),
    more(result.warning_count, result.warnings));
}

// ---- the certificate ----

function list(names, values) {
  return el('ul', {}, names.filter(Boolean).map((name) => el('li', {}, t(name, values))));
}

function certificate(result) {
  const {kind, word, line} = verdict(result);
  const values = {before: result.before ?? '', image: result.image ?? '',
    key: result.key};
  return el('section', {class: 'card proof-certificate', 'aria-labelledby': 'proof-title'},
    el('h2', {id: 'proof-title'}, t('proof.certificate')),
    el('p', {class: `proof-line ${kind}`}, el('b', {}, word), ' ', line),
    result.total ? [el('h3', {}, t('proof.all_logs')), totalFacts(result.total)] : null,
    result.logs.map((log) => [el('h3', {}, t('proof.one_log')), logFacts(log)]),
    result.records
      ? [el('h3', {}, t('proof.production')), productionFacts(result.records)] : null,
    el('h3', {}, t('proof.verified')),
    facts([
      ['proof.verified_at', utc(result.verified_at), 'num'],
      ['proof.key', t('proof.key_is', values), 'code'],
      ['proof.by', t('proof.by_version', {version: result.libsfi})],
    ]),
    list(['proof.did_chain', 'proof.did_macs', 'proof.did_counts',
      result.before ? 'proof.did_before' : null,
      result.records ? 'proof.did_records' : null,
      result.records && result.image ? 'proof.did_image' : null], values),
    el('h3', {}, t('proof.not_shown')),
    list([result.records ? null : 'proof.not_installed',
      result.before ? null : 'proof.not_latest', 'proof.not_clock', 'proof.not_later',
      'proof.not_key'], values),
    el('div', {class: 'proof-sign'}, ['proof.name', 'proof.place', 'proof.signature'].map(
      (name) => el('p', {}, t(name)))),
    button(t('proof.print'), () => window.print()));
}

// Show all of it in `node`.
export function showResult(node, result) {
  fill(node,
    result.warnings.length > 0 ? warnings(result) : null,
    card(t('proof.devices_over_time'), chart(result.days), result.other_days > 0
      ? el('p', {}, t('proof.other_days', {n: number(result.other_days)})) : null),
    result.leases.length > 0 ? leases(result) : null,
    result.restores.length > 0 ? losses(result) : null,
    result.records ? production(result.records) : null,
    certificate(result));
}
