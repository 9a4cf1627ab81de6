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
  'frame.bytes': '{n} bytes',
  'frame.cancel': 'Cancel',
  'frame.choose': 'Choose…',
  'frame.choose_for': 'Choose: {label}',
  'frame.find': 'Find in this folder',
  'frame.folder': 'folder',
  'frame.folders': 'Folders',
  'frame.more_files': '{n} older files are not listed: type a part of the name',
  'frame.name_wanted': 'a file name without / is expected',
  'frame.new_name': 'File name',
  'frame.no_files': 'No file here',
  'frame.type_differs': 'this is not {name}',
  'frame.type_name': 'Type {name} to confirm',
  'frame.unnamed_files': '{n} files are left out: their names are not plain text',
  'frame.up': 'Up',
  'frame.use_folder': 'Use this folder',
  'frame.use_name': 'Use this name',

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
