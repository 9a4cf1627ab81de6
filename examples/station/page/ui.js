// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// What all screens are made of.  Nothing here knows a screen.

import {el, fill} from './dom.js';
import {operates} from './who.js';
import {t} from './texts.js';

let last = 0;

// An id that no other element has.
export function unique(prefix = 'id') {
  last += 1;
  return `${prefix}-${last}`;
}

// ---- numbers, as a person reads them ----

const numbers = new Intl.NumberFormat('en');

export function number(value) {
  return numbers.format(value);
}

// 0x08000000
export function hex(value, digits = 8) {
  return '0x' + value.toString(16).padStart(digits, '0');
}

export function bytes(value) {
  return t('frame.bytes', {n: number(value)});
}

// Seconds since 1970 as "2026-11-30 09:05:31", in the time of this machine.
export function date(seconds) {
  const d = new Date(seconds * 1000);
  const two = (value) => String(value).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` +
    `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

// ---- messages ----

// Say it to a screen reader, without moving the focus.
export function announce(text) {
  const node = document.getElementById('announce');
  fill(node, '');
  setTimeout(() => fill(node, text), 50);
}

// Show it for a while, and say it; kind: 'ok' or 'bad'.
export function toast(text, kind = 'ok') {
  const note = el('p', {class: `toast ${kind}`},
    el('span', {'aria-hidden': 'true'}, kind === 'ok' ? '✓ ' : '✕ '), text);
  document.getElementById('toasts').append(note);
  announce(text);
  setTimeout(() => note.remove(), 8000);
}

// The parts of a failure: of the program {message, where, hint, name, status},
// or an Error of this page.
export function failureParts(failure) {
  const code = failure.status ? `${failure.name} ${Math.abs(failure.status)}` : '';
  return [
    el('b', {}, (failure.where ? failure.where + ': ' : '') + failure.message),
    failure.hint ? el('span', {}, ' ' + failure.hint) : null,
    code ? el('code', {}, code) : null,
  ];
}

// A place for failures that no field shows: {node, show(failure), clear()}.
export function errorBox() {
  const node = el('div', {class: 'errorbox', role: 'alert'});
  return {
    node,
    show(failure) { fill(node, failureParts(failure)); },
    clear() { fill(node); },
  };
}

// ---- buttons and groups ----

// kind: 'main', 'quiet' (the default) or 'danger'.  While run() works (it may
// be async) the button is busy; what it throws goes to `errors.show`.
// `changes`: only the operator can press it.
export function button(text, run, {kind = 'quiet', errors = null,
  changes = false, ...attributes} = {}) {
  const node = el('button', {type: 'button', class: kind, ...attributes,
    'data-changes': changes,
    'aria-disabled': changes && !operates() ? 'true' : null}, text);
  node.addEventListener('click', async () => {
    if (node.getAttribute('aria-busy')) return;
    node.setAttribute('aria-busy', 'true');
    if (errors) errors.clear();
    try {
      await run();
    } catch (failure) {
      if (errors) errors.show(failure);
      else toast(failure.message, 'bad');
    } finally {
      node.removeAttribute('aria-busy');
    }
  });
  return node;
}

export function group(legend, ...children) {
  return el('fieldset', {}, el('legend', {}, legend), children);
}

// A card with a heading: h2 below the h1 of a screen.
export function card(heading, ...children) {
  const id = unique('card');
  return el('section', {class: 'card', 'aria-labelledby': id},
    el('h2', {id}, heading), children);
}

// A state in words, with a sign and a colour; kind: ok, bad, run, idle.
export function state(kind, word) {
  const signs = {ok: '✓', bad: '✕', run: '▶', idle: '–'};
  return el('span', {class: `state ${kind}`},
    el('span', {'aria-hidden': 'true'}, signs[kind] + ' '), word);
}

// One of several states, in the room that the largest needs, so that nothing
// moves when it changes: {node, show(index)}.
export function oneOf(states, attributes = {}) {
  return {
    node: el('span', {class: 'one-of', ...attributes}, states),
    show(index) {
      states.forEach((one, i) => one.classList.toggle('now', i === index));
    },
  };
}

// ---- fields ----

function makeInput({type, options, value, ...attributes}) {
  if (options) {
    return el('select', attributes, options.map(([name, text]) =>
      el('option', {value: name, selected: name === value}, text)));
  }
  if (type === 'textarea') return el('textarea', {...attributes, value});
  return el('input', {type, value: value ?? '', autocomplete: 'off',
    spellcheck: 'false', ...attributes});
}

// A labelled input with a place for help and one for what is wrong:
// field({label, help, type, value, options: [[value, text]...], extra: node,
// ...attributes}) -> {node, input, value, error(failure or text or null)}.
// A checkbox's value is true or false.
export function field({label, help = null, type = 'text', extra = null,
  ...attributes}) {
  const id = unique('field');
  const helpId = help ? `${id}-help` : '';
  const input = makeInput({id, type, 'aria-describedby': `${helpId} ${id}-error`.trim(),
    ...attributes});
  const wrong = el('p', {class: 'error', id: `${id}-error`});
  const name = el('label', {for: id}, label);
  const node = el('div', {class: `field ${type}`},
    type === 'checkbox' ? [input, name] : [name, el('div', {class: 'entry'}, input, extra)],
    help ? el('p', {class: 'help', id: helpId}, help) : null, wrong);
  return {
    node,
    input,
    get value() { return type === 'checkbox' ? input.checked : input.value; },
    set value(value) {
      if (type === 'checkbox') input.checked = value;
      else input.value = value;
    },
    error(failure) {
      const text = failure === null || failure === undefined ? [] :
        typeof failure === 'string' ? [failure] :
          [failure.message, failure.hint ? ' ' + failure.hint : null];
      fill(wrong, text.length ? el('span', {'aria-hidden': 'true'}, '✕ ') : null, text);
      if (text.length) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    },
  };
}

// Put a failure beside its field, of {where: field}; false: no field has it.
export function placeFailure(fields, failure) {
  const one = fields[failure.where];
  if (!one) return false;
  one.error(failure);
  return true;
}

export function clearErrors(fields) {
  for (const one of Object.values(fields)) one.error(null);
}

// Call fn when the person stops typing, and never twice at once.
export function settled(fn, ms = 250) {
  let timer = 0;
  let runs = false;
  let again = false;
  const go = async () => {
    if (runs) {
      again = true;
      return;
    }
    runs = true;
    try {
      await fn();
    } finally {
      runs = false;
      if (again) {
        again = false;
        go();
      }
    }
  };
  return () => {
    clearTimeout(timer);
    timer = setTimeout(go, ms);
  };
}

// ---- gauge and bar ----

// {node, set({value, max, warn, low, text})}; low: it is a warning.
export function gauge(label) {
  const id = unique('gauge');
  const meter = el('meter', {'aria-labelledby': id, min: 0});
  const text = el('b', {class: 'num'});
  const node = el('div', {class: 'gauge'}, el('span', {id}, label), meter, text);
  return {
    node,
    set({value, max, warn = 0, low = false, text: words = ''}) {
      meter.max = Math.max(max, 1);
      meter.low = warn;
      meter.optimum = max;
      meter.value = value;
      node.classList.toggle('low', low);
      fill(text, words || `${number(value)} / ${number(max)}`);
    },
  };
}

// {node, set(part of 1, words)}
export function bar(label) {
  const node = el('progress', {max: 1, value: 0, 'aria-label': label});
  return {
    node,
    set(part, words = '') {
      node.value = part;
      fill(node, words);
      node.setAttribute('aria-valuetext', words);
    },
  };
}

// ---- tables ----

// table({caption, columns: [{title, cell(row) -> text or node, number: bool}],
// key(row), empty}) -> {node, rows(list)}.  A row whose JSON did not change is
// left as it is: a selection and the focus survive.
export function table({caption, columns, key, empty = ''}) {
  const body = el('tbody');
  const none = el('p', {class: 'help'}, empty);
  const node = el('div', {class: 'scroll', tabindex: 0, role: 'region',
    'aria-label': caption},
  el('table', {}, el('caption', {class: 'unseen'}, caption),
    el('thead', {}, el('tr', {}, columns.map((c) =>
      el('th', {scope: 'col', class: c.number ? 'num' : null}, c.title)))), body), none);
  const known = new Map();
  return {
    node,
    rows(list) {
      const seen = new Set();
      list.forEach((row, index) => {
        const name = String(key ? key(row) : index);
        const text = JSON.stringify(row);
        let old = known.get(name);
        if (!old || old.text !== text) {
          const tr = el('tr', {}, columns.map((c) =>
            el('td', {class: c.number ? 'num' : null}, c.cell(row))));
          if (old) old.tr.replaceWith(tr);
          old = {text, tr};
          known.set(name, old);
        }
        seen.add(name);
        if (body.children[index] !== old.tr) {
          body.insertBefore(old.tr, body.children[index] || null);
        }
      });
      for (const [name, old] of known) {
        if (!seen.has(name)) {
          old.tr.remove();
          known.delete(name);
        }
      }
      none.hidden = list.length > 0;
    },
  };
}

// ---- questions ----

// A dialog: dialog({title, children, actions: (close) => [nodes]}) resolves to
// what close(value) was given, or null after Escape.
export function dialog({title, children, actions}) {
  return new Promise((resolve) => {
    const id = unique('dialog');
    const before = document.activeElement;
    let answer = null;
    const node = el('dialog', {'aria-labelledby': id});
    const close = (value) => {
      answer = value;
      node.close();
    };
    node.append(el('h2', {id}, title), ...[children].flat(9),
      el('div', {class: 'actions'}, actions(close)));
    node.addEventListener('close', () => {
      node.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(answer);
    });
    document.body.append(node);
    node.showModal();
  });
}

// A question that Enter does not answer by chance; resolves to true or false.
export async function confirmAsked({title, text, action, kind = 'main'}) {
  return await dialog({
    title,
    children: [text].flat().map((line) => el('p', {}, line)),
    actions: (close) => [
      button(t('frame.cancel'), () => close(false), {autofocus: true}),
      button(action, () => close(true), {kind}),
    ],
  }) === true;
}

// What cannot be taken back: the person types `name`.
export async function confirmTyped({title, text, name, label, action}) {
  const typed = field({label: label ?? t('frame.type_name', {name}),
    autofocus: true});
  return await dialog({
    title,
    children: [[text].flat().map((line) => el('p', {}, line)), typed.node],
    actions: (close) => {
      const go = () => {
        if (typed.value === name) close(true);
        else typed.error(t('frame.type_differs', {name}));
      };
      typed.input.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') go();
      });
      return [
        button(t('frame.cancel'), () => close(false)),
        button(action, go, {kind: 'danger'}),
      ];
    },
  }) === true;
}
