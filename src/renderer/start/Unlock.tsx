import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useAct } from '../engine.tsx';
import { Button, SecretField } from '../pieces/controls.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

export function Unlock() {
  const unlock = useAct('profile:unlock');
  const [passphrase, setPassphrase] = useState('');
  return (
    <main className="door">
      <div className="door-words">
        <h1>Permafrost is locked.</h1>
        <p>Nothing can be packed or opened without your passphrase. What is stored is safe.</p>
      </div>
      <Form
        className="door-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (passphrase !== '') unlock.mutate({ passphrase });
        }}
      >
        <SecretField
          label="Passphrase"
          autoComplete="current-password"
          value={passphrase}
          onChange={setPassphrase}
          isRequired
          autoFocus
        />
        {unlock.error !== null && <Trouble failure={unlock.error.failure} />}
        <div className="actions">
          <Button kind="primary" type="submit" isDisabled={passphrase === '' || unlock.isPending}>
            {unlock.isPending ? 'Unlocking…' : 'Unlock'}
          </Button>
        </div>
      </Form>
    </main>
  );
}
