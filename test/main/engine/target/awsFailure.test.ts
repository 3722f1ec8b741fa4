import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineError } from '../../../../src/main/engine/failure.ts';
import { awsFailure } from '../../../../src/main/engine/target/awsFailure.ts';
import { retryOf } from '../../../../src/main/engine/target/serviceFailure.ts';
import type { ArchiveId, JobId, UploadId } from '../../../../src/main/engine/target/target.ts';
import { expectKind, MIB, partOf } from './contract.ts';
import { always, keys, refuse, startRawService, type RawService } from './rawService.ts';

let service: RawService;
beforeEach(async () => {
  service = await startRawService();
});
afterEach(() => service.close());

/** The failure of a probe that is answered so. */
async function failureOf(answer: RawService['answer'], kind: EngineError['kind']): Promise<EngineError> {
  service.answer = answer;
  return expectKind(service.vault().probe(), kind);
}

describe('what a vault refuses', () => {
  it.each([
    [403, 'AccessDeniedException', 'denied', 'never'],
    [400, 'UnrecognizedClientException', 'denied', 'never'],
    [403, 'InvalidClientTokenId', 'denied', 'never'],
    [400, 'MissingAuthenticationTokenException', 'denied', 'never'],
    [403, 'InvalidSignatureException', 'denied', 'never'],
    [403, 'ExpiredTokenException', 'denied', 'never'],
    [400, 'NoLongerSupportedException', 'closed', 'never'],
    [404, 'ResourceNotFoundException', 'not-found', 'never'],
    [400, 'ThrottlingException', 'throttled', 'later'],
    [403, 'ThrottlingException', 'throttled', 'later'],
    [429, 'SomethingElse', 'throttled', 'later'],
    [408, 'RequestTimeoutException', 'offline', 'later'],
    [500, 'ServiceUnavailableException', 'offline', 'later'],
    [503, 'SomethingElse', 'offline', 'later'],
    [400, 'PolicyEnforcedException', 'conflict', 'never'],
    [400, 'InsufficientCapacityException', 'conflict', 'never'],
    [503, 'InsufficientCapacityException', 'conflict', 'never'],
    [400, 'LimitExceededException', 'conflict', 'never'],
    [400, 'InvalidParameterValueException', 'invalid', 'never'],
    [400, 'MissingParameterValueException', 'invalid', 'never'],
    [400, 'SerializationException', 'invalid', 'never'],
    [400, 'constructor', 'invalid', 'never'],
  ] as const)('with %i %s is %s and tried again %s', async (status, code, kind, retry) => {
    const failure = await failureOf(refuse(status, code), kind);
    expect(retryOf(failure).retry).toBe(retry);
    expect(service.asked).toHaveLength(1);
  });

  it('says which right is missing where', async () => {
    const failure = await failureOf(
      refuse(403, 'AccessDeniedException', 'User: arn:aws:iam::1:user/x is not…'),
      'denied',
    );
    expect(failure.message).toBe(
      'These credentials have no right to glacier:DescribeVault on vault photos in eu-central-1.',
    );
  });

  it('offers a bucket to an account that is too new for vaults', async () => {
    const failure = await failureOf(refuse(400, 'NoLongerSupportedException'), 'closed');
    expect(failure.advice).toMatch(/bucket/);
  });

  it('names the vault that is not there, and whatever else is not', async () => {
    service.answer = refuse(404, 'ResourceNotFoundException', 'Vault not found for ARN: …');
    const vault = service.vault();
    const messages = [
      await expectKind(vault.probe(), 'not-found'),
      await expectKind(vault.sendPart('u' as UploadId, partOf(randomBytes(1), 0)), 'not-found'),
      await expectKind(vault.requestRetrieval('a' as ArchiveId, null, 'bulk', 'o'), 'not-found'),
      await expectKind(vault.describeRetrieval('j' as JobId), 'not-found'),
    ].map((failure) => failure.message);
    expect(messages[0]).toBe('There is no vault photos in eu-central-1 for these credentials.');
    expect(messages.slice(1).map((message) => message.split(' ')[1])).toEqual([
      'upload',
      'archive',
      'retrieval',
    ]);
  });

  it('repeats the service’s words where they name the mistake', async () => {
    const said = refuse(400, 'InvalidParameterValueException', 'Invalid part size: 3.\nMust be…');
    service.answer = said;
    const failure = await expectKind(service.vault().beginUpload('a', 3), 'invalid');
    expect(failure.message).toContain('Invalid part size: 3. Must be');
  });

  it.each([
    ['seconds', '7', 7000],
    ['a date', 'Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['a date that is over', 'Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['nonsense', 'soon', 0],
  ])('says how long to wait, given in %s', async (_name, header, wait) => {
    const headers = { 'retry-after': header, date: 'Mon, 23 Nov 2026 12:00:00 GMT' };
    const failure = await failureOf(refuse(503, 'ServiceUnavailableException', 'm', headers), 'offline');
    expect(retryOf(failure).retryAfterMs).toBe(wait);
  });
});

it('never shows a secret, a signature or a session token, in no field of the failure', async () => {
  const credentials = { ...keys, sessionToken: 'session-canary' };
  const vault = service.vault({ credentials });
  for (const code of [
    'InvalidSignatureException',
    'AccessDeniedException',
    'InvalidParameterValueException',
  ]) {
    service.answer = (asked, response, request) => {
      const echoed = `The Canonical String should have been ${JSON.stringify(asked.headers)}`;
      const message = code === 'InvalidSignatureException' ? echoed : 'No.';
      refuse(403, code, message)(asked, response, request);
    };
    const failure = await vault.probe().catch((error: unknown) => error);
    const shown = inspect(failure, { depth: 20, showHidden: true, getters: true });
    expect(shown).not.toMatch(/canary|AWS4-HMAC|Signature=/i);
  }
});

describe('a service that cannot be reached', () => {
  it('is offline and named', async () => {
    const gone = await startRawService();
    await gone.close();
    const failure = await expectKind(service.vault({ endpoint: gone.url }).probe(), 'offline');
    expect(failure.message).toContain(new URL(gone.url).host);
  });

  it('is offline when its name is unknown', async () => {
    const vault = service.vault({ endpoint: 'http://nowhere.invalid', proxyEnv: {} });
    const failure = await expectKind(vault.probe(), 'offline');
    expect(failure.message).toContain('nowhere.invalid');
  });

  it('is offline when what it speaks is not HTTP', async () => {
    service.answer = (_asked, _response, request) => request.socket.end('220 mail.example ESMTP\r\n');
    await expectKind(service.vault().beginUpload('a', MIB), 'offline');
  });

  it('is offline when it answers a list with something that is no list', async () => {
    for (const body of [
      '[]',
      '{}',
      '{"UploadsList":[{}]}',
      '{"UploadsList":[{"MultipartUploadId":"x"}]}',
      '{',
    ]) {
      service.answer = always(200, { 'content-type': 'application/json' }, body);
      await expectKind(
        (async () => {
          for await (const upload of service.vault().listUploads()) expect.fail(upload.uploadId);
        })(),
        'offline',
      );
    }
  });
});

describe('what the system says of a line', () => {
  const call = {
    operation: 'DescribeVault',
    place: 'vault v in r',
    host: 'glacier.example',
    subject: 'vault',
  } as const;
  const coded = (code: string): Error => Object.assign(new Error(code), { code });

  it.each([
    ['ECONNREFUSED', 'offline'],
    ['EAI_AGAIN', 'offline'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'offline'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'offline'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'offline'],
    ['ERR_PROXY_TUNNEL', 'offline'],
    ['CERT_NOT_YET_VALID', 'clock'],
    ['CERT_HAS_EXPIRED', 'clock'],
  ] as const)('%s is %s', (code, kind) => {
    expect(awsFailure(coded(code), call)?.kind).toBe(kind);
  });

  it('is not said of bugs', () => {
    for (const bug of [
      new TypeError('x'),
      new RangeError('x'),
      new SyntaxError('x'),
      coded('ERR_INVALID_ARG_TYPE'),
      'x',
    ]) {
      expect(awsFailure(bug, call)).toBeUndefined();
    }
  });
});
