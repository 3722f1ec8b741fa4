/**
 * Conditions of a policy's statement: an operator, a key, and the values one of which has to fit.
 *
 * A request has one value of a key or none, but for tags: keys have no case and tags do, so tags that differ only in
 * case are values of one key. An operator of the negative kind holds if no value of the request fits one of the
 * condition, and also if the request has no such key; any other needs one that fits, unless there is no such key and
 * the operator's name ends in IfExists.
 */

export interface Condition {
  readonly operator: string;
  /** Lower case: condition keys have none. */
  readonly key: string;
  readonly values: readonly string[];
}

interface Operator {
  readonly negative: boolean;
  /** Whether `value` can stand in a policy. */
  readonly takes: (value: string) => boolean;
  readonly fits: (actual: string, value: string) => boolean;
}

type Fits = Operator['fits'];
/** The sign of a comparison. */
type Sign = (difference: number) => boolean;

const text = (fits: Fits, negative = false): Operator => ({ negative, takes: () => true, fits });
const numeric = (holds: Sign, negative = false): Operator => comparing(readNumber, holds, negative);
const date = (holds: Sign, negative = false): Operator => comparing(readDate, holds, negative);

const equals: Fits = (actual, value) => actual === value;
const equalsIgnoringCase: Fits = (actual, value) => actual.toLowerCase() === value.toLowerCase();
const like: Fits = (actual, value) => matchesPattern(value, actual);
const same: Sign = (difference) => difference === 0;

const operators: ReadonlyMap<string, Operator> = new Map([
  ['StringEquals', text(equals)],
  ['StringNotEquals', text(equals, true)],
  ['StringEqualsIgnoreCase', text(equalsIgnoringCase)],
  ['StringNotEqualsIgnoreCase', text(equalsIgnoringCase, true)],
  ['StringLike', text(like)],
  ['StringNotLike', text(like, true)],
  ['NumericEquals', numeric(same)],
  ['NumericNotEquals', numeric(same, true)],
  ['NumericLessThan', numeric((difference) => difference < 0)],
  ['NumericLessThanEquals', numeric((difference) => difference <= 0)],
  ['NumericGreaterThan', numeric((difference) => difference > 0)],
  ['NumericGreaterThanEquals', numeric((difference) => difference >= 0)],
  ['DateEquals', date(same)],
  ['DateNotEquals', date(same, true)],
  ['DateLessThan', date((difference) => difference < 0)],
  ['DateLessThanEquals', date((difference) => difference <= 0)],
  ['DateGreaterThan', date((difference) => difference > 0)],
  ['DateGreaterThanEquals', date((difference) => difference >= 0)],
  ['Bool', { negative: false, takes: isBoolean, fits: equalsIgnoringCase }],
]);

/** Says of a key whether it is absent ("true") or present ("false"). */
const ABSENCE = 'Null';
const IF_EXISTS = /IfExists$/;

/** The keys requests have here (see permission.ts), or would have if they were signed with a second factor. */
const KNOWN_KEY =
  /^(glacier:(archiveageindays|resourcetag\/.+)|aws:(currenttime|epochtime|securetransport|principalarn|principalaccount|multifactorauthpresent))$/;

export function isKnownKey(key: string): boolean {
  return KNOWN_KEY.test(key.toLowerCase());
}

export function isKnownOperator(name: string): boolean {
  return name === ABSENCE || operators.has(name.replace(IF_EXISTS, ''));
}

/** Whether the values are such as a known operator compares with. */
export function hasValidValues({ operator, values }: Condition): boolean {
  const takes = operator === ABSENCE ? isBoolean : operators.get(operator.replace(IF_EXISTS, ''))?.takes;
  return takes !== undefined && values.length > 0 && values.every(takes);
}

/** One of an unknown operator never holds. */
export function holds(
  { operator: name, key, values }: Condition,
  context: ReadonlyMap<string, readonly string[]>,
): boolean {
  const actual = context.get(key);
  if (name === ABSENCE)
    return values.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  const operator = operators.get(name.replace(IF_EXISTS, ''));
  if (operator === undefined) return false;
  if (actual === undefined) return operator.negative || IF_EXISTS.test(name);
  return actual.some((one) => values.some((value) => operator.fits(one, value))) !== operator.negative;
}

/** Whether `pattern`, in which * is any run of characters and ? any one, is all of `actual`. */
export function matchesPattern(pattern: string, actual: string): boolean {
  // Goes back only to the last star: the earlier ones took as little as they could, and that is always enough.
  let at = 0;
  let from = 0;
  let star = -1;
  let taken = 0;
  while (from < actual.length) {
    if (pattern[at] === '*') {
      star = at;
      taken = from;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === actual[from])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      taken += 1;
      at = star + 1;
      from = taken;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

function comparing(read: (text: string) => number, sign: Sign, negative: boolean): Operator {
  return {
    negative,
    takes: (value) => !Number.isNaN(read(value)),
    fits: (actual, value) => sign(read(actual) - read(value)),
  };
}

function readNumber(text: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : NaN;
}

/** Epoch ms of an ISO date or of seconds since 1970. */
function readDate(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  return /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : NaN;
}

function isBoolean(value: string): boolean {
  return /^(true|false)$/i.test(value);
}
