// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The frame: who looks, which screen, and whether the program answers.

import {begin} from './api.js';
import {el, fill} from './dom.js';
import {buildHeader, markCurrent, showConnection, showKeys} from './header.js';
import {first, listen} from './told.js';
import {announce, errorBox} from './ui.js';
import {operates, setWho} from './who.js';
import {t} from './texts.js';
import * as image from './image.js';
import * as hsm from './hsm.js';
import * as line from './line.js';
import * as proof from './proof.js';

const screens = {image, hsm, line, proof};
const names = Object.keys(screens);
const built = new Map();
let current = null;

function build(name) {
  const root = el('section', {id: `screen-${name}`});
  document.getElementById('main').append(root);
  built.set(name, root);
  try {
    screens[name].build(root);
  } catch (failure) {
    const errors = errorBox();
    root.append(errors.node);
    errors.show({message: String(failure), hint: t('frame.reload')});
  }
}

// The focus follows, but not when the page has just been opened.
function show(name, focuses) {
  if (!built.has(name)) build(name);
  for (const [other, root] of built) root.hidden = other !== name;
  markCurrent(name);
  document.title = t('frame.title', {screen: t(`frame.${name}`)});
  current = name;
  const heading = built.get(name).querySelector('h1');
  if (heading) {
    heading.tabIndex = -1;
    if (focuses) heading.focus();
  }
  window.scrollTo(0, 0);
}

function asked() {
  const name = location.hash.slice(1);
  return names.includes(name) ? name : null;
}

// What to do when there is no session.
function showEnd(failure) {
  const id = 'no-session';
  fill(document.getElementById('notice'), el('section', {
    class: 'card', role: 'alert', 'aria-labelledby': id,
  }, el('h2', {id}, t('frame.no_session')),
  el('p', {}, failure.message),
  el('p', {}, t(failure.http === 0 ? 'frame.start_again' : 'frame.open_link'))));
}

async function connect() {
  try {
    setWho(await begin());
  } catch (failure) {
    showEnd(failure);
    return;
  }
  fill(document.getElementById('notice'));
  if (!asked()) history.replaceState(null, '', `#${current ?? names[0]}`);
  const ends = listen(showConnection);
  if (current === null) {
    await first(); // so that nothing moves when it comes
    if (current === null) show(asked() ?? names[0], false);
  }
  const end = await ends;
  if (end) {
    setWho({operates: false, operator: false, may_operate: false});
    showEnd(end);
  }
}

function onHash() {
  if (/^#[0-9a-f]{32}$/.test(location.hash)) connect(); // a link, in this tab
  else if (asked() && asked() !== current && current) show(asked(), true);
}

function isTyping(node) {
  return node instanceof Element &&
    node.matches('input:not([type=checkbox], [type=radio]), textarea, select');
}

function onKey(event) {
  if (document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey) return;
  const index = ['Digit1', 'Digit2', 'Digit3', 'Digit4'].indexOf(event.code);
  if (event.altKey && index >= 0) {
    event.preventDefault();
    location.hash = names[index];
  } else if (event.key === '?' && !isTyping(event.target)) {
    event.preventDefault();
    showKeys();
  }
}

// Buttons that change something: only the operator's.
function onClick(event) {
  const node = event.target instanceof Element ?
    event.target.closest('[data-changes]') : null;
  if (!node || operates()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  announce(t('frame.only_looks'));
}

document.addEventListener('click', onClick, true);
document.addEventListener('keydown', onKey);
window.addEventListener('hashchange', onHash);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // the hash is the screen's
  document.getElementById('main').focus();
});
buildHeader(document.getElementById('header'), names);
connect();
