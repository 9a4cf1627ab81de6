// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// All texts of the page.  To translate it, translate the right sides; {name} is
// a place for a value.

const texts = {
  // ---- frame ----
  'frame.image': 'Image',
  'frame.hsm': 'HSM',
  'frame.line': 'Line',
  'frame.proof': 'Proof',

  // ---- image ----

  // ---- hsm ----

  // ---- line ----

  // ---- proof ----
};

export function t(name, values = {}) {
  const text = texts[name];
  if (text === undefined) throw new Error(`no text ${name}`);
  return text.replace(/\{(\w+)\}/g, (whole, key) =>
    (key in values ? String(values[key]) : whole));
}
