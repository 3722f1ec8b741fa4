/** Option values as they are typed. What only the engine can judge is left to it. */
import { InvalidArgumentError } from 'commander';

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It has to be a number above 0.');
}

export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It has to be a whole number from ${from} to ${to}.`);
  };
}

export const portNumber = wholeNumber(0, 65_535);
export const packMiB = wholeNumber(4, 4096);
