import { Button, Field } from '../pieces/controls.tsx';
import { CloseIcon } from '../pieces/icons.tsx';

/** One line per folder; the host decides whether it exists. */
export function FolderFields({
  folders,
  onChange,
}: {
  folders: readonly string[];
  onChange: (folders: readonly string[]) => void;
}) {
  const set = (at: number, folder: string): void =>
    onChange(folders.map((old, i) => (i === at ? folder : old)));
  return (
    <div className="folders">
      {folders.map((folder, at) => (
        <div className="folder-line" key={at}>
          <Field
            label={at === 0 ? 'Folder' : `Folder ${at + 1}`}
            placeholder="/home/ada/Documents"
            value={folder}
            onChange={(text) => set(at, text)}
            {...(at === 0 ? { hint: 'The full path. Everything in it is backed up.' } : {})}
          />
          {folders.length > 1 && (
            <Button
              kind="quiet"
              aria-label={`Remove folder ${at + 1}`}
              onPress={() => onChange(folders.filter((_, i) => i !== at))}
            >
              <CloseIcon />
            </Button>
          )}
        </div>
      ))}
      <Button kind="quiet" onPress={() => onChange([...folders, ''])}>
        Add another folder
      </Button>
    </div>
  );
}
