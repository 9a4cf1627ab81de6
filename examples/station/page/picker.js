// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// A field for a file of the folders that sfi-station was started with.

import {post} from './api.js';
import {el, fill} from './dom.js';
import {button, date, dialog, errorBox, field, number, settled} from './ui.js';
import {t} from './texts.js';

let lastFolder = '';

// The rows of one folder, newest first; open(entry) is called with the chosen.
function list(answer, open) {
  const rows = answer.entries.map((entry) => el('li', {}, el('button', {
    type: 'button', class: 'entry-row', onclick: () => open(entry),
  }, el('span', {class: `entry-name${entry.folder ? ' is-folder' : ''}`, dir: 'auto'},
    entry.name, entry.folder ? el('span', {class: 'unseen'}, ` ${t('frame.folder')}`) : null),
  entry.folder ? null : el('span', {class: 'num'}, number(entry.size)),
  entry.changed ? el('span', {class: 'num'}, date(entry.changed)) : null)));
  return [
    el('ul', {class: 'entries', 'aria-label': answer.folder || t('frame.folders')}, rows),
    rows.length ? null : el('p', {class: 'help'}, t('frame.no_files')),
    answer.more ? el('p', {class: 'help'}, t('frame.more_files', {n: number(answer.more)})) : null,
    answer.unnamed ? el('p', {class: 'help'},
      t('frame.unnamed_files', {n: number(answer.unnamed)})) : null,
  ];
}

// The dialog; resolves to a name as "files/app.hex", or null.
export function pick({title, kinds = [], mode = 'read', value = ''}) {
  let folder = value.includes('/') ? value.slice(0, value.lastIndexOf('/')) : lastFolder;
  let shown = null;
  const errors = errorBox();
  const place = el('p', {class: 'place', dir: 'auto'});
  const box = el('div', {class: 'entry-box'});
  const find = field({label: t('frame.find'), type: 'search'});
  const name = mode === 'write' ? field({label: t('frame.new_name'),
    value: value.slice(value.lastIndexOf('/') + 1)}) : null;

  return dialog({
    title,
    children: [place, find.node, box, name ? name.node : null, errors.node].filter(Boolean),
    actions: (close) => {
      const open = (entry) => {
        if (entry.folder) {
          find.value = '';
          go(entry.path);
        } else if (mode === 'write') {
          name.value = entry.name;
        } else if (mode === 'read') {
          close(entry.path);
        }
      };
      const go = async (path) => {
        try {
          shown = await post('files/list', {folder: path, kinds, find: find.value});
        } catch (failure) {
          if (path !== '') {
            go('');
            return;
          }
          errors.show(failure);
          return;
        }
        errors.clear();
        folder = lastFolder = shown.folder;
        fill(place, shown.folder || t('frame.folders'));
        up.disabled = shown.folder === '';
        take.disabled = shown.folder === '';
        fill(box, list(shown, open));
      };
      const up = button(t('frame.up'), () => go(folder.includes('/') ?
        folder.slice(0, folder.lastIndexOf('/')) : ''));
      const take = button(mode === 'write' ? t('frame.use_name') : t('frame.use_folder'), () => {
        if (mode === 'folder') close(folder);
        else if (name.value === '' || name.value.includes('/')) name.error(t('frame.name_wanted'));
        else close(`${folder}/${name.value}`);
      }, {kind: 'main'});
      find.input.addEventListener('input', settled(() => go(folder)));
      go(folder);
      return [up, button(t('frame.cancel'), () => close(null)), mode === 'read' ? null : take]
        .filter(Boolean);
    },
  });
}

// picker({label, help, kinds: ['.sfi', '.hex'], mode: 'read', 'write' or
// 'folder', value, onchange(value), ...attributes}): as field() of ui.js; the
// name can be typed too.
export function picker({label, kinds = [], mode = 'read', onchange = () => {},
  ...more}) {
  const choose = button(t('frame.choose'), async () => {
    const chosen = await pick({title: t('frame.choose_for', {label}), kinds, mode,
      value: one.value});
    if (chosen !== null) {
      one.value = chosen;
      onchange(chosen);
    }
  }, {'aria-label': t('frame.choose_for', {label})});
  const one = field({label, extra: choose, dir: 'auto', ...more});
  one.input.addEventListener('change', () => onchange(one.value));
  one.choose = choose;
  return one;
}
