/** The first start: a passphrase, without which nothing can be sealed. What to back up is asked on Home, next. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useAct } from '../engine.tsx';
import { Button, Checkbox, SecretField } from '../pieces/controls.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

export function FirstRun() {
  const init = useAct('profile:init');
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [remember, setRemember] = useState(false);
  const isSame = passphrase === again;
  return (
    <main className="door">
      <div className="door-words">
        <h1>Your folders, kept in cold storage.</h1>
        <p>
          Everything is encrypted on this computer before it leaves it. The passphrase is the only way back to
          your files: nobody can read them without it, and nobody can reset it.
        </p>
      </div>
      <Form
        className="door-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (passphrase !== '' && isSame) init.mutate({ passphrase, remember });
        }}
      >
        <SecretField
          label="Passphrase"
          hint="At least 8 characters. A few words that do not belong together do well."
          autoComplete="new-password"
          value={passphrase}
          onChange={setPassphrase}
          isRequired
          autoFocus
        />
        <SecretField
          label="Passphrase again"
          autoComplete="new-password"
          value={again}
          onChange={setAgain}
          isRequired
          isInvalid={again !== '' && !passphrase.startsWith(again) && !isSame}
          {...(again !== '' && !isSame ? { hint: 'The two are not the same yet.' } : {})}
        />
        <Checkbox isSelected={remember} onChange={setRemember}>
          Keep it in this computer’s keychain, so that it is not asked for at each start
        </Checkbox>
        {init.error !== null && <Trouble failure={init.error.failure} />}
        <div className="actions">
          <Button kind="primary" type="submit" isDisabled={passphrase === '' || !isSame || init.isPending}>
            {init.isPending ? 'Making your keys…' : 'Set passphrase'}
          </Button>
        </div>
      </Form>
    </main>
  );
}
