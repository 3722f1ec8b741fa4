import { expect, it } from 'vitest';
import { inputs } from '../../../src/shared/contract.ts';
import {
  emptyTargetDraft,
  isTargetDraftComplete,
  targetInput,
  withKind,
} from '../../../src/renderer/vaults/targetDraft.ts';

const filled = {
  path: '/mnt/disk ',
  vault: ' photos',
  region: 'eu-central-1',
  awsProfile: ' ',
  create: true,
};

it.each(['practice', 'folder', 'vault'] as const)('a complete %s is what the engine takes', (kind) => {
  const draft = { ...emptyTargetDraft(kind), ...filled };
  expect(isTargetDraftComplete(draft)).toBe(true);
  const parsed = inputs['targets:add'].parse(targetInput(draft));
  expect(parsed.settings.kind).toBe(kind);
});

it('asks for what its kind needs', () => {
  expect(isTargetDraftComplete(emptyTargetDraft('practice'))).toBe(true);
  expect(isTargetDraftComplete(emptyTargetDraft('folder'))).toBe(false);
  expect(isTargetDraftComplete(emptyTargetDraft('vault'))).toBe(false);
  expect(isTargetDraftComplete({ ...emptyTargetDraft('practice'), name: ' ' })).toBe(false);
});

it('sends no profile where none is named', () => {
  const draft = { ...emptyTargetDraft('vault'), ...filled };
  expect(targetInput(draft).settings).not.toHaveProperty('awsProfile');
  expect(targetInput({ ...draft, awsProfile: 'home' }).settings).toHaveProperty('awsProfile', 'home');
});

it('changes a suggested name with the kind, and leaves a chosen one', () => {
  expect(withKind(emptyTargetDraft('practice'), 'folder').name).toBe('Disk');
  expect(withKind({ ...emptyTargetDraft('practice'), name: 'Mine' }, 'folder').name).toBe('Mine');
});
