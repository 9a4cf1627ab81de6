// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// A new job, in a dialog that checks it as it is filled in.

import {post} from './api.js';
import {el, fill} from './dom.js';
import {picker} from './picker.js';
import {button, clearErrors, dialog, errorBox, field, placeFailure, settled} from './ui.js';
import {t} from './texts.js';

function whole(one) {
  return Number.parseInt(one.value || '0', 10);
}

// The ports that are there: each adds its name to the field.
function foundPorts(fields, check) {
  const box = el('div', {class: 'line-buttons line-found', role: 'group', 'aria-label': t('line.found')});
  const add = (port) => {
    fields.ports.value = `${fields.ports.value.trim()}\n${port}`.trim();
    check();
  };
  post('line/ports').then(({ports}) => {
    fill(box, el('span', {class: 'help'}, t(ports.length ? 'line.found' : 'line.found_none')),
      ports.map((one) => button(
        el('bdi', {}, `${one.port} ${one.product}${one.denied ? ' – ' + t('line.denied') : ''}`),
        () => add(one.port), {disabled: one.denied})));
  }, () => {});
  return box;
}

function makeFields(check) {
  const fields = {
    path: picker({label: t('line.new_path'), kinds: ['.job'], mode: 'write', onchange: check}),
    image: picker({label: t('line.image'), kinds: ['.sfi'], onchange: check}),
    hsm: field({label: t('line.hsm'), help: t('line.hsm_help')}),
    ports: field({label: t('line.ports'), help: t('line.ports_help'), type: 'textarea'}),
    serial: field({label: t('line.numbers'), options: [['none', t('line.numbers_none')],
      ['scan', t('line.numbers_scan')], ['counter', t('line.numbers_counter')]]}),
    first: field({label: t('line.first'), type: 'number', min: 0, value: '1'}),
    count: field({label: t('line.count'), help: t('line.count_help'), type: 'number', min: 0,
      value: '0'}),
    failures: field({label: t('line.failures'), help: t('line.count_help'), type: 'number',
      min: 0, value: '0'}),
    shift_end: field({label: t('line.shift_end'), type: 'time'}),
    csv: picker({label: t('line.csv_file'), kinds: ['.csv'], mode: 'write', onchange: check}),
    label: picker({label: t('line.label'), kinds: ['.zpl'], onchange: check}),
    labels: picker({label: t('line.labels_folder'), mode: 'folder', onchange: check}),
    secure: field({label: t('line.make_secure'), type: 'checkbox'}),
  };
  for (const one of Object.values(fields)) {
    one.input.addEventListener('input', () => {
      one.touched = true;
      check();
    });
  }
  return fields;
}

// Resolves to the name of its file, or null.
export async function makeJob() {
  const errors = errorBox();
  const body = () => ({
    path: fields.path.value, image: fields.image.value, hsm: fields.hsm.value.trim(),
    ports: fields.ports.value,
    serial: fields.serial.value === 'counter' ? `counter:${fields.first.value}` :
      fields.serial.value,
    count: whole(fields.count), failures: whole(fields.failures),
    shift_end: fields.shift_end.value, csv: fields.csv.value, label: fields.label.value,
    labels: fields.labels.value, secure: fields.secure.value,
  });
  const send = async (route) => {
    errors.clear();
    clearErrors(fields);
    try {
      return await post(route, body());
    } catch (failure) {
      const empty = route === 'line/check' && fields[failure.where]?.value === '';
      if (!empty && !placeFailure(fields, failure)) errors.show(failure);
      return null;
    }
  };
  const check = settled(() => send('line/check'));
  const fields = makeFields(check);
  return dialog({
    title: t('line.new'),
    children: [Object.values(fields).flatMap((one) => one === fields.ports ?
      [one.node, foundPorts(fields, check)] : [one.node]), errors.node],
    actions: (close) => [
      button(t('frame.cancel'), () => close(null)),
      button(t('line.make'), async () => {
        const {path} = body();
        if (await send('line/make')) close(path);
      }, {kind: 'main', changes: true}),
    ],
  });
}
