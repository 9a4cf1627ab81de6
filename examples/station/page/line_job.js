// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// A new job, in a dialog that checks it as it is filled in.

import {post} from './api.js';
import {picker} from './picker.js';
import {button, clearErrors, dialog, errorBox, field, placeFailure, settled} from './ui.js';
import {t} from './texts.js';

function makeFields(check) {
  const fields = {
    path: picker({label: t('line.new_path'), kinds: ['.job'], mode: 'write', onchange: check}),
    image: picker({label: t('line.image'), kinds: ['.sfi'], onchange: check}),
    hsm: field({label: t('line.hsm'), help: t('line.hsm_help')}),
    ports: field({label: t('line.ports'), help: t('line.ports_help'), type: 'textarea'}),
    serial: field({label: t('line.numbers'), options: [['none', t('line.numbers_none')],
      ['scan', t('line.numbers_scan')], ['counter:1', t('line.numbers_counter')]]}),
    count: field({label: t('line.count'), help: t('line.count_help'), type: 'number', min: 0,
      value: '0'}),
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
    ports: fields.ports.value, serial: fields.serial.value,
    count: Number.parseInt(fields.count.value || '0', 10), secure: fields.secure.value,
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
  const fields = makeFields(settled(() => send('line/check')));
  return dialog({
    title: t('line.new'),
    children: [Object.values(fields).map((one) => one.node), errors.node],
    actions: (close) => [
      button(t('frame.cancel'), () => close(null)),
      button(t('line.make'), async () => {
        const {path} = body();
        if (await send('line/make')) close(path);
      }, {kind: 'main', changes: true}),
    ],
  });
}
