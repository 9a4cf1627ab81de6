// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The frame: who looks, which screen, and whether the program answers.

import {begin} from './api.js';
import {el, fill} from './dom.js';
import {listen} from './told.js';
import {t} from './texts.js';
import * as image from './image.js';
import * as hsm from './hsm.js';
import * as line from './line.js';
import * as proof from './proof.js';

const screens = {image, hsm, line, proof};
const built = new Map();

function show(name) {
  const main = document.getElementById('main');
  if (!built.has(name)) {
    const root = el('section', {id: `screen-${name}`});
    screens[name].build(root);
    built.set(name, root);
    main.append(root);
  }
  for (const [other, root] of built) root.hidden = other !== name;
}

async function start() {
  fill(document.getElementById('header'), el('nav', {},
    Object.keys(screens).map((name) =>
      el('button', {onclick: () => show(name)}, t(`frame.${name}`)))));
  await begin();
  show('image');
  listen(() => {});
}

start();
