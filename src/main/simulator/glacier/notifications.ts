/** SetVaultNotifications, GetVaultNotifications, DeleteVaultNotifications. What is sent: publishing.ts. */
import { z } from 'zod';
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { badValue, missing, notFound } from './errors.ts';
import { type Call, vaultArn, vaultOf } from './glacier.ts';
import { type JobEvent, jobEvents } from './records.ts';
import { readJson } from './requestBody.ts';
import { changeSettings } from './settings.ts';

const request = z.object({ SNSTopic: z.string().nullish(), Events: z.array(z.string()).nullish() });

/** Whether the topic exists and takes messages of the vault is not asked, here as in the real service. */
export async function setVaultNotifications(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  const { SNSTopic, Events } = readJson(call.body, request, 'a notification configuration');
  const topic = checkedTopic(SNSTopic);
  if (topic === null) throw missing('SNSTopic');
  if (!Events || Events.length === 0) throw missing('Events');
  const events = [...new Set(Events.map(checkedEvent))];
  await changeSettings(call, vault, { notifications: { topic, events } });
  return emptyReply(204);
}

export function getVaultNotifications(call: Call): Reply {
  const { record, settings } = vaultOf(call);
  if (settings.notifications === null)
    throw notFound(`No notification configuration is set for vault: ${vaultArn(call.glacier, record.name)}`);
  const { topic, events } = settings.notifications;
  return jsonReply(200, { SNSTopic: topic, Events: events });
}

export async function deleteVaultNotifications(call: Call): Promise<Reply> {
  await changeSettings(call, vaultOf(call), { notifications: null });
  return emptyReply(204);
}

/** The topic's ARN, or null if none is given. @throws ServiceError 400 */
export function checkedTopic(topic: string | null | undefined): string | null {
  if (!topic) return null;
  if (!topic.startsWith('arn:')) throw badValue(`Invalid SNS topic ARN: ${topic}`);
  return topic;
}

function checkedEvent(name: string): JobEvent {
  const event = jobEvents.find((known) => known === name);
  if (event === undefined) throw badValue(`Invalid notification event: ${name}`);
  return event;
}
