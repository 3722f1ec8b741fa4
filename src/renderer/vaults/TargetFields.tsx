import { Label, RadioGroup } from 'react-aria-components';
import type { TargetKind } from '../../shared/types.ts';
import { Checkbox, Choice, Field } from '../pieces/controls.tsx';
import { withKind } from './targetDraft.ts';
import type { TargetDraft } from './targetDraft.ts';

const kinds: readonly { readonly kind: TargetKind; readonly word: string; readonly says: string }[] = [
  {
    kind: 'practice',
    word: 'Practice vault',
    says: 'On this computer, free. Shows how a vault works; protects nothing.',
  },
  { kind: 'folder', word: 'Folder', says: 'An external disk or a network drive. Files come back at once.' },
  {
    kind: 'vault',
    word: 'Amazon Glacier vault',
    says: 'Needs an account that already has vaults: new ones are refused since December 2025.',
  },
];

export function TargetFields({
  draft,
  onChange,
}: {
  draft: TargetDraft;
  onChange: (draft: TargetDraft) => void;
}) {
  return (
    <>
      <RadioGroup
        className="choices"
        value={draft.kind}
        onChange={(kind) => onChange(withKind(draft, kind as TargetKind))}
      >
        <Label>Where to</Label>
        {kinds.map(({ kind, word, says }) => (
          <Choice key={kind} value={kind}>
            <span className="choice-word">{word}</span>
            <span className="muted">{says}</span>
          </Choice>
        ))}
      </RadioGroup>
      {draft.kind === 'folder' && <FolderTarget draft={draft} onChange={onChange} />}
      {draft.kind === 'vault' && <VaultTarget draft={draft} onChange={onChange} />}
      {draft.kind !== 'practice' && (
        <Field
          label="Call it"
          value={draft.name}
          onChange={(name) => onChange({ ...draft, name })}
          maxLength={100}
        />
      )}
    </>
  );
}

function FolderTarget({ draft, onChange }: { draft: TargetDraft; onChange: (draft: TargetDraft) => void }) {
  return (
    <>
      <Field
        label="Folder for the archives"
        placeholder="/mnt/disk/permafrost"
        value={draft.path}
        onChange={(path) => onChange({ ...draft, path })}
      />
      <Checkbox isSelected={draft.create} onChange={(create) => onChange({ ...draft, create })}>
        Make it if it is not there
      </Checkbox>
    </>
  );
}

function VaultTarget({ draft, onChange }: { draft: TargetDraft; onChange: (draft: TargetDraft) => void }) {
  return (
    <>
      <Field
        label="Vault"
        placeholder="photos"
        value={draft.vault}
        onChange={(vault) => onChange({ ...draft, vault })}
      />
      <Field
        label="Region"
        placeholder="eu-central-1"
        value={draft.region}
        onChange={(region) => onChange({ ...draft, region })}
      />
      <Field
        label="AWS profile"
        hint="Empty: the one your AWS settings choose."
        value={draft.awsProfile}
        onChange={(awsProfile) => onChange({ ...draft, awsProfile })}
      />
      <Checkbox isSelected={draft.create} onChange={(create) => onChange({ ...draft, create })}>
        Make the vault if it is not there
      </Checkbox>
    </>
  );
}
