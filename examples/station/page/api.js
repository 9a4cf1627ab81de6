// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Copyright The libsfi authors
// Requests to the program.

const KEY = 'sfi-station-key';

// What the program refused: status and name of libsfi, the field, the hint.
export class Failure extends Error {
  constructor(http, error) {
    super(error.message);
    this.http = http;
    this.status = error.status;
    this.name = error.name;
    this.where = error.where;
    this.hint = error.hint;
  }
}

function headers(more) {
  const key = sessionStorage.getItem(KEY);
  return key ? {'X-Station-Key': key, ...more} : more;
}

async function send(path, options) {
  let answer;
  try {
    answer = await fetch('/api/' + path, {...options, redirect: 'error'});
  } catch {
    throw new Failure(0, {status: 0, name: '', where: '', hint: '',
      message: 'sfi-station does not answer'});
  }
  if (answer.ok) return answer;
  let error = null;
  try {
    error = (await answer.json()).error;
  } catch { /* not one of ours */ }
  throw new Failure(answer.status, error ||
    {status: 0, name: '', where: '', hint: '', message: answer.statusText});
}

export async function get(path) {
  return (await send(path, {headers: headers({})})).json();
}

export async function post(path, object = {}) {
  const answer = await send(path, {
    method: 'POST',
    headers: headers({'Content-Type': 'application/json'}),
    body: JSON.stringify(object),
  });
  return answer.status === 204 ? null : answer.json();
}

export async function upload(path, file) {
  return (await send(path, {
    method: 'POST',
    headers: headers({
      'Content-Type': 'application/octet-stream',
      'X-File-Name': encodeURIComponent(file.name),
    }),
    body: file,
  })).json();
}

// The answer becomes a file of the browser's.
export async function download(path, object, name) {
  const answer = await send(path, {
    method: 'POST',
    headers: headers({'Content-Type': 'application/json'}),
    body: JSON.stringify(object),
  });
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// The token of the link becomes a session; the one that this tab has goes on.
// Resolves to {operates, may_operate, operator}.
export async function begin() {
  const token = location.hash.slice(1);
  if (/^[0-9a-f]{32}$/.test(token)) {
    history.replaceState(null, '', '/');
    const session = await post('session/begin', {token});
    sessionStorage.setItem(KEY, session.key);
    return session;
  }
  return get('session');
}

const SILENCE_MS = 40000; // the program says something every 15 seconds

// Events since `lastId`, until the connection is lost: opened() when it is there,
// seen(id, kind, object).  `abort`, an AbortController, ends it.
export async function stream(lastId, seen, opened, abort) {
  let timer = setTimeout(() => abort.abort(), SILENCE_MS);
  try {
    const answer = await send('events', {
      headers: headers(lastId ? {'Last-Event-ID': lastId} : {}),
      signal: abort.signal,
    });
    opened();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const {value, done} = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), SILENCE_MS);
      text = give(text + value, seen);
    }
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

// Give each event that is whole; returns the rest.
function give(text, seen) {
  for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
    const event = {};
    for (const line of text.slice(0, end).split('\n')) {
      const at = line.indexOf(': ');
      if (at > 0) event[line.slice(0, at)] = line.slice(at + 2);
    }
    text = text.slice(end + 2);
    if (event.data) seen(event.id, event.event, JSON.parse(event.data));
  }
  return text;
}
