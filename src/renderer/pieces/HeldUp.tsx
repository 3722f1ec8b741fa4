/** Work that goes on by itself as soon as the target answers again: said calmly, with the reason. */
export function HeldUp({ by }: { by: string | null }) {
  return (
    <div role="status" className="muted">
      {by !== null && `Waiting, and trying again. ${by}`}
    </div>
  );
}
