/**
 * Signing clock: whether a refused signature is the fault of the time it was signed with.
 *
 * The service takes signatures whose time is within five minutes of its own. The client signs with this computer's
 * clock plus an offset that it learns from the `Date` of every answer, so a wrong clock costs one refused request:
 * the answer corrects the offset and the request is sent once more. Requests that were on their way meanwhile are
 * judged each by the time it was signed with itself, so they too are sent once more.
 */
import { ServiceFailure } from './serviceFailure.ts';

/** From here on a difference explains a refusal: the service's five minutes, less what rounding and latency may add. */
const SKEW_MS = 4 * 60_000;

const signatureCodes = new Set([
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'RequestTimeTooSkewed',
  'RequestExpired',
]);

/** Whether the service refused the signature, and by its own clock the request was signed at another time. */
export function isSkewRefusal(errorName: string, serverDate: number | undefined, signedAt: number): boolean {
  return (
    signatureCodes.has(errorName) && serverDate !== undefined && Math.abs(serverDate - signedAt) >= SKEW_MS
  );
}

/**
 * The failure to report when a corrected time was refused too. `serverDate` and `localDate` are the two clocks at
 * the answer; where they agree, the time passed while the request was being sent.
 */
export function skewFailure(serverDate: number, localDate: number, host: string): ServiceFailure {
  const off = localDate - serverDate;
  if (Math.abs(off) < SKEW_MS) {
    return new ServiceFailure({
      kind: 'offline',
      message: `The connection to ${host} is so slow that a request is out of date before it has arrived.`,
      safe: 'What is already stored is not affected.',
      advice: 'Try again when the network is less busy.',
    });
  }
  return new ServiceFailure({
    kind: 'clock',
    message: `This computer’s clock is ${duration(Math.abs(off))} ${off < 0 ? 'behind' : 'ahead of'} the service’s, and the service refuses its requests.`,
    safe: 'What is already stored is not affected.',
    advice: 'Set this computer’s date, time and time zone right, then try again.',
  });
}

/** "3 years", "26 hours", "7 minutes": the largest unit of which there are at least two. */
function duration(ms: number): string {
  const units = [
    ['years', 365.25 * 86_400_000],
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
  ] as const;
  const [name, unit] = units.find(([, length]) => ms >= 2 * length) ?? units[3];
  return `${Math.round(ms / unit)} ${name}`;
}
