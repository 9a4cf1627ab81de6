// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// The screen of the desk "image".

import {el} from './dom.js';
import {t} from './texts.js';

// Fill `root`, once, when the screen is shown for the first time.
export function build(root) {
  root.append(el('h1', {}, t('frame.image')));
}
