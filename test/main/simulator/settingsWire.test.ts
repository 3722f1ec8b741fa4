/** What is set on vaults and accounts, as it goes over the wire: signed by hand, read without an SDK. */
import { describe, expect, it } from 'vitest';
import { beginUpload, type Practice, practice, signed } from './practice.ts';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** `place` starts at the vault, or at the account with a slash. */
async function send(p: Practice, method: string, place: string, body = ''): Promise<Answer> {
  const path = place.startsWith('/')
    ? `/-${place}`
    : `/-/vaults/${p.vaultName}${place === '' ? '' : `/${place}`}`;
  const plain = { method, path, body, headers: { 'x-amz-glacier-version': '2012-06-01' } };
  const { host: _, ...headers } = signed(p.simulator, plain).headers ?? {};
  const answer = await fetch(`${p.simulator.url}${path}`, { method, headers, ...(body !== '' && { body }) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const codeOf = ({ status, text }: Answer): unknown => [status, (JSON.parse(text) as { code: unknown }).code];

const policy = JSON.stringify({
  Policy: JSON.stringify({
    Statement: [{ Effect: 'Deny', Principal: '*', Action: 'glacier:DeleteVault', Resource: '*' }],
  }),
});
const topic = 'arn:aws:sns:us-east-1:111122223333:t';
const config = `{"SNSTopic":"${topic}","Events":["ArchiveRetrievalCompleted"]}`;

describe('what was set is answered', () => {
  it.each([
    ['notification-configuration', config],
    ['access-policy', policy],
  ])('as the bare object: %s', async (place, body) => {
    const p = await practice();
    const set = await send(p, 'PUT', place, body);
    expect([set.status, set.text, set.headers.get('content-length')]).toEqual([204, '', null]);
    const got = await send(p, 'GET', place);
    expect([got.status, got.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(JSON.parse(got.text)).toEqual(JSON.parse(body));
    expect((await send(p, 'DELETE', place)).status).toBe(204);
    expect(codeOf(await send(p, 'GET', place))).toEqual([404, 'ResourceNotFoundException']);
  });

  it('with a null where a field does not apply', async () => {
    const p = await practice();
    const rules = await send(p, 'GET', '/policies/data-retrieval');
    expect(JSON.parse(rules.text)).toEqual({ Policy: { Rules: [{ Strategy: 'None', BytesPerHour: null }] } });
    const begun = await send(p, 'POST', 'lock-policy', policy);
    expect([begun.status, begun.text]).toEqual([201, '']);
    const lockId = begun.headers.get('x-amz-lock-id') ?? '';
    expect((await send(p, 'POST', `lock-policy/${lockId}`)).status).toBe(204);
    expect(JSON.parse((await send(p, 'GET', 'lock-policy')).text)).toMatchObject({
      State: 'Locked',
      ExpirationDate: null,
      ...(JSON.parse(policy) as object),
    });
  });

  it('empty where there is nothing', async () => {
    const p = await practice();
    expect((await send(p, 'GET', 'tags')).text).toBe('{"Tags":{}}');
    expect((await send(p, 'GET', '/provisioned-capacity')).text).toBe('{"ProvisionedCapacityList":[]}');
  });

  it('with the id of bought capacity in a header', async () => {
    const p = await practice();
    const bought = await send(p, 'POST', '/provisioned-capacity');
    expect([bought.status, bought.text]).toEqual([201, '']);
    expect(bought.headers.get('x-amz-capacity-id')).toMatch(/^[\w-]{24}$/);
  });
});

describe('a body', () => {
  const places: [string, string][] = [
    ['PUT', 'notification-configuration'],
    ['PUT', 'access-policy'],
    ['POST', 'lock-policy'],
    ['POST', 'tags?operation=add'],
    ['POST', 'tags?operation=remove'],
    ['PUT', '/policies/data-retrieval'],
  ];

  it.each(places)('that is missing is told by what it lacks: %s %s', async (method, place) => {
    const p = await practice();
    for (const body of ['', '{}']) {
      expect(codeOf(await send(p, method, place, body))).toEqual([400, 'MissingParameterValueException']);
    }
  });

  it.each(places)('that is no JSON, or of other types, is told apart: %s %s', async (method, place) => {
    const p = await practice();
    const wrong = ['{', '[]', '{"SNSTopic":1,"Policy":1,"Tags":1,"TagKeys":1}'];
    for (const body of wrong) {
      expect(codeOf(await send(p, method, place, body))).toEqual([400, 'SerializationException']);
    }
  });
});

describe('a path', () => {
  it.each([
    ['PUT', 'lock-policy'],
    ['POST', 'tags'],
    ['POST', 'tags?operation=replace'],
    ['GET', 'notification-policy'],
    ['GET', '/priority-capacity'],
  ])('that stands only in old examples is none: %s %s', async (method, place) => {
    const p = await practice();
    expect(codeOf(await send(p, method, place))).toEqual([404, 'UnknownOperationException']);
  });
});

describe('a list', () => {
  it.each(['/vaults', 'jobs', 'multipart-uploads', 'parts'])(
    'of %s refuses a limit that is none and cuts down one that is too big',
    async (list) => {
      const p = await practice();
      const place = list === 'parts' ? `multipart-uploads/${await beginUpload(p)}` : list;
      for (const limit of ['', '0', '-1', 'ten', '1.5']) {
        const refused = await send(p, 'GET', `${place}?limit=${limit}`);
        expect(codeOf(refused)).toEqual([400, 'InvalidParameterValueException']);
      }
      const answer = await send(p, 'GET', `${place}?limit=100000`);
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toHaveProperty('Marker', null);
    },
  );
});
