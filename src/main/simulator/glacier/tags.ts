/** AddTagsToVault, RemoveTagsFromVault, ListTagsForVault. */
import { z } from 'zod';
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { badValue, limitExceeded, missing } from './errors.ts';
import { type Call, vaultOf } from './glacier.ts';
import { readJson } from './requestBody.ts';
import { changeSettings } from './settings.ts';

const MOST_TAGS = 50;
const MOST_PER_REQUEST = 10;
const MOST_KEY_CHARACTERS = 128;
const MOST_VALUE_CHARACTERS = 255;

const addRequest = z.object({ Tags: z.record(z.string(), z.string()).nullish() });
const removeRequest = z.object({ TagKeys: z.array(z.string()).nullish() });

/** Overwrites tags that are there already. */
export async function addTagsToVault(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  const { Tags } = readJson(call.body, addRequest, 'tags');
  if (!Tags) throw missing('Tags');
  checkCount(Object.keys(Tags).length);
  for (const [key, value] of Object.entries(Tags)) checkTag(key, value);
  const tags = { ...vault.settings.tags, ...Tags };
  if (Object.keys(tags).length > MOST_TAGS) throw limitExceeded(`A vault has at most ${MOST_TAGS} tags.`);
  await changeSettings(call, vault, { tags });
  return emptyReply(204);
}

/** Keys that are not there are as good as removed. */
export async function removeTagsFromVault(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  const { TagKeys } = readJson(call.body, removeRequest, 'tag keys');
  if (!TagKeys) throw missing('TagKeys');
  checkCount(TagKeys.length);
  for (const key of TagKeys) checkKey(key);
  const left = Object.entries(vault.settings.tags).filter(([key]) => !TagKeys.includes(key));
  await changeSettings(call, vault, { tags: Object.fromEntries(left) });
  return emptyReply(204);
}

export function listTagsForVault(call: Call): Reply {
  return jsonReply(200, { Tags: vaultOf(call).settings.tags });
}

function checkCount(count: number): void {
  if (count < 1 || count > MOST_PER_REQUEST)
    throw badValue(`A request names 1 to ${MOST_PER_REQUEST} tags, not ${count}.`);
}

function checkTag(key: string, value: string): void {
  checkKey(key);
  if (key.toLowerCase().startsWith('aws:'))
    throw badValue(`Invalid tag key: ${key}. The prefix aws: is reserved.`);
  if (!isTagText(value, 0, MOST_VALUE_CHARACTERS)) throw badValue(`Invalid tag value: ${value}`);
}

function checkKey(key: string): void {
  if (!isTagText(key, 1, MOST_KEY_CHARACTERS)) throw badValue(`Invalid tag key: ${key}`);
}

function isTagText(text: string, least: number, most: number): boolean {
  const characters = Array.from(text).length;
  // A letter may be written with marks of its own.
  return characters >= least && characters <= most && /^[\p{L}\p{M}\p{N}\p{Zs}_./=+@-]*$/u.test(text);
}
