// Code blocks in colours: the languages that offices and their engineers paste.
import Code from '@tiptap/extension-code';
import { CodeBlockLowlight } from '@tiptap/extension-code-block-lowlight';
import bash from 'highlight.js/lib/languages/bash';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';

const GRAMMARS = { bash, cpp, css, go, ini, java, javascript, json, python, rust, sql, typescript, xml, yaml };

/** Languages that can be chosen, by the name that the page keeps. */
export const LANGUAGES: Record<keyof typeof GRAMMARS, string> = {
  bash: 'Shell',
  cpp: 'C / C++',
  css: 'CSS',
  go: 'Go',
  ini: 'INI / TOML',
  java: 'Java',
  javascript: 'JavaScript',
  json: 'JSON',
  python: 'Python',
  rust: 'Rust',
  sql: 'SQL',
  typescript: 'TypeScript',
  xml: 'HTML / XML',
  yaml: 'YAML',
};

const lowlight = createLowlight(GRAMMARS);

// A language that is not known is shown plain; guessing one would colour prose at random.
const plain = { type: 'root' as const, children: [] };

export const HighlightedCode = CodeBlockLowlight.configure({
  lowlight: { ...lowlight, highlightAuto: () => plain },
  defaultLanguage: null,
  enableTabIndentation: true,
  tabSize: 2,
}).extend({
  // Changes in code can be suggested too.
  marks: 'insertion deletion',
});

/** Code within a line; unlike Tiptap's own it can be part of a suggestion. */
export const InlineCode = Code.extend({ excludes: 'code' });
