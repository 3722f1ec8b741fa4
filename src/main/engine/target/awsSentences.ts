/**
 * Failures of a vault in sentences: what happened, what is safe, what to do. Deciding which applies is awsFailure.ts.
 */
import type { FailureFacts } from './serviceFailure.ts';

/** What was being done, for the sentence. */
export interface Call {
  /** The operation as AWS names it: `UploadMultipartPart`. It is also the name of the right it needs. */
  readonly operation: string;
  /** Where: "vault photos in eu-central-1", or "vaults in eu-central-1" for what belongs to none of them. */
  readonly place: string;
  /** Who was asked, for failures to reach it: "glacier.eu-central-1.amazonaws.com". */
  readonly host: string;
  /** What was named in the request besides the vault; `settings`: a policy, tags, a topic; `service`: not even a vault. */
  readonly subject: 'vault' | 'upload' | 'archive' | 'job' | 'lock' | 'settings' | 'service';
}

/** A failure without what only a log wants. */
export type Facts = Omit<FailureFacts, 'cause'>;
const untouched = 'What is already stored is not affected.';

export function noRight({ operation, place }: Call): Facts {
  return {
    kind: 'denied',
    message: `These credentials have no right to glacier:${operation} on ${place}.`,
    safe: untouched,
    advice: `Allow glacier:${operation} for this key in AWS (or lift the vault policy that forbids it), then try again.`,
  };
}

export function unknownKey(): Facts {
  return {
    kind: 'denied',
    message: 'AWS does not know the access key that was used.',
    safe: untouched,
    advice: 'Check the access key of this target or its AWS profile; it may have been deleted or mistyped.',
  };
}

export function wrongSecret(): Facts {
  return {
    kind: 'denied',
    message: 'AWS refuses the signature: the secret key does not belong to the access key.',
    safe: untouched,
    advice: 'Enter the secret access key again, or correct it in the AWS profile.',
  };
}

export function expired(): Facts {
  return {
    kind: 'denied',
    message: 'The temporary credentials for AWS have expired.',
    safe: 'What is already stored is not affected; an upload goes on where it was.',
    advice: 'Sign in to AWS again (with single sign-on: aws sso login), then run it again.',
  };
}

export function noCredentials({ place }: Call): Facts {
  return {
    kind: 'denied',
    message: `No usable AWS credentials were found for ${place}.`,
    safe: untouched,
    advice:
      'Name an AWS profile for this target or enter its keys; if the profile uses single sign-on, run: aws sso login.',
  };
}

export function closed(): Facts {
  return {
    kind: 'closed',
    message:
      'AWS offers Glacier vaults only to accounts that used them before 15 December 2025; this one did not.',
    advice:
      'Use a folder as the target for now (S3 buckets are on the way), or keys of an account that has vaults.',
  };
}

export function notFound({ operation, subject, place, host }: Call): Facts {
  if (subject === 'service') {
    return {
      kind: 'not-found',
      message: `The service at ${host} does not know ${operation}.`,
      advice: 'Check the endpoint and the region.',
    };
  }
  if (subject === 'vault' || subject === 'settings') {
    return {
      kind: 'not-found',
      message: `There is no ${place} for these credentials.`,
      advice: 'Check the name, the region and the account, or create the vault first.',
    };
  }
  const what = { upload: 'upload', archive: 'archive', job: 'retrieval', lock: 'lock' }[subject];
  return {
    kind: 'not-found',
    message: `This ${what} is not known to ${place}; it may have expired or been removed.`,
    advice:
      subject === 'archive'
        ? 'Check the target in AWS; nothing was deleted by Permafrost.'
        : 'Start it again.',
  };
}

export function throttled({ place }: Call): Facts {
  return {
    kind: 'throttled',
    message: `AWS asks to slow down requests to ${place}.`,
    safe: untouched,
    advice: 'Wait a few minutes; other programs may be using the same account.',
  };
}

export function tooSlow({ host }: Call): Facts {
  return {
    kind: 'offline',
    message: `The connection to ${host} was so slow that a request was given up.`,
    safe: untouched,
    advice: 'Try again when the network is less busy.',
  };
}

export function policyForbids({ place }: Call): Facts {
  return {
    kind: 'conflict',
    message: `The account’s data-retrieval limit does not allow this retrieval from ${place} now.`,
    advice:
      'Choose the bulk or the expedited tier (of an order that waits: permafrost orders tier), wait until running retrievals are done, or raise the limit in AWS.',
  };
}

export function noCapacity(): Facts {
  return {
    kind: 'conflict',
    message: 'AWS has no capacity for expedited retrievals at the moment.',
    advice:
      'Choose the standard tier (of an order that waits: permafrost orders tier), or try expedited again later.',
  };
}

export function limitReached(_call: Call, words: string): Facts {
  return {
    kind: 'conflict',
    message: withWords('A limit of the AWS account is reached', words),
    advice: 'Remove what is no longer used, or ask AWS to raise the limit.',
  };
}

export function refused({ operation, subject, place }: Call, words: string): Facts {
  return {
    kind: 'invalid',
    message: withWords(`AWS refused ${operation} on ${place}`, words),
    advice:
      subject === 'settings'
        ? 'Correct what was given, then try again.'
        : 'Check the settings of this target; if they are right, report this with the message.',
  };
}

export function nameUnknown({ host }: Call): Facts {
  return {
    kind: 'offline',
    message: `The service at ${host} cannot be found.`,
    safe: untouched,
    advice: 'Check the network connection, and that the region of this target is spelled right.',
  };
}

export function offline({ host }: Call): Facts {
  return {
    kind: 'offline',
    message: `The service at ${host} does not answer.`,
    safe: untouched,
    advice: 'Check the network connection; it goes on by itself once the service answers.',
  };
}

export function inTrouble({ host }: Call): Facts {
  return {
    kind: 'offline',
    message: `The service at ${host} has a problem of its own at the moment.`,
    safe: untouched,
    advice: 'Try again in a few minutes.',
  };
}

export function proxyFails({ host }: Call): Facts {
  return {
    kind: 'offline',
    message: `The proxy does not let a connection to ${host} through.`,
    safe: untouched,
    advice: 'Check the proxy settings (HTTPS_PROXY, NO_PROXY).',
  };
}

export function certificateDate({ host }: Call): Facts {
  return {
    kind: 'clock',
    message: `By this computer’s date the certificate of ${host} is not valid.`,
    safe: untouched,
    advice: 'Set this computer’s date and time right, then try again.',
  };
}

/** A captive portal, a proxy's error page, a look-alike: something answers, but not the service. */
export function notTheService({ host }: Call): Facts {
  return {
    kind: 'offline',
    message: `Something on the way answers instead of the service at ${host}.`,
    safe: untouched,
    advice: 'Sign in to the network if it asks for it, and check the endpoint and proxy settings.',
  };
}

function withWords(sentence: string, words: string): string {
  return words === '' ? `${sentence}.` : `${sentence}: ${words}.`;
}
