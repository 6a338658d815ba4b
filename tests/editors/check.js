// The grammar for editors, run by the engine that Visual Studio Code uses.
//
// Every journey of the project must tokenise to its end; in those that are whole, nothing may stay open and
// every character but blanks must have a scope; every keyword of grammar/journey.pest must stand in
// keywords.journey and be coloured as one; and the scopes of keywords.journey are as they were
// (`UPDATE=1` writes them anew).

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const oniguruma = require('vscode-oniguruma');
const textmate = require('vscode-textmate');

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..');
const failures = [];
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');

async function load() {
  await oniguruma.loadWASM(fs.readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm')));
  const file = 'editors/vscode/syntaxes/journey.tmLanguage.json';
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) => (scope === 'source.journey' ? textmate.parseRawGrammar(read(file), file) : null),
  });
  return registry.loadGrammar('source.journey');
}

/// The tokens of a text by line, and how deep the stack is at its end.
function tokenise(grammar, text, name) {
  let stack = textmate.INITIAL;
  const lines = [];
  for (const line of text.split(/\r?\n/)) {
    const result = grammar.tokenizeLine(line, stack, 5_000);
    if (result.stoppedEarly) failures.push(`${name}: a line takes too long: ${line.slice(0, 80)}`);
    lines.push(result.tokens.map((t) => ({ text: line.slice(t.startIndex, t.endIndex), scopes: t.scopes.slice(1) })));
    stack = result.ruleStack;
  }
  return { lines, depth: stack.depth };
}

function journeys(folder, found = []) {
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!['target', 'node_modules', '.git'].includes(entry.name)) journeys(name, found);
    } else if (entry.name.endsWith('.journey')) {
      found.push(name);
    }
  }
  return found.sort();
}

/// The keywords of the language, as the grammar of the compiler writes them: each a list of words.
function keywords() {
  const found = [];
  for (const [, name, rule] of read('grammar/journey.pest').matchAll(/^([A-Z_]+)\s*=\s*@\{(.*)\}$/gm)) {
    const parts = rule.split('~').map((part) => part.trim());
    const words = [];
    for (const part of parts) {
      const word = part.match(/^"([a-z]+)"$/);
      if (word) words.push(word[1]);
      else if (part !== 'ws1') break;
    }
    if (words.length > 0) found.push({ name, words });
  }
  const reserved = read('grammar/journey.pest').match(/^RESERVED = _\{(.*)\}$/m)[1];
  for (const [, word] of reserved.matchAll(/"([a-z]+)"/g)) found.push({ name: 'RESERVED', words: [word] });
  return found;
}

const COLOURED = /^(keyword|storage|constant\.language|support)\./;

function checkKeywords(lines) {
  const all = keywords();
  if (all.length < 40) failures.push(`only ${all.length} keywords were found in grammar/journey.pest`);
  const spans = lines
    .flat()
    .filter((token) => token.scopes.some((scope) => COLOURED.test(scope)))
    .map((token) => token.text.trim().split(/\s+/).join(' '));
  // A phrase may be coloured as one or word by word.
  const joined = ` ${lines
    .map((line) =>
      line
        .filter((token) => token.text.trim() === '' || token.scopes.some((scope) => COLOURED.test(scope)))
        .map((token) => token.text)
        .join(''),
    )
    .join(' \n ')
    .replace(/[ \t]+/g, ' ')} `;
  for (const { name, words } of all) {
    const phrase = words.join(' ');
    const whole = spans.includes(phrase) || joined.includes(` ${phrase} `);
    if (!whole) failures.push(`keyword \`${phrase}\` (${name}) is not coloured in keywords.journey, or does not stand there`);
  }
  return all.length;
}

function snapshot(lines) {
  const text = lines
    .map((line) => line.filter((t) => t.text.trim() !== '').map((t) => `${t.text.trim()}\t${t.scopes.join(' ')}\n`).join(''))
    .filter((part) => part !== '')
    .join('\n');
  const file = 'tests/editors/keywords.scopes';
  if (process.env.UPDATE) fs.writeFileSync(path.join(root, file), text);
  const known = fs.existsSync(path.join(root, file)) ? read(file) : '';
  if (known !== text) failures.push(`${file} is not what the grammar says now; UPDATE=1 writes it anew`);
}

/// Words that follow others in a journey which is whole and must be coloured there as in the fixture.
const HEADS = new Set(['journey', 'fragment', 'node', 'ensure', 'import']);

function checkWhole(name, lines, depth) {
  if (depth !== 1) failures.push(`${name}: something is open at its end`);
  lines.forEach((line, at) => {
    let first = true;
    for (const token of line) {
      if (token.text.trim() === '') continue;
      if (token.scopes.length === 0) failures.push(`${name}:${at + 1}: no scope for ${JSON.stringify(token.text)}`);
      const isHead = first && HEADS.has(token.text.trim());
      const next = line[line.indexOf(token) + 1];
      const declares = isHead && next && /^\s/.test(next.text);
      if (declares && !token.scopes.some((scope) => COLOURED.test(scope)) && !line.some((t) => t.text.includes('->'))) {
        failures.push(`${name}:${at + 1}: \`${token.text}\` is not coloured as a keyword`);
      }
      first = false;
    }
  });
}

const grammar = await load();
const files = ['journeys', 'tests', 'crates', 'examples', 'editors'].flatMap((folder) => journeys(folder));
let whole = 0;
for (const name of files) {
  const { lines, depth } = tokenise(grammar, read(name), name);
  if (name.startsWith('journeys/') || name.endsWith('.mended.journey')) {
    whole += 1;
    checkWhole(name, lines, depth);
  }
}
// The Rust files cannot be read here, but the blocks of the documents can.
for (const document of ['README.md', 'docs/language.md', 'docs/diagnostics.md', 'docs/testing.md']) {
  for (const [, block] of read(document).matchAll(/^```journey[^\n]*\n([\s\S]*?)^```/gm)) tokenise(grammar, block, document);
}
const fixture = tokenise(grammar, read('tests/editors/keywords.journey'), 'keywords.journey');
checkWhole('tests/editors/keywords.journey', fixture.lines, fixture.depth);
const count = checkKeywords(fixture.lines);
snapshot(fixture.lines);
// A line of the worst kind is over soon.
tokenise(grammar, `ensure ${'a.'.repeat(20_000)} ${'"'.repeat(9_999)} ${'-'.repeat(20_000)}`, 'a long line');
if (whole < 12) failures.push(`only ${whole} whole journeys were found`);

for (const failure of failures.slice(0, 60)) console.error(failure);
if (failures.length > 0) {
  console.error(`${failures.length} failures`);
  process.exit(1);
}
console.log(`${files.length} journeys, ${whole} of them whole; ${count} keywords`);
