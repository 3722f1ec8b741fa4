/**
 * Whether a vault's access policy and lock policy let a request pass.
 *
 * The caller is the account that owns the vault: it may do what no policy denies it, so only a Deny has an effect.
 */
import { denied, type ServiceError } from './errors.ts';
import { type Call, type Glacier, rootArn, vaultArn } from './glacier.ts';
import { isoMillis } from './identifiers.ts';
import { decide, type PolicyRequest } from './policy/decide.ts';
import { type Policy, readPolicy } from './policy/document.ts';
import type { Vault, VaultSettings } from './records.ts';
import { lockAt } from './vaultLock.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** @throws ServiceError 403 if a policy of the vault the path names denies `operation` */
export function checkPolicies(call: Call, operation: string): void {
  const { vault: name = '' } = call.params;
  const vault = call.glacier.store.state.vaults.get(name);
  if (vault === undefined) return;
  const policies = policiesOf(vault, call.glacier.clock.serviceNow());
  if (policies.length === 0) return;
  const request = policyRequest(call, vault, operation);
  if (policies.some((policy) => decide(policy, request) === 'deny'))
    throw notAuthorized(call.glacier, operation, name);
}

/** The refusal of `operation` on a vault, or on any if none is named. */
export function notAuthorized(glacier: Glacier, operation: string, vault = '*'): ServiceError {
  return denied(
    `User: ${rootArn(glacier)} is not authorized to perform: glacier:${operation} on resource: ${vaultArn(glacier, vault)}`,
  );
}

const read = new WeakMap<VaultSettings, { readonly access: Policy | null; readonly lock: Policy | null }>();

/** The policies that act at `now`; each text is read once. */
function policiesOf(vault: Vault, now: number): Policy[] {
  const { settings } = vault;
  if (settings.accessPolicy === null && settings.lock === null) return [];
  const known = read.get(settings) ?? {
    access: policyOf(settings.accessPolicy),
    lock: policyOf(settings.lock?.policy ?? null),
  };
  read.set(settings, known);
  return [known.access, lockAt(vault, now) === null ? null : known.lock].filter((policy) => policy !== null);
}

function policyOf(text: string | null): Policy | null {
  if (text === null) return null;
  const policy = readPolicy(text);
  if ('reason' in policy) throw new Error('A policy that was set cannot be read any more.');
  return policy;
}

function policyRequest(call: Call, vault: Vault, operation: string): PolicyRequest {
  const { glacier } = call;
  const now = glacier.clock.serviceNow();
  const archive = vault.archives.get(call.params['archive'] ?? archiveIn(call, operation) ?? '');
  const context = new Map<string, readonly string[]>([
    ['aws:currenttime', [isoMillis(now)]],
    ['aws:epochtime', [String(Math.floor(now / 1000))]],
    ['aws:securetransport', ['false']],
    ['aws:principalaccount', [glacier.accountId]],
    ['aws:principalarn', [rootArn(glacier)]],
    ...tagValues(vault),
  ]);
  if (archive?.deletedAt === null)
    context.set('glacier:archiveageindays', [String(Math.floor((now - archive.createdAt) / DAY_MS))]);
  return {
    principals: [glacier.accountId, rootArn(glacier)],
    action: `glacier:${operation}`,
    resource: vaultArn(glacier, vault.record.name),
    context,
  };
}

/** By condition key: of tags that differ only in case all count, lest a second one undo what the first denies. */
function tagValues({ settings: { tags } }: Vault): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of Object.entries(tags)) {
    const key = `glacier:resourcetag/${name.toLowerCase()}`;
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
}

/** The archive a job is asked for; whether the request makes sense is judged later. */
function archiveIn({ body }: Call, operation: string): string | null {
  if (operation !== 'InitiateJob') return null;
  try {
    const request: unknown = JSON.parse(body.toString());
    const id =
      typeof request === 'object' && request !== null && 'ArchiveId' in request ? request.ArchiveId : null;
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
