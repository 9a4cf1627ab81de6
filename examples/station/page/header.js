// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The head of the page: the screens, who operates, the shift, the connection.

import {get, post} from './api.js';
import {el, fill} from './dom.js';
import {watch} from './told.js';
import {announce, button, confirmAsked, dialog, oneOf, state, toast} from './ui.js';
import {operates, setWho, watchWho} from './who.js';
import {t} from './texts.js';

let links = {};
let connection = null;
let connected = null;

function makeNav(names) {
  links = Object.fromEntries(names.map((name, index) => [name, el('a', {
    href: `#${name}`, 'aria-keyshortcuts': `Alt+${index + 1}`,
  }, t(`frame.${name}`))]));
  return el('nav', {'aria-label': t('frame.screens')}, Object.values(links));
}

export function markCurrent(name) {
  for (const [other, link] of Object.entries(links)) {
    if (other === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

async function takeOver(who) {
  const agreed = !who.operator || await confirmAsked({
    title: t('frame.take_over'),
    text: [t('frame.take_over_1'), t('frame.take_over_2')],
    action: t('frame.take_over'),
  });
  if (!agreed) return;
  setWho(await post('session/operate'));
  toast(t('frame.operates'));
}

function makeWho() {
  const word = oneOf([state('ok', t('frame.operates')),
    state('idle', t('frame.other_operates')),
    state('idle', t('frame.nobody_operates'))], {id: 'who'});
  let now = {};
  const take = button('', () => takeOver(now), {id: 'take-over'});
  watchWho((who) => {
    now = {...who};
    word.show(who.operates ? 0 : who.operator ? 1 : 2);
    fill(take, who.operator ? t('frame.take_over') : t('frame.operate'));
    take.style.visibility = who.operates || !who.may_operate ? 'hidden' : 'visible';
    for (const node of document.querySelectorAll('[data-changes]')) {
      if (who.operates) node.removeAttribute('aria-disabled');
      else node.setAttribute('aria-disabled', 'true');
    }
  });
  watch('session/', async () => {
    try {
      setWho(await get('session'));
    } catch { /* the connection tells of it */ }
  });
  return el('div', {class: 'status', id: 'status-who'}, word.node, take);
}

function makeShift() {
  const word = oneOf([state('ok', t('frame.shift_open')),
    state('idle', t('frame.shift_locked'))], {id: 'shift'});
  const lock = button(t('frame.lock'), async () => {
    await post('session/lock');
    toast(t('frame.shift_locked'));
  }, {id: 'lock', title: t('frame.lock_help')});
  let open = false;
  const show = () => {
    word.show(open ? 0 : 1);
    lock.disabled = !open || !operates();
  };
  watchWho(show);
  watch('shift', (changed) => {
    open = Boolean(changed.get('shift')?.open);
    show();
  });
  return el('div', {class: 'status', id: 'status-shift'}, word.node, lock);
}

// Of told.js: it is there, or not.
export function showConnection(good) {
  if (good === connected) return;
  if (connected !== null) announce(t(good ? 'frame.connected' : 'frame.lost'));
  connected = good;
  connection.show(good ? 0 : 1);
  document.body.classList.toggle('lost', !good);
}

export function showKeys() {
  const row = (key, text) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, text)];
  return dialog({
    title: t('frame.keys'),
    children: [el('dl', {class: 'keys'},
      Object.keys(links).map((name, index) =>
        row(`Alt+${index + 1}`, t(`frame.${name}`))),
      row('Tab, Shift+Tab', t('frame.key_tab')),
      row('Enter', t('frame.key_enter')),
      row('Space', t('frame.key_space')),
      row('Esc', t('frame.key_escape')),
      row('?', t('frame.keys')))],
    actions: (close) => [button(t('frame.close'), () => close(true),
      {kind: 'main', autofocus: true})],
  });
}

export function buildHeader(root, names) {
  connection = oneOf([state('ok', t('frame.connected')), state('bad', t('frame.lost'))],
    {id: 'connection'});
  fill(root, el('div', {class: 'brand'}, 'sfi-station'), makeNav(names),
    el('div', {class: 'statuses'}, makeWho(), makeShift(),
      el('div', {class: 'status', id: 'status-connection'}, connection.node,
        button('?', showKeys, {'aria-label': t('frame.keys'), id: 'keys'}))));
  showConnection(false);
}
