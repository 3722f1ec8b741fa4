/** What stands where an answer will be: nothing for a moment, then a word; the failure with a way to ask again. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from './controls.tsx';
import { Trouble } from './Trouble.tsx';

export function Answered<T>({
  answer,
  children,
}: {
  answer: UseQueryResult<T>;
  children: (value: T) => ReactNode;
}) {
  // What was known stays on show: that the engine is gone is said once, at the top of the window.
  if (answer.data !== undefined) return children(answer.data);
  if (answer.error !== null) {
    return (
      <Trouble failure={answer.error.failure}>
        <Button onPress={() => void answer.refetch()}>Try again</Button>
      </Trouble>
    );
  }
  return <p className="waiting muted">Reading…</p>;
}
