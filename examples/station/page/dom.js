// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// Elements without HTML text: whatever a string holds, it is shown and not run.

const HIDDEN =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// el('button', {class: 'main', onclick: f, 'aria-label': 'x', disabled: true},
// 'text', otherElement): a value of null, undefined or false is left out.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  set(node, attributes);
  add(node, children);
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  set(node, attributes);
  add(node, children);
  return node;
}

// Controls, and marks that turn the direction of a text
// round, are shown by their numbers, as sfi_text_escape() does.
export function visible(text) {
  return text.replace(HIDDEN, (c) => {
    const code = c.codePointAt(0).toString(16);
    return code.length < 3 ? '\\x' + code.padStart(2, '0') : '\\u' + code.padStart(4, '0');
  });
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) {
      node.addEventListener(name.slice(2), value);
    } else if (name === 'value' && 'value' in node) {
      node.value = value;
    } else {
      node.setAttribute(name, value === true ? '' :
        /^(aria-|title)/.test(name) ? visible(String(value)) : value);
    }
  }
}

function add(node, children) {
  for (const child of children.flat(9)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : visible(String(child)));
  }
}

// The children of a node become these.
export function fill(node, ...children) {
  node.replaceChildren();
  add(node, children);
  return node;
}
