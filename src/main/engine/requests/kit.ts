/** The recovery kit: the page, saved or printed, and the proof that somebody has it. */
import { hostname } from 'node:os';
import type { Routes } from '../../../shared/contract.ts';
import { listPacks } from '../catalog/packs.ts';
import { listTargets, type TargetRow } from '../catalog/targets.ts';
import { randomBytes } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import { kitBlocks, kitText, type KitFacts, type KitPlace } from '../keys/kit.ts';
import { kitPdf } from '../keys/kitPdf.ts';
import { CODE_GROUPS } from '../keys/recoveryCode.ts';
import { placeOf } from '../target/openTarget.ts';
import type { EngineContext } from './context.ts';
import { setKitProven, tellProfile } from './profileStatus.ts';
import { checkNewFile, writeNew } from './newFile.ts';

type KitRoutes = Pick<Routes, 'kit:page' | 'kit:save' | 'kit:challenge' | 'kit:prove'>;

/** Groups of the code that have to be typed. */
const ASKED_GROUPS = 3;

export function kitRoutes(context: EngineContext): KitRoutes {
  const { keys, profile } = context;
  let asked: readonly number[] = [];
  return {
    'kit:page': async () => {
      const facts = await kitFacts(context);
      return { blocks: kitBlocks(facts), text: kitText(facts) };
    },
    'kit:save': async ({ to, format, paper }) => {
      checkNewFile(to, profile.root);
      const facts = await kitFacts(context);
      const content = format === 'pdf' ? await kitPdf(kitBlocks(facts), paper) : kitText(facts);
      await writeNew(to, [content]);
      return null;
    },
    'kit:challenge': () => {
      keys.recoveryCode();
      asked = chooseGroups();
      return Promise.resolve({ groups: asked });
    },
    'kit:prove': async ({ typed }) => {
      if (asked.length === 0) {
        throw new EngineError(
          'invalid',
          'Nothing was asked of the kit yet.',
          'Ask first which groups to type.',
        );
      }
      for (const group of asked) {
        const answer = typed.find((one) => one.group === group)?.text ?? '';
        if (!keys.isCodeGroup(group, answer)) throw notOnPage(group);
      }
      asked = [];
      await setKitProven(context, true);
      return tellProfile(context);
    },
  };
}

async function kitFacts({ catalog, keys, writer }: EngineContext): Promise<KitFacts> {
  const places: KitPlace[] = [];
  for (const target of await listTargets(catalog)) {
    const copies = await listPacks(catalog, { target: target.id, kind: 'catalog', states: ['stored'] });
    places.push({
      name: target.name,
      place: placeOf(target.settings),
      options: optionsOf(target),
      copy: target.settings.kind === 'vault' ? (copies.at(-1)?.archiveId ?? null) : null,
    });
  }
  return {
    madeAt: new Date(),
    host: hostname(),
    writer: writer.toString('hex'),
    code: keys.recoveryCode(),
    slots: keys.codeSlots(),
    places,
  };
}

/** As `permafrost recover` takes them. */
function optionsOf({ settings }: TargetRow): string {
  switch (settings.kind) {
    case 'folder':
      return `folder --path ${quoted(settings.path)}`;
    case 'vault': {
      const endpoint = settings.endpoint === undefined ? '' : ` --endpoint ${quoted(settings.endpoint)}`;
      return `vault --vault ${quoted(settings.vault)} --region ${settings.region}${endpoint}`;
    }
    case 'practice':
      return 'folder --path PRACTICE (a practice vault lives in its profile alone and is gone with it)';
  }
}

/** As a shell takes it; plain names stay plain. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function chooseGroups(): readonly number[] {
  const groups = new Set<number>();
  while (groups.size < ASKED_GROUPS) groups.add(1 + ((randomBytes(1)[0] ?? 0) % CODE_GROUPS));
  return [...groups].sort((a, b) => a - b);
}

function notOnPage(group: number): EngineError {
  return new EngineError(
    'invalid',
    `Group ${group} is another one on the page.`,
    'Type it as it stands there, and see that the page is the newest one.',
  );
}
