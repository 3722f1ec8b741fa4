/** A vault as it is being described in a form: everything is text until it is sent. */
import type { RequestInput } from '../../shared/contract.ts';
import type { TargetKind } from '../../shared/types.ts';

export interface TargetDraft {
  readonly kind: TargetKind;
  readonly name: string;
  readonly path: string;
  readonly vault: string;
  readonly region: string;
  readonly awsProfile: string;
  readonly create: boolean;
}

const suggestedNames: Readonly<Record<TargetKind, string>> = {
  practice: 'Practice',
  folder: 'Disk',
  vault: 'Glacier',
};

export function emptyTargetDraft(kind: TargetKind): TargetDraft {
  return { kind, name: suggestedNames[kind], path: '', vault: '', region: '', awsProfile: '', create: false };
}

/** The same draft as another kind; a name that was only suggested changes with it. */
export function withKind(draft: TargetDraft, kind: TargetKind): TargetDraft {
  return {
    ...draft,
    kind,
    name: draft.name === suggestedNames[draft.kind] ? suggestedNames[kind] : draft.name,
  };
}

export function isTargetDraftComplete(draft: TargetDraft): boolean {
  if (draft.name.trim() === '') return false;
  switch (draft.kind) {
    case 'practice':
      return true;
    case 'folder':
      return draft.path.trim() !== '';
    case 'vault':
      return draft.vault.trim() !== '' && draft.region.trim() !== '';
  }
}

export function targetInput(draft: TargetDraft): RequestInput<'targets:add'> {
  const name = draft.name.trim();
  switch (draft.kind) {
    case 'practice':
      return { name, settings: { kind: 'practice' } };
    case 'folder':
      return { name, settings: { kind: 'folder', path: draft.path.trim(), create: draft.create } };
    case 'vault': {
      const awsProfile = draft.awsProfile.trim();
      const settings = {
        kind: 'vault',
        vault: draft.vault.trim(),
        region: draft.region.trim(),
        create: draft.create,
      } as const;
      return { name, settings: awsProfile === '' ? settings : { ...settings, awsProfile } };
    }
  }
}
