/**
 * XML as S3 writes and reads it: elements and text. What a client sends is read strictly (no document types, so
 * no entities but the five and character references), attributes and namespaces are read over.
 */
import type { Reply } from '../exchange.ts';

/** An element that was read. */
export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  /** All text directly in it, decoded. */
  readonly text: string;
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

export function tag(name: string, text: string | number | boolean): string {
  return `<${name}>${escape(String(text))}</${name}>`;
}

/** Elements in an element: `inner` is XML already. */
export function wrap(name: string, ...inner: readonly string[]): string {
  return `<${name}>${inner.join('')}</${name}>`;
}

/** A whole answer of 200 with `name` as its root. */
export function documentReply(name: string, ...inner: readonly string[]): Reply {
  return xmlReply(200, `<${name} xmlns="${NAMESPACE}">${inner.join('')}</${name}>`);
}

export function xmlReply(status: number, xml: string): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/xml' },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`),
  };
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function escape(text: string): string {
  return text.replace(
    // Control characters too: a key may hold any, and line ends would be read as another
    /[&<>"\p{Cc}]/gu,
    (c) =>
      ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ??
      `&#x${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()};`,
  );
}

/** The root element of `xml`. @throws SyntaxError if it is not well-formed */
export function parseXml(xml: string): Element {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`no XML at character ${at}`);
  };
  const skip = (opening: string, closing: string): boolean => {
    if (!xml.startsWith(opening, at)) return false;
    const end = xml.indexOf(closing, at + opening.length);
    if (end < 0) fail();
    at = end + closing.length;
    return true;
  };
  const skipMisc = (): void => {
    for (;;) {
      const space = /\s*/y;
      space.lastIndex = at;
      at += space.exec(xml)?.[0].length ?? 0;
      if (!skip('<?', '?>') && !skip('<!--', '-->')) return;
    }
  };
  const opening = /<([\w.-]+(?::[\w.-]+)?)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
  const element = (depth: number): Element => {
    opening.lastIndex = at;
    const match = opening.exec(xml);
    if (match === null || depth > 32) return fail();
    at += match[0].length;
    const [, fullName = '', , selfClosing] = match;
    const name = fullName.slice(fullName.indexOf(':') + 1);
    const children: Element[] = [];
    let text = '';
    while (selfClosing === '') {
      const next = xml.indexOf('<', at);
      if (next < 0) return fail();
      text += decodeText(xml.slice(at, next));
      at = next;
      if (xml.startsWith('</', at)) {
        const end = xml.indexOf('>', at);
        if (end < 0 || xml.slice(at + 2, end).trimEnd() !== fullName) return fail();
        at = end + 1;
        break;
      }
      const start = at;
      if (skip('<![CDATA[', ']]>')) text += xml.slice(start + 9, at - 3);
      else if (!skip('<!--', '-->') && !skip('<?', '?>')) children.push(element(depth + 1));
    }
    return { name, children, text };
  };
  if (xml.startsWith('\uFEFF')) at = 1;
  skipMisc();
  const root = element(0);
  skipMisc();
  if (at < xml.length) fail();
  return root;
}

function decodeText(text: string): string {
  return text.replace(/&([^;\s]*;?)/g, (whole, name: string) => {
    const number = /^#(?:x([\da-fA-F]{1,6})|(\d{1,7}));$/.exec(name);
    const code = number === null ? NaN : parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10);
    const decoded = name.endsWith(';') ? entities[name.slice(0, -1)] : undefined;
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    if (decoded === undefined) throw new SyntaxError(`no entity ${whole}`);
    return decoded;
  });
}

/** The only child of that name; undefined if there is none. */
export function child(element: Element, name: string): Element | undefined {
  return element.children.find((each) => each.name === name);
}

export function childText(element: Element, name: string): string | undefined {
  return child(element, name)?.text.trim();
}
