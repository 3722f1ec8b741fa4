/** Buttons and fields with the app's look. Behaviour and accessibility are React Aria's. */
import { useState } from 'react';
import type { ReactNode } from 'react';
import {
  Button as AriaButton,
  CheckboxButton,
  CheckboxField,
  FieldError,
  Input,
  Label,
  RadioButton,
  RadioField,
  Text,
  TextArea,
  TextField,
} from 'react-aria-components';
import type { ButtonProps, CheckboxFieldProps, TextFieldProps } from 'react-aria-components';

type Kind = 'primary' | 'plain' | 'quiet' | 'danger';

export function Button({ kind = 'plain', ...rest }: Omit<ButtonProps, 'className'> & { kind?: Kind }) {
  return <AriaButton {...rest} className={`button ${kind}`} />;
}

interface FieldProps extends Omit<TextFieldProps, 'className' | 'children'> {
  readonly label: string;
  /** Stands under the field for good; says what is expected. */
  readonly hint?: ReactNode;
  readonly placeholder?: string;
  readonly lines?: number;
}

export function Field({ label, hint, placeholder, lines, ...rest }: FieldProps) {
  return (
    <TextField {...rest} className="field">
      <Label>{label}</Label>
      {lines === undefined ? (
        <Input spellCheck={false} {...(placeholder === undefined ? {} : { placeholder })} />
      ) : (
        <TextArea spellCheck={false} rows={lines} {...(placeholder === undefined ? {} : { placeholder })} />
      )}
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error" />
    </TextField>
  );
}

/** A passphrase, hidden until the person asks to see it. */
export function SecretField({ label, hint, ...rest }: Omit<FieldProps, 'type' | 'lines' | 'placeholder'>) {
  const [isShown, setShown] = useState(false);
  return (
    <TextField {...rest} className="field" type={isShown ? 'text' : 'password'}>
      <Label>{label}</Label>
      <div className="secret">
        <Input spellCheck={false} autoCapitalize="off" />
        <AriaButton
          className="button quiet"
          aria-label={isShown ? `Hide ${label.toLowerCase()}` : `Show ${label.toLowerCase()}`}
          onPress={() => setShown(!isShown)}
        >
          {isShown ? 'Hide' : 'Show'}
        </AriaButton>
      </div>
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error" />
    </TextField>
  );
}

export function Checkbox({
  children,
  ...rest
}: Omit<CheckboxFieldProps, 'className' | 'children'> & { children?: ReactNode }) {
  return (
    <CheckboxField {...rest} className="checkbox-field">
      <CheckboxButton className="checkbox">
        <span className="checkbox-box" aria-hidden="true">
          <svg viewBox="0 0 16 16" width="16" height="16">
            <path className="checkbox-tick" d="m3.6 8.4 3 3 5.8-6.6" />
            <path className="checkbox-part" d="M4 8h8" />
          </svg>
        </span>
        {children}
      </CheckboxButton>
    </CheckboxField>
  );
}

/** One of several, as a line that can be pressed anywhere. */
export function Choice({ value, children }: { value: string; children: ReactNode }) {
  return (
    <RadioField value={value}>
      <RadioButton className="choice">{children}</RadioButton>
    </RadioField>
  );
}
