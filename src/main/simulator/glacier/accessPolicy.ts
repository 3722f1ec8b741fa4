/** SetVaultAccessPolicy, GetVaultAccessPolicy, DeleteVaultAccessPolicy. What it does: permission.ts. */
import { z } from 'zod';
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { badValue, missing, notFound } from './errors.ts';
import { type Call, vaultOf } from './glacier.ts';
import { readPolicy } from './policy/document.ts';
import { readJson } from './requestBody.ts';
import { changeSettings } from './settings.ts';

const request = z.object({ Policy: z.string().nullish() });

export async function setVaultAccessPolicy(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  await changeSettings(call, vault, { accessPolicy: policyIn(call.body, 'access') });
  return emptyReply(204);
}

export function getVaultAccessPolicy(call: Call): Reply {
  const { record, settings } = vaultOf(call);
  if (settings.accessPolicy === null) throw notFound(`No vault access policy is set for: ${record.name}`);
  return jsonReply(200, { Policy: settings.accessPolicy });
}

export async function deleteVaultAccessPolicy(call: Call): Promise<Reply> {
  await changeSettings(call, vaultOf(call), { accessPolicy: null });
  return emptyReply(204);
}

/** The policy's text in a request, once it has proved to be one. @throws ServiceError 400 */
export function policyIn(body: Buffer, kind: 'access' | 'lock'): string {
  const { Policy: text } = readJson(body, request, `a vault ${kind} policy`);
  if (!text) throw missing('Policy');
  const policy = readPolicy(text);
  if (!('reason' in policy)) return text;
  const why = policy.reason === null ? '' : ` ${policy.reason}`;
  throw badValue(`The specified vault ${kind} policy is invalid. Provide a valid policy.${why}`);
}
